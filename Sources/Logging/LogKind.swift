/// A place in the program that speaks, for one component. Their number is that of the program's lines and the
/// configuration's sections: no stranger adds one.
package struct LogPlace: Hashable, Sendable {
    package let file: String
    package let line: UInt
    package let context: [LogField]

    package init(file: String, line: UInt, context: [LogField] = []) {
        self.file = file
        self.line = line
        self.context = context
    }
}

/// What makes a line another line for `LogRepetition`: who speaks, and what is wrong. Whom it is about is the subject.
package struct LogKind: Hashable, Sendable {
    package let place: LogPlace
    /// A code (`too_large`, `mapper_parsing_exception`) or the part of a message that does not vary.
    package let name: String

    /// Bytes of a name that count; two names that differ only behind them are one kind.
    package static let maximumNameBytes = 200

    package init(place: LogPlace, name: String) {
        self.place = place
        self.name = cut(name, toBytes: LogKind.maximumNameBytes)
    }

    /// The part of a message that stays the same when the same thing happens again: numbers become `#`, and what is
    /// quoted (`'…'`, `"…"`, `` `…` ``, `[…]`) becomes empty quotes. `message of 812 bytes exceeds chunk_size_limit`
    /// and the next one of 900 are one kind.
    package static func constantPart(of message: String) -> String {
        var kept: [UInt8] = []
        var closing: UInt8 = 0
        var previous: UInt8 = 0x20
        for byte in message.utf8 {
            defer { previous = byte }
            if closing != 0 {
                if byte == closing {
                    kept.append(byte)
                    closing = 0
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                if kept.last != UInt8(ascii: "#") { kept.append(UInt8(ascii: "#")) }
                continue
            case UInt8(ascii: "\""), UInt8(ascii: "`"): closing = byte
            // Not the apostrophe of "Fluentd's".
            case UInt8(ascii: "'") where !isLetter(previous): closing = byte
            case UInt8(ascii: "["): closing = UInt8(ascii: "]")
            default: break
            }
            kept.append(byte)
            if kept.count >= maximumNameBytes { break }
        }
        return String(decoding: kept, as: UTF8.self)
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }
}

/// The beginning of a text, whole characters of it, with `…` for what is missing.
func cut(_ text: String, toBytes limit: Int) -> String {
    guard text.utf8.count > limit else { return text }
    var kept = ""
    var left = limit
    for scalar in text.unicodeScalars {
        left -= UTF8.width(scalar)
        if left < 0 { break }
        kept.unicodeScalars.append(scalar)
    }
    return kept + "…"
}
