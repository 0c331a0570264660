internal import Events

/// Out of the evaluation and into JSON.
extension ExpressionEvaluator {
    /// A result as a value of a record. All that was appended to the storage on the way is taken back.
    mutating func export(_ value: ExpressionValue) throws(ExpressionFailure) -> Value {
        switch value {
        case .null: return finish(.null)
        case .bool(let value): return finish(.bool(value))
        case .integer(let number):
            if let number = Int64(exactly: number) { return finish(.int(number)) }
            guard let number = UInt64(exactly: number) else {
                throw ExpressionFailure("RangeError", "the integer has more than 64 bits, which no record can hold")
            }
            return finish(.uint(number))
        case .float(let number): return finish(.double(number))
        case .nested(let nested): return keep(nested)
        case .array, .hash, .record:
            var packed = ByteBuffer()
            try pack(value, to: &packed)
            guard (try? packed.skipMessagePack(at: 0, end: packed.count)) != nil else {
                throw .argument("the result is nested deeper than \(ExpressionLimits.depth) levels")
            }
            storage.truncate(to: mark)
            storage.append(packed)
            return Value(.msgpack, Slice(offset: mark, length: packed.count))
        default: return keep(.string(try text(of: value)))
        }
    }

    private mutating func finish(_ value: Value) -> Value {
        storage.truncate(to: mark)
        return value
    }

    /// Moves what was made during the evaluation to its beginning.
    private mutating func keep(_ value: Value) -> Value {
        let slice = value.slice
        guard slice.length > 0, Int(slice.offset) >= mark else {
            storage.truncate(to: mark)
            return slice.length > 0 ? value : Value(value.kind, .empty)
        }
        out.clear()
        out.append(slice, of: storage)
        storage.truncate(to: mark)
        storage.append(out)
        return Value(value.kind, Slice(offset: mark, length: Int(slice.length)))
    }

    private mutating func pack(_ value: ExpressionValue, to packed: inout ByteBuffer) throws(ExpressionFailure) {
        try step()
        try checkRoom(packed.count)
        switch value {
        case .null: packed.appendMessagePackNil()
        case .bool(let value): packed.appendMessagePack(value)
        case .integer(let number):
            if let number = Int64(exactly: number) {
                packed.appendMessagePack(number)
            } else if let number = UInt64(exactly: number) {
                packed.appendMessagePack(number)
            } else {
                throw ExpressionFailure("RangeError", "the integer has more than 64 bits, which no record can hold")
            }
        case .float(let number): packed.appendMessagePack(number)
        case .nested(let nested) where nested.kind == .msgpack: packed.append(nested.slice, of: storage)
        case .array, .hash, .record, .nested:
            if let items = try arrayItems(of: value) {
                packed.appendMessagePack(arrayCount: items.count)
                for item in items { try pack(item, to: &packed) }
            } else {
                let pairs = try pairs(of: value) ?? []
                packed.appendMessagePack(mapCount: pairs.count)
                for pair in pairs {
                    try pack(text: try text(of: pair.key), to: &packed)
                    try pack(pair.value, to: &packed)
                }
            }
        default: try pack(text: try text(of: value), to: &packed)
        }
    }

    private func pack(text: Slice, to packed: inout ByteBuffer) throws(ExpressionFailure) {
        packed.appendMessagePack(stringHeader: Int(text.length))
        packed.append(text, of: storage)
    }

    // MARK: - JSON

    /// Appends what `to_json` gives.
    mutating func writeJSON(_ value: ExpressionValue, to text: inout ByteBuffer) throws(ExpressionFailure) {
        try step()
        try checkRoom(text.count)
        switch value {
        case .null: text.append("null")
        case .bool(let value): text.append(value ? "true" : "false")
        case .integer(let number): Self.append(number, to: &text)
        case .float(let number):
            guard number.isFinite else {
                throw ExpressionFailure("JSON::GeneratorError", "NaN and infinities are not allowed in JSON")
            }
            Self.append(number, to: &text)
        case .string(let slice): text.appendJSONString(slice, storage)
        case .nested(let nested): text.appendJSON(nested, storage)
        case .array, .hash, .record:
            if let items = try arrayItems(of: value) {
                text.append(UInt8(ascii: "["))
                for (index, item) in items.enumerated() {
                    if index > 0 { text.append(UInt8(ascii: ",")) }
                    try writeJSON(item, to: &text)
                }
                text.append(UInt8(ascii: "]"))
                return
            }
            text.append(UInt8(ascii: "{"))
            for (index, pair) in (try pairs(of: value) ?? []).enumerated() {
                if index > 0 { text.append(UInt8(ascii: ",")) }
                text.appendJSONString(try self.text(of: pair.key), storage)
                text.append(UInt8(ascii: ":"))
                try writeJSON(pair.value, to: &text)
            }
            text.append(UInt8(ascii: "}"))
        default: text.appendJSONString(try self.text(of: value), storage)
        }
    }

    /// `JSON.parse`
    mutating func parseJSON(_ slice: Slice) throws(ExpressionFailure) -> ExpressionValue {
        try checkRoom(Int(slice.length) * 2)
        var text = ByteBuffer(capacity: Int(slice.length))
        text.append(slice, of: storage)
        var packed = ByteBuffer(capacity: Int(slice.length))
        do throws(JSONError) {
            let end = try JSONTranscoder.transcode(text, at: 0, to: &packed)
            guard JSONTranscoder.isBlank(text, from: end) else { throw .syntax(offset: end) }
        } catch {
            throw ExpressionFailure("JSON::ParserError", "the text is no JSON")
        }
        let start = storage.count
        storage.append(packed)
        try checkRoom()
        guard let value = storage.messagePackValue(at: start, length: packed.count) else {
            throw ExpressionFailure("JSON::ParserError", "the text is no JSON")
        }
        return try self.value(value)
    }
}
