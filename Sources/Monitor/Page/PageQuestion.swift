internal import Events

/// A body that was posted: a JSON object of texts.
struct PageQuestion: Sendable {
    private var texts: [String: String] = [:]

    init(_ body: [UInt8]) throws(PageRefusal) {
        var storage = ByteBuffer(capacity: body.count)
        storage.append(body)
        var rows = Rows(fieldCapacity: 8)
        do throws(JSONError) {
            try rows.appendFields(json: Slice(offset: 0, length: body.count), &storage)
        } catch {
            throw PageRefusal(400, "the body is no JSON object")
        }
        for index in 0..<rows.fields.count {
            let field = rows.fields[index]
            guard field.value.isText else { continue }
            var text = field.value.slice
            if field.value.kind == .jsonString { text = storage.appendUnescaped(text) }
            texts[storage.text(field.key)] = storage.text(text)
        }
    }

    func text(_ name: String) throws(PageRefusal) -> String {
        guard let text = texts[name] else { throw PageRefusal(400, "the body lacks \"\(name)\", a text") }
        return text
    }

    func has(_ name: String) -> Bool { texts[name] != nil }

    func text(_ name: String, default standard: String) -> String { texts[name] ?? standard }
}
