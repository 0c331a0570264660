internal import EventLoop
internal import Events
internal import HTTPServer

/// `add_http_headers`, `add_query_params` and `add_remote_addr`: what a request says beside its body, in each of its records,
/// over fields of the same names.
struct HTTPAddedFields: Sendable {
    private let options: HTTPOptions

    init(_ options: HTTPOptions) { self.options = options }

    /// To the records of a request.
    func add(
        _ exchange: HTTPExchange, _ target: HTTPTarget, _ storage: inout ByteBuffer, _ rows: inout Rows
    ) throws(HTTPRefusal) {
        var added: [Field] = []
        if options.addsHeaders {
            for (name, value) in exchange.headers {
                let shown = String(name.uppercased().map { $0 == "-" ? "_" : $0 })
                added.append(Self.field("HTTP_" + shown, Array(value.utf8), &storage))
            }
        }
        if options.addsQuery {
            for (name, value) in target.query {
                added.append(Self.field("QUERY_" + name.uppercased(), value, &storage))
            }
        }
        if options.addsAddress {
            let forwarded = exchange.header("X-Forwarded-For")?.split(separator: ",").first
            let address = forwarded.map { $0.filter { $0 != " " } } ?? exchange.client.peer?.host ?? ""
            added.append(Self.field("REMOTE_ADDR", Array(address.utf8), &storage))
        }
        try add(added, &storage, &rows)
    }

    /// To records of a body that has no request around it.
    func add(
        address: String, _ storage: inout ByteBuffer, _ rows: inout Rows
    ) throws(HTTPRefusal) {
        guard options.addsAddress else { return }
        try add([Self.field("REMOTE_ADDR", Array(address.utf8), &storage)], &storage, &rows)
    }

    private static func field(_ name: String, _ value: [UInt8], _ storage: inout ByteBuffer) -> Field {
        let key = storage.append(copyOf: Array(name.utf8))
        return Field(key: key, value: .string(storage.append(copyOf: value)))
    }

    private func add(
        _ added: [Field], _ storage: inout ByteBuffer, _ rows: inout Rows
    ) throws(HTTPRefusal) {
        guard !added.isEmpty else { return }
        guard rows.records.count * added.count <= options.addedFields else {
            throw HTTPRefusal(
                413,
                "\(added.count) parameters and headers for each of \(rows.records.count) records are more than"
                    + " \(options.addedFields) fields; send smaller batches, or raise added_field_limit")
        }
        for index in rows.records.indices {
            let record = rows.records[index]
            let first = rows.copyFields(of: record)
            var seen: UInt64 = .max
            for field in added { rows.set(field.key, field.value, first: first, seen: &seen, storage) }
            rows.records[index] = Record(
                time: record.time, firstField: first, fieldCount: rows.fields.count - first)
        }
    }
}
