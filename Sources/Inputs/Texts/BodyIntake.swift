package import Events

/// The bodies of requests to an http source; without the headers and parameters that a request may have beside it.
package final class BodyIntake: TextIntake {
    private var reader: HTTPEventReader
    private let options: HTTPOptions
    private let tag: Tag
    private var storage = ByteBuffer(capacity: 4096)
    private var rows = Rows(fieldCapacity: 64)

    /// - Parameter tag: what the request's path names.
    package init(_ options: HTTPOptions, tag: String) {
        reader = HTTPEventReader(options)
        self.options = options
        self.tag = Tag((options.tagPrefix.map { "\($0)." } ?? "") + tag)
    }

    package func take(_ text: [UInt8], _ handOn: (Tag, inout ByteBuffer, inout Rows) -> Void) -> [String] {
        guard text.count <= options.bodyBytes else {
            return ["a body of more than \(options.bodyBytes) bytes is refused"]
        }
        storage.clear()
        rows.clear()
        storage.append(text)
        do throws(HTTPRefusal) {
            try reader.read(body: Slice(offset: 0, length: text.count), storage: &storage, rows: &rows)
        } catch {
            return [error.message]
        }
        if !rows.records.isEmpty { handOn(tag, &storage, &rows) }
        return []
    }
}
