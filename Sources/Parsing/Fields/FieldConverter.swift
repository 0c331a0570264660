package import Events
internal import Time

/// Turns values of one field into its type. One for each parser and thread.
package final class FieldConverter {
    private let type: ValueType
    private let reader: TimeReader?
    private let faults: ConversionFaults
    /// Of this field in `faults`.
    private let place: Int

    /// - Parameter faults: where values are noted that are not of the type.
    package init(_ type: ValueType, of field: [UInt8], _ faults: ConversionFaults) {
        self.type = type
        self.faults = faults
        place = faults.place(field: field, type: type.name)
        if case .time(let source, let zone) = type { reader = TimeReader(source, zone: zone) } else { reader = nil }
    }

    /// Whether text passes unchanged, so that nobody needs to call.
    var keepsText: Bool { if case .string = type { true } else { false } }

    /// null stays null. Text with escapes must have been decoded.
    package func convert(_ value: Value, _ storage: inout ByteBuffer) -> Value {
        if value.kind == .null { return value }
        guard value.kind == .string else { return convert(other: value, &storage) }
        switch type {
        case .string: return value
        case .integer:
            let number = RubyNumber.integer(value.slice, &storage)
            if number.kind == .int, number.payload == 0, !RubyNumber.begins(value.slice, storage) {
                faults.note(place, value, "is no number: 0 is stored", storage)
            }
            return number
        case .float:
            let number = RubyNumber.float(value.slice, &storage)
            if number.kind == .double, number.doubleValue == 0, !RubyNumber.begins(value.slice, storage) {
                faults.note(place, value, "is no number: 0.0 is stored", storage)
            }
            return number
        case .bool:
            let isTrue = Self.isTrue(value.slice, storage)
            if !isTrue, !Self.isFalse(value.slice, storage) {
                faults.note(place, value, "is neither true nor false: false is stored", storage)
            }
            return .bool(isTrue)
        case .time: return time(value, &storage)
        case .array(let separator): return Self.split(value.slice, separator, &storage)
        }
    }

    /// Values that JSON gave a type already.
    private func convert(other value: Value, _ storage: inout ByteBuffer) -> Value {
        switch (type, value.kind) {
        case (.integer, .int), (.integer, .uint), (.float, .double), (.bool, .true), (.bool, .false): return value
        case (.array, .json), (.array, .msgpack): return value
        case (.integer, .double):
            return Int64(exactly: value.doubleValue.rounded(.towardZero)).map(Value.int) ?? value
        case (.integer, .number):
            let whole = storage.double(number: value.slice).rounded(.towardZero)
            return Int64(exactly: whole).map(Value.int) ?? value
        case (.float, .int): return .double(Double(value.intValue))
        case (.float, .uint): return .double(Double(value.payload))
        case (.float, .number): return value
        case (.integer, _), (.float, _): return value  // Ruby knows no number for them
        case (.time, _): return time(value, &storage)
        case (.bool, .int): return .bool(value.intValue == 1)
        case (.bool, _): return .bool(false)
        case (.string, _): return .string(Self.text(value, &storage))
        case (.array(let separator), _): return Self.split(Self.text(value, &storage), separator, &storage)
        }
    }

    /// A time inside a record is its seconds, as Fluentd prints it; what is no time becomes null.
    private func time(_ value: Value, _ storage: inout ByteBuffer) -> Value {
        guard let reader, case .time(let time) = reader.read(value, &storage) else {
            faults.note(place, value, "is no such time: null is stored", storage)
            return .null
        }
        return .int(time.seconds)
    }

    /// `true`, `yes`, `1` in any case.
    private static func isTrue(_ text: Slice, _ storage: borrowing ByteBuffer) -> Bool {
        let span = storage.span
        let cursor = TextCursor(Int(text.offset), text.end)
        return switch text.length {
        case 1: cursor.matches(span, "1")
        case 3: cursor.matches(span, "yes")
        case 4: cursor.matches(span, "true")
        default: false
        }
    }

    /// What people write for false; nothing at all is false without a word.
    private static func isFalse(_ text: Slice, _ storage: borrowing ByteBuffer) -> Bool {
        let span = storage.span
        let cursor = TextCursor(Int(text.offset), text.end)
        return switch text.length {
        case 0: true
        case 1: cursor.matches(span, "0") || cursor.matches(span, "f") || cursor.matches(span, "n")
        case 2: cursor.matches(span, "no")
        case 3: cursor.matches(span, "off")
        case 5: cursor.matches(span, "false")
        default: false
        }
    }

    private static func text(_ value: Value, _ storage: inout ByteBuffer) -> Slice {
        var json = ByteBuffer(capacity: 32)
        json.appendJSON(value, storage)
        let start = storage.count
        storage.append(json)
        return Slice(offset: start, length: json.count)
    }

    /// Parts as a MessagePack array. Empty parts at the end are dropped; an empty separator splits into characters.
    private static func split(_ text: Slice, _ separator: [UInt8], _ storage: inout ByteBuffer) -> Value {
        var parts: [Slice] = []
        var used = 0
        do {
            let span = storage.span
            var start = Int(text.offset)
            var place = start
            let end = text.end
            while place < end {
                if separator.isEmpty {
                    place += 1
                    while place < end, span[place] & 0xC0 == 0x80 { place += 1 }
                    parts.append(Slice(offset: start, length: place - start))
                    start = place
                } else if matches(span, place, end, separator) {
                    parts.append(Slice(offset: start, length: place - start))
                    place += separator.count
                    start = place
                } else {
                    place += 1
                }
            }
            if start < end { parts.append(Slice(offset: start, length: end - start)) }
        }
        for (index, part) in parts.enumerated() where part.length > 0 { used = index + 1 }
        let start = storage.count
        storage.appendMessagePack(arrayCount: used)
        for part in parts[..<used] {
            storage.appendMessagePack(stringHeader: Int(part.length))
            storage.append(slice: part)
        }
        return Value(.msgpack, Slice(offset: start, length: storage.count - start))
    }

    private static func matches(_ text: Span<UInt8>, _ place: Int, _ end: Int, _ separator: [UInt8]) -> Bool {
        guard place + separator.count <= end else { return false }
        for index in separator.indices where text[place + index] != separator[index] { return false }
        return true
    }
}
