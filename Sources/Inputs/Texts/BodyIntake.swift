package import Events

/// The bodies of requests to an http source from this machine; without the headers and parameters that a request may have
/// beside it.
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

    package var unseen: String? {
        let names = [(options.addsHeaders, "add_http_headers"), (options.addsQuery, "add_query_params")]
            .filter(\.0).map(\.1).joined(separator: " and ")
        return names.isEmpty
            ? nil : "a body alone has no headers and no parameters: fields of \(names) are not seen here"
    }

    /// Whoever sends a tried body does it from this machine.
    private static let sender = "127.0.0.1"

    package func take(_ text: [UInt8], _ handOn: (Tag, inout ByteBuffer, inout Rows) -> Void) -> [String] {
        guard text.count <= options.bodyBytes else {
            return ["a body of more than \(options.bodyBytes) bytes is refused"]
        }
        storage.clear()
        rows.clear()
        storage.append(text)
        do throws(HTTPRefusal) {
            let body = Slice(offset: 0, length: text.count)
            try reader.read(body: body, from: Self.sender, storage: &storage, rows: &rows)
        } catch {
            if options.parser == nil, let first = text.first, (0x80...0x9F).contains(first) {
                return ["a body of MessagePack is no text; try its events as JSON"]
            }
            return [error.message]
        }
        if !rows.records.isEmpty { handOn(tag, &storage, &rows) }
        return []
    }
}
