package import Events

/// The answer to a bulk request that cannot be understood.
package enum BulkResponseError: Error, Sendable, Equatable, CustomStringConvertible {
    case malformed(offset: Int)
    /// Neither `errors` nor `items`: something else than a search server answered.
    case notABulkResponse

    package var description: String {
        switch self {
        case .malformed(let offset): "the bulk answer is no valid JSON at byte \(offset)"
        case .notABulkResponse: "the answer has neither 'errors' nor 'items': is this a search server?"
        }
    }
}

/// What is said about one item: places in the answer, texts not yet decoded.
package struct BulkItemAnswer: Sendable, Equatable {
    package var status = 0
    package var hasError = false
    /// Insides of JSON strings.
    package var type = Slice.empty
    package var reason = Slice.empty
    package var causeReason = Slice.empty
}

/// Reads bulk answers on their bytes, item by item, without building anything.
///
/// `{"took":5,"errors":true,"items":[{"index":{"status":201}},{"index":{"status":400,"error":{"type":"…","reason":"…"}}}]}`
/// With `"errors":false` in front, nothing behind it is looked at. Linear in the answer's size, with constant memory,
/// whatever the bytes are.
package enum BulkResponse {
    package struct Summary: Sendable, Equatable {
        package var hasErrors: Bool
        /// nil: not counted, because there are no errors.
        package var itemCount: Int?

        package init(hasErrors: Bool, itemCount: Int?) {
            self.hasErrors = hasErrors
            self.itemCount = itemCount
        }
    }

    /// Calls `onItem` for each item in order, unless there are no errors.
    package static func scan(
        _ body: borrowing ByteBuffer, _ onItem: (Int, BulkItemAnswer) -> Void
    ) throws(BulkResponseError) -> Summary {
        try scan(body.span, onItem)
    }

    private static func scan(
        _ body: Span<UInt8>, _ onItem: (Int, BulkItemAnswer) -> Void
    ) throws(BulkResponseError) -> Summary {
        var place = 0
        var errors: Bool?
        var count: Int?
        try open(body, &place, UInt8(ascii: "{"))
        while let key = try nextKey(body, &place) {
            if matches(body, key, "errors") {
                errors = peek(body, place) == UInt8(ascii: "t")
                if errors == false && peek(body, place) == UInt8(ascii: "f") {
                    return Summary(hasErrors: false, itemCount: count)
                }
                try skip(body, &place)
            } else if matches(body, key, "items") {
                count = try items(body, &place, onItem)
            } else {
                try skip(body, &place)
            }
        }
        guard errors != nil || count != nil else { throw .notABulkResponse }
        return Summary(hasErrors: errors ?? true, itemCount: count)
    }

    private static func items(
        _ body: Span<UInt8>, _ place: inout Int, _ onItem: (Int, BulkItemAnswer) -> Void
    ) throws(BulkResponseError) -> Int {
        var count = 0
        try open(body, &place, UInt8(ascii: "["))
        while try nextElement(body, &place) {
            var answer = BulkItemAnswer()
            // The one member's name is the action.
            try open(body, &place, UInt8(ascii: "{"))
            while try nextKey(body, &place) != nil {
                if peek(body, place) == UInt8(ascii: "{") {
                    try item(body, &place, &answer)
                } else {
                    try skip(body, &place)
                }
            }
            onItem(count, answer)
            count += 1
        }
        return count
    }

    private static func item(
        _ body: Span<UInt8>, _ place: inout Int, _ answer: inout BulkItemAnswer
    ) throws(BulkResponseError) {
        try open(body, &place, UInt8(ascii: "{"))
        while let key = try nextKey(body, &place) {
            if matches(body, key, "status") {
                answer.status = try integer(body, &place)
            } else if matches(body, key, "error") {
                answer.hasError = true
                switch peek(body, place) {
                case UInt8(ascii: "{"): try error(body, &place, &answer)
                case 0x22: answer.reason = try string(body, &place)
                default: try skip(body, &place)
                }
            } else {
                try skip(body, &place)
            }
        }
    }

    /// An `error` object, or the `caused_by` inside it, whose own causes are skipped.
    private static func error(
        _ body: Span<UInt8>, _ place: inout Int, _ answer: inout BulkItemAnswer, isCause: Bool = false
    ) throws(BulkResponseError) {
        try open(body, &place, UInt8(ascii: "{"))
        while let key = try nextKey(body, &place) {
            let isString = peek(body, place) == 0x22
            if isString && !isCause && matches(body, key, "type") {
                answer.type = try string(body, &place)
            } else if isString && matches(body, key, "reason") {
                let reason = try string(body, &place)
                if isCause { answer.causeReason = reason } else { answer.reason = reason }
            } else if !isCause && matches(body, key, "caused_by") && peek(body, place) == UInt8(ascii: "{") {
                try error(body, &place, &answer, isCause: true)
            } else {
                try skip(body, &place)
            }
        }
    }

    // MARK: - Steps. `place` is always at or before the end; every loop moves it on.

    private static func peek(_ body: Span<UInt8>, _ place: Int) -> UInt8 {
        place < body.count ? body[place] : 0
    }

    private static func skipSpace(_ body: Span<UInt8>, _ place: inout Int) {
        while place < body.count {
            let byte = body[place]
            guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return }
            place += 1
        }
    }

    private static func open(
        _ body: Span<UInt8>, _ place: inout Int, _ byte: UInt8
    ) throws(BulkResponseError) {
        skipSpace(body, &place)
        guard peek(body, place) == byte else { throw .malformed(offset: place) }
        place += 1
    }

    /// The inside of the next member's key, with `place` at its value; nil at the end of the object.
    private static func nextKey(
        _ body: Span<UInt8>, _ place: inout Int
    ) throws(BulkResponseError) -> Slice? {
        skipSpace(body, &place)
        if peek(body, place) == UInt8(ascii: ",") {
            place += 1
            skipSpace(body, &place)
        }
        if peek(body, place) == UInt8(ascii: "}") {
            place += 1
            return nil
        }
        let key = try string(body, &place)
        skipSpace(body, &place)
        guard peek(body, place) == UInt8(ascii: ":") else { throw .malformed(offset: place) }
        place += 1
        skipSpace(body, &place)
        return key
    }

    /// Whether there is one more element, with `place` at it.
    private static func nextElement(
        _ body: Span<UInt8>, _ place: inout Int
    ) throws(BulkResponseError) -> Bool {
        skipSpace(body, &place)
        if peek(body, place) == UInt8(ascii: ",") {
            place += 1
            skipSpace(body, &place)
        }
        guard place < body.count else { throw .malformed(offset: place) }
        if body[place] == UInt8(ascii: "]") {
            place += 1
            return false
        }
        return true
    }

    /// Past a string; answers its inside.
    private static func string(_ body: Span<UInt8>, _ place: inout Int) throws(BulkResponseError) -> Slice {
        guard peek(body, place) == 0x22 else { throw .malformed(offset: place) }
        let start = place + 1
        var end = start
        while end < body.count, body[end] != 0x22 { end += body[end] == 0x5C ? 2 : 1 }
        guard end < body.count else { throw .malformed(offset: place) }
        place = end + 1
        return Slice(offset: start, length: end - start)
    }

    private static func integer(_ body: Span<UInt8>, _ place: inout Int) throws(BulkResponseError) -> Int {
        var value = 0
        let start = place
        while place < body.count, body[place] &- 0x30 < 10, place - start < 9 {
            value = value * 10 + Int(body[place] - 0x30)
            place += 1
        }
        guard place > start else { throw .malformed(offset: place) }
        return value
    }

    /// Past any value, however deep.
    private static func skip(_ body: Span<UInt8>, _ place: inout Int) throws(BulkResponseError) {
        var depth = 0
        let start = place
        while place < body.count {
            switch body[place] {
            case 0x22: _ = try string(body, &place)
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                depth += 1
                place += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                if depth == 0 {
                    if place == start { throw .malformed(offset: place) }
                    return
                }
                depth -= 1
                place += 1
            case UInt8(ascii: ","):
                if depth == 0 {
                    if place == start { throw .malformed(offset: place) }
                    return
                }
                place += 1
            default: place += 1
            }
        }
        throw .malformed(offset: place)
    }

    private static func matches(_ body: Span<UInt8>, _ key: Slice, _ name: StaticString) -> Bool {
        guard Int(key.length) == name.utf8CodeUnitCount else { return false }
        return name.withUTF8Buffer { bytes in
            for index in 0..<bytes.count {
                if unsafe bytes[index] != body[Int(key.offset) + index] { return false }
            }
            return true
        }
    }
}

extension ByteBuffer {
    /// Text from the inside of a JSON string, decoded; escapes that are none stay as they are.
    func decoded(_ inside: Slice) -> String {
        var object = ByteBuffer(capacity: Int(inside.length) + 16)
        object.append("{\"t\":\"")
        object.append(inside, of: self)
        object.append("\"}")
        var rows = Rows(fieldCapacity: 1)
        guard (try? rows.appendFields(json: Slice(offset: 0, length: object.count), &object)) != nil else {
            return text(inside)
        }
        var out = ByteBuffer(capacity: Int(inside.length))
        out.appendText(rows.fields[0].value, object)
        return out.text(Slice(offset: 0, length: out.count))
    }
}
