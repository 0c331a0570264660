/// A place in a record, as Fluentd's record_accessor writes it: `key`, `$.a.b`, `$['a']['b.c'][0]`.
package struct RecordAccessor: Sendable, Equatable {
    package enum Step: Sendable, Equatable {
        case key([UInt8])
        case index(Int)
    }

    /// As it was written.
    package let text: String
    /// Never empty; the first is a key.
    package let steps: [Step]

    package struct SyntaxError: Error, Equatable {
        package var offset: Int
        package var message: String
    }

    /// Text that does not begin with `$.` or `$[` is a plain key, dots and all.
    package init(_ text: String) throws(SyntaxError) {
        self.text = text
        let bytes = Array(text.utf8)
        guard bytes.count >= 2, bytes[0] == UInt8(ascii: "$"),
            bytes[1] == UInt8(ascii: ".") || bytes[1] == UInt8(ascii: "[")
        else {
            steps = [.key(bytes)]
            return
        }
        var steps: [Step] = []
        var index = 1
        while index < bytes.count {
            if bytes[index] == UInt8(ascii: ".") {
                var end = index + 1
                while end < bytes.count, bytes[end] != UInt8(ascii: "."), bytes[end] != UInt8(ascii: "[") { end += 1 }
                if end == index + 1 { throw SyntaxError(offset: index, message: "a key is missing after '.'") }
                steps.append(.key(Array(bytes[(index + 1)..<end])))
                index = end
            } else if bytes[index] == UInt8(ascii: "[") {
                index = try Self.bracket(bytes, index, &steps)
            } else {
                throw SyntaxError(offset: index, message: "'.' or '[' is expected here")
            }
        }
        guard case .key = steps.first else { throw SyntaxError(offset: 1, message: "the first step must be a key") }
        self.steps = steps
    }

    /// A top-level key, whatever characters it has.
    package init(key: String) {
        text = key
        steps = [.key(Array(key.utf8))]
    }

    private static func bracket(_ bytes: [UInt8], _ start: Int, _ steps: inout [Step]) throws(SyntaxError) -> Int {
        var index = start + 1
        guard index < bytes.count else { throw SyntaxError(offset: start, message: "'[' is never closed") }
        let quote = bytes[index]
        if quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"") {
            index += 1
            let keyStart = index
            while index < bytes.count, bytes[index] != quote { index += 1 }
            guard index + 1 < bytes.count, bytes[index + 1] == UInt8(ascii: "]") else {
                throw SyntaxError(offset: start, message: "'[' is never closed")
            }
            steps.append(.key(Array(bytes[keyStart..<index])))
            return index + 2
        }
        var number = 0
        let digits = index
        while index < bytes.count, bytes[index] &- 0x30 < 10, number < 1_000_000_000 {
            number = number * 10 + Int(bytes[index] - 0x30)
            index += 1
        }
        guard index > digits, index < bytes.count, bytes[index] == UInt8(ascii: "]") else {
            throw SyntaxError(offset: digits, message: "a number or a quoted key is expected between '[' and ']'")
        }
        steps.append(.index(number))
        return index + 1
    }

    /// The top-level key that it begins with.
    package var firstKey: [UInt8] { if case .key(let key) = steps[0] { key } else { [] } }

    /// The key when the place is at the top level, which it nearly always is.
    package var topLevelKey: [UInt8]? {
        if steps.count == 1, case .key(let key) = steps[0] { key } else { nil }
    }
}

extension Rows {
    /// The value at a place of a record; nil when there is none. O(size of what is walked over).
    package func value(
        at accessor: borrowing RecordAccessor, in record: Record, _ storage: borrowing ByteBuffer
    ) -> Value? {
        guard case .key(let first) = accessor.steps[0], let index = find(first, in: record, storage) else { return nil }
        var value = fields[index].value
        for step in accessor.steps.dropFirst() {
            guard let next = storage.child(of: value, step) else { return nil }
            value = next
        }
        return value
    }
}

extension ByteBuffer {
    /// The member of an object or the item of an array.
    package func child(of value: Value, _ step: RecordAccessor.Step) -> Value? {
        switch value.kind {
        case .msgpack: messagePackChild(Int(value.slice.offset), step)
        case .json: jsonChild(value.slice, step)
        default: nil
        }
    }

    private func messagePackChild(_ offset: Int, _ step: RecordAccessor.Step) -> Value? {
        guard let container = try? messagePackItem(at: offset, end: count) else { return nil }
        var place = container.body
        var found: Value?
        for index in 0..<container.length {
            var isWanted = false
            switch (container.kind, step) {
            case (.map, .key(let wanted)):
                guard let key = try? messagePackItem(at: place, end: count) else { return nil }
                isWanted =
                    (key.kind == .string || key.kind == .binary)
                    && equals(Slice(offset: key.body, length: key.length), wanted)
                guard let next = try? skipMessagePack(at: place, end: count) else { return nil }
                place = next
            case (.array, .index(let wanted)): isWanted = index == wanted
            default: return nil
            }
            guard let next = try? skipMessagePack(at: place, end: count) else { return nil }
            if isWanted { found = messagePackValue(at: place, length: next - place) }
            place = next
        }
        return found
    }

    /// One item as a value: binaries are text, and a time is its seconds.
    package func messagePackValue(at offset: Int, length: Int) -> Value? {
        guard let item = try? messagePackItem(at: offset, end: count) else { return nil }
        let value = messagePackValue(item, at: offset, length: length)
        return item.kind == .ext ? timestamp(item).map { .int($0.seconds) } ?? value : value
    }

    /// The item that was read at `offset`; an extension stays one, whatever it says.
    package func messagePackValue(_ item: MessagePackItem, at offset: Int, length: Int) -> Value {
        switch item.kind {
        case .null: .null
        case .false: .bool(false)
        case .true: .bool(true)
        case .int: .int(item.intValue)
        case .uint: .uint(item.bits)
        case .double: .double(item.doubleValue)
        case .string, .binary: .string(Slice(offset: item.body, length: item.length))
        case .array, .map, .ext: Value(.msgpack, Slice(offset: offset, length: length))
        }
    }

    private func jsonChild(_ text: Slice, _ step: RecordAccessor.Step) -> Value? {
        var found: Value?
        JSONMembers.forEach(text, self) { key, index, value in
            switch step {
            case .key(let wanted): if let key, JSONMembers.key(key, equals: wanted, self) { found = value }
            case .index(let wanted): if key == nil, index == wanted { found = value }
            }
        }
        return found
    }
}

/// Walks over the members of validated JSON text.
enum JSONMembers {
    /// Calls `body` with the key (its inside, nil in an array), the position and the value of each member.
    static func forEach(_ text: Slice, _ storage: borrowing ByteBuffer, _ body: (Slice?, Int, Value) -> Void) {
        let base = unsafe UnsafePointer(storage.base)
        let end = text.end
        var offset = Int(text.offset)
        let isObject = storage[offset] == UInt8(ascii: "{")
        offset += 1
        var position = 0
        while true {
            guard let start = unsafe try? JSONScanner.skipSpace(base, offset, end), start < end else { return }
            offset = start
            if storage[offset] == UInt8(ascii: "}") || storage[offset] == UInt8(ascii: "]") { return }
            if storage[offset] == UInt8(ascii: ",") {
                offset += 1
                continue
            }
            var key: Slice?
            if isObject {
                var escaped = false
                guard let close = unsafe try? JSONScanner.stringEnd(base, offset + 1, end, &escaped),
                    let colon = unsafe try? JSONScanner.skipSpace(base, close + 1, end),
                    let value = unsafe try? JSONScanner.skipSpace(base, colon + 1, end)
                else { return }
                key = Slice(offset: offset + 1, length: close - offset - 1)
                offset = value
            }
            guard offset < end, let value = unsafe try? JSONScanner.value(base, &offset, end) else { return }
            body(key, position, value)
            position += 1
        }
    }

    static func key(_ key: Slice, equals wanted: [UInt8], _ storage: borrowing ByteBuffer) -> Bool {
        if storage.equals(key, wanted) { return true }
        guard storage.span.firstBackslash(in: key) else { return false }
        var text = ByteBuffer(capacity: Int(key.length))
        text.append(key, of: storage)
        let decoded = text.appendUnescaped(Slice(offset: 0, length: Int(key.length)))
        return text.equals(decoded, wanted)
    }
}

extension Span<UInt8> {
    fileprivate func firstBackslash(in slice: Slice) -> Bool {
        for index in Int(slice.offset)..<slice.end where self[index] == 0x5C { return true }
        return false
    }
}
