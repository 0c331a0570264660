internal import Events
internal import Logging

/// Values as Ruby writes them, which is what Fluentd's formats other than JSON consist of.
extension ByteBuffer {
    /// What `to_s` gives: text as it is, nothing for nil, numbers as in JSON, and maps and arrays as `inspect` shows them.
    mutating func appendRubyText(_ value: Value, _ storage: borrowing ByteBuffer) {
        switch value.kind {
        case .double: appendRuby(value.doubleValue)
        case .json, .msgpack: appendRubyInspection(value, storage)
        default: appendText(value, storage)
        }
    }

    /// `{"a"=>1, "b"=>nil}`
    mutating func appendRubyHash(_ record: Record, _ rows: borrowing Rows, _ storage: borrowing ByteBuffer) {
        append(UInt8(ascii: "{"))
        for index in record.fieldRange {
            if index > Int(record.firstField) { append(", ") }
            let field = rows.fields[index]
            appendRubyString(field.key, storage)
            append("=>")
            appendRubyInspection(field.value, storage)
        }
        append(UInt8(ascii: "}"))
    }

    private mutating func appendRubyInspection(_ value: Value, _ storage: borrowing ByteBuffer) {
        switch value.kind {
        case .null: append("nil")
        case .double: appendRuby(value.doubleValue)
        case .string: appendRubyString(value.slice, storage)
        case .jsonString:
            var text = ByteBuffer(capacity: Int(value.length))
            text.appendText(value, storage)
            appendRubyString(Slice(offset: 0, length: text.count), text)
        case .msgpack:
            var offset = Int(value.slice.offset)
            appendRubyInspection(messagePackAt: &offset, storage)
        case .json:
            var text = ByteBuffer(capacity: Int(value.length))
            text.append(value.slice, of: storage)
            var packed = ByteBuffer(capacity: Int(value.length))
            var offset = 0
            // It was valid when it was read.
            if (try? JSONTranscoder.transcode(text, at: 0, to: &packed)) == nil { return append("nil") }
            appendRubyInspection(messagePackAt: &offset, packed)
        default: appendJSON(value, storage)
        }
    }

    /// Walks over an item that was checked when it was read, its depth too.
    private mutating func appendRubyInspection(messagePackAt offset: inout Int, _ storage: borrowing ByteBuffer) {
        guard let item = try? storage.messagePackItem(at: offset, end: storage.count) else { return append("nil") }
        let start = offset
        offset = item.body + item.bodyLength
        switch item.kind {
        case .array:
            append(UInt8(ascii: "["))
            for index in 0..<item.length {
                if index > 0 { append(", ") }
                appendRubyInspection(messagePackAt: &offset, storage)
            }
            append(UInt8(ascii: "]"))
        case .map:
            append(UInt8(ascii: "{"))
            for index in 0..<item.length {
                if index > 0 { append(", ") }
                appendRubyInspection(messagePackAt: &offset, storage)
                append("=>")
                appendRubyInspection(messagePackAt: &offset, storage)
            }
            append(UInt8(ascii: "}"))
        case .ext: appendJSON(messagePackAt: start, storage)
        default: appendRubyInspection(storage.messagePackValue(item, at: start, length: offset - start), storage)
        }
    }

    /// `Float#to_s`: as JSON has it, and what JSON cannot say by its name.
    private mutating func appendRuby(_ value: Double) {
        if value.isFinite {
            appendJSON(value)
        } else if value.isNaN {
            append("NaN")
        } else {
            append(value < 0 ? "-Infinity" : "Infinity")
        }
    }

    /// `String#inspect`. What is no UTF-8 becomes U+FFFD.
    private mutating func appendRubyString(_ slice: Slice, _ storage: borrowing ByteBuffer) {
        append(0x22)
        let scalars = storage.text(slice).unicodeScalars
        var index = scalars.startIndex
        while index < scalars.endIndex {
            let scalar = scalars[index]
            index = scalars.index(after: index)
            switch scalar {
            case "\"": append("\\\"")
            case "\\": append("\\\\")
            case "\n": append("\\n")
            case "\r": append("\\r")
            case "\t": append("\\t")
            case "\u{07}": append("\\a")
            case "\u{08}": append("\\b")
            case "\u{0B}": append("\\v")
            case "\u{0C}": append("\\f")
            case "\u{1B}": append("\\e")
            case "\u{7F}": append("\\x7F")
            case "#":
                // Else it would begin code.
                if index < scalars.endIndex, "{$@".unicodeScalars.contains(scalars[index]) { append(0x5C) }
                append(UInt8(ascii: "#"))
            default:
                if !UnsafeScalar.contains(scalar.value) {
                    append(String(scalar))
                } else if scalar.value > 0xFFFF {
                    append("\\u{" + String(scalar.value, radix: 16, uppercase: true) + "}")
                } else {
                    let digits = String(scalar.value, radix: 16, uppercase: true)
                    append("\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits)
                }
            }
        }
        append(0x22)
    }
}
