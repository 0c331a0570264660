package import Events

extension RecordFormat {
    /// Appends a record for people to look at: one line, of which a terminal obeys nothing.
    package mutating func appendShown(
        _ record: Record, tag: Tag, _ injection: inout Injection?, _ rows: inout Rows, _ storage: inout ByteBuffer,
        to out: inout ByteBuffer
    ) {
        // Time and tag in front of it are safe already.
        let content = appendInjected(record, tag: tag, &injection, &rows, &storage, to: &out)
        switch self.content {
        case .json, .hash, .outFile, .stdout: out.makeSafe(from: content)
        case .ltsv, .csv, .tsv, .singleValue: out.makeSafe(from: content) { $0 == 0x09 ? "\t" : " " }
        case .msgpack: break
        }
        appendNewline(to: &out)
    }

    /// Appends a record with what is injected, without the end of its line; answers where the record itself begins.
    /// Storage and fields are as they were afterwards.
    mutating func appendInjected(
        _ record: Record, tag: Tag, _ injection: inout Injection?, _ rows: inout Rows, _ storage: inout ByteBuffer,
        to out: inout ByteBuffer
    ) -> Int {
        if injection == nil { return appendBody(record, tag: tag, rows, storage, to: &out) }
        let (bytes, fields) = (storage.count, rows.fields.count)
        let made = injection?.apply(to: record, tag: tag, &storage, &rows) ?? record
        let start = appendBody(made, tag: tag, rows, storage, to: &out)
        storage.truncate(to: bytes)
        rows.fields.truncate(to: fields)
        return start
    }
}
