internal import Events

/// `on_mapping_conflict rename`: a field whose value does not fit the index goes on as `<field>_<type>`, and all else of
/// the document as it was.
///
/// The type is the value's own: `string`, `date`, `long`, `double`, `boolean`, `object`; an array's is that of its first
/// element. A text is a `date` where an index without a mapping for it makes it one (date detection,
/// https://www.elastic.co/guide/en/elasticsearch/reference/current/dynamic-field-mapping.html): else the first such text
/// would spoil `<field>_string` for all others.
/// Only the name changes: `{"took":"5 ms","user":{"id":"x"}}` becomes `{"took_string":"5 ms",…}` or
/// `{…,"user":{"id_string":"x"}}`. A key with dots stands for a path, as it does for the server.
struct FieldRenaming {
    /// The document with the field renamed wherever it stands.
    let document: [UInt8]
    /// The whole new name, of the first place.
    let name: String

    /// nil when the field is not there, is null, or the new name is taken.
    ///
    /// - Parameters:
    ///   - field: as the server calls it: names with dots between them.
    ///   - isWrapped: the document is in `{"doc":…}`.
    init?(_ field: String, in bytes: borrowing ByteBuffer, _ slice: Slice, isWrapped: Bool) {
        var text = ByteBuffer(capacity: Int(slice.length) + 64)
        text.append(slice, of: bytes)
        var walk = Walk(text)
        do throws(BulkResponseError) {
            try walk.object((isWrapped ? "doc." : "") + field, in: text)
        } catch {
            return nil
        }
        guard let first = walk.places.first, !walk.isTaken else { return nil }
        name = String(first.owner.dropFirst(isWrapped ? 4 : 0)) + "_" + first.type
        var out = ByteBuffer(capacity: text.count + walk.places.count * 16)
        var done = 0
        for (place, _, type) in walk.places {
            out.append(Slice(offset: done, length: place - done), of: text)
            out.append("_")
            out.append(type)
            done = place
        }
        out.append(Slice(offset: done, length: text.count - done), of: text)
        document = out.array()
    }

    /// Through a document, to the places where the field's key ends.
    private struct Walk {
        /// In the order of the text. `owner`: the field's name up to there.
        var places: [(place: Int, owner: String, type: String)] = []
        /// A new name stands in the same object already.
        var isTaken = false
        private var steps: JSONSteps

        init(_ text: borrowing ByteBuffer) { steps = JSONSteps(end: text.count) }

        mutating func object(_ path: String, in text: borrowing ByteBuffer, above: String = "")
            throws(BulkResponseError)
        {
            try steps.open(text, UInt8(ascii: "{"))
            var names: Set<String> = []
            var renamed: Set<String> = []
            while let key = try steps.nextKey(text) {
                let name = text.decoded(key)
                names.insert(name)
                if name == path {
                    if let type = try Self.type(at: steps, text) {
                        places.append((key.end, above + name, type))
                        renamed.insert("\(name)_\(type)")
                    }
                    try steps.skip(text)
                } else if path.hasPrefix(name + ".") {
                    try value(String(path.dropFirst(name.count + 1)), in: text, above: above + name + ".")
                } else if name.hasPrefix(path + "."), text.text(key).hasPrefix(path + ".") {
                    // `a.b` where `a` is no object.
                    places.append((Int(key.offset) + path.utf8.count, above + path, "object"))
                    try steps.skip(text)
                } else {
                    try steps.skip(text)
                }
            }
            if !names.isDisjoint(with: renamed) { isTaken = true }
        }

        private mutating func value(
            _ path: String, in text: borrowing ByteBuffer, above: String
        ) throws(BulkResponseError) {
            switch steps.peek(text) {
            case UInt8(ascii: "{"): try object(path, in: text, above: above)
            case UInt8(ascii: "["):
                try steps.open(text, UInt8(ascii: "["))
                while try steps.nextElement(text) { try value(path, in: text, above: above) }
            default: try steps.skip(text)
            }
        }

        /// `2019-12-17`, `2019-12-17T18:15…`, `2019/12/17…`: not `2019-12-17 18:15`.
        private static func isDate(_ inside: Slice, _ text: borrowing ByteBuffer) -> Bool {
            let shape = text.text(inside).utf8.prefix(11).map { $0 &- 0x30 < 10 ? UInt8(ascii: "0") : $0 }
            return [
                Array("0000-00-00T".utf8), Array("0000-00-00".utf8), Array("0000/00/00 ".utf8),
                Array("0000/00/00".utf8),
            ]
            .contains(shape)
        }

        /// Of the value that begins there; nil for null.
        private static func type(
            at start: JSONSteps, _ text: borrowing ByteBuffer
        ) throws(BulkResponseError) -> String? {
            var steps = start
            switch steps.peek(text) {
            case UInt8(ascii: "\""): return isDate(try steps.string(text), text) ? "date" : "string"
            case UInt8(ascii: "t"), UInt8(ascii: "f"): return "boolean"
            case UInt8(ascii: "n"): return nil
            case UInt8(ascii: "{"): return "object"
            case UInt8(ascii: "["):
                try steps.open(text, UInt8(ascii: "["))
                while try steps.nextElement(text) {
                    if let type = try type(at: steps, text) { return type }
                    try steps.skip(text)
                }
                return nil
            default:
                try steps.skip(text)
                for place in start.place..<steps.place {
                    if [UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E")].contains(text[place]) {
                        return "double"
                    }
                }
                return "long"
            }
        }
    }
}
