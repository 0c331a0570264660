internal import Events

/// What a server is set up for: everything that an output sends, or one index (data stream, alias) of many.
package struct SetupTarget: Hashable, Sendable {
    /// Empty: it makes no difference.
    package var index = ""
    package var tag = ""
    /// The name of the index that a rollover of `index` begins with, without its number.
    package var rollover = ""

    package init(index: String = "", tag: String = "", rollover: String = "") {
        self.index = index
        self.tag = tag
        self.rollover = rollover
    }

    /// Text with what stands for `${tag}`, `${tag[1]}`, `${_index}` and `${_rollover}`; other placeholders are text.
    func fill(_ text: String, _ encode: (String) -> String) -> String {
        var out = ""
        var rest = Substring(text)
        while let dollar = rest.firstRange(of: "${") {
            out += rest[..<dollar.lowerBound]
            rest = rest[dollar.lowerBound...]
            guard let close = rest.firstIndex(of: "}"),
                let value = value(of: rest[dollar.upperBound..<close])
            else {
                out += "${"
                rest = rest[dollar.upperBound...]
                continue
            }
            out += encode(value)
            rest = rest[rest.index(after: close)...]
        }
        return out + rest
    }

    /// nil: the name stands for nothing here.
    private func value(of name: Substring) -> String? {
        switch name {
        case "tag": return tag
        case "_index": return index
        case "_rollover": return rollover
        default: break
        }
        guard name.hasPrefix("tag["), name.hasSuffix("]"), let number = Int(name.dropFirst(4).dropLast()) else {
            return nil
        }
        let words = tag.split(separator: ".", omittingEmptySubsequences: false)
        let place = number < 0 ? words.count + number : number
        return words.indices.contains(place) ? String(words[place]) : ""
    }

    /// A part of a URL's path in which only placeholders are left as they are.
    package static func pathTemplate(_ text: String) -> String {
        var out = ""
        var rest = Substring(text)
        while let open = rest.firstRange(of: "${"), let close = rest[open.upperBound...].firstIndex(of: "}") {
            out += percentEncoded(rest[..<open.lowerBound]) + rest[open.lowerBound...close]
            rest = rest[rest.index(after: close)...]
        }
        return out + percentEncoded(rest)
    }

    /// For one part of a URL's path (RFC 3986).
    package static func percentEncoded(_ text: some StringProtocol) -> String {
        var out = ""
        for byte in text.utf8 {
            let isPlain =
                (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                || "-._~".utf8.contains(byte)
            if isPlain {
                out.unicodeScalars.append(UnicodeScalar(byte))
            } else {
                let digits = String(byte, radix: 16, uppercase: true)
                out += "%" + (digits.utf8.count < 2 ? "0" : "") + digits
            }
        }
        return out
    }

    /// For the inside of a JSON string.
    static func jsonEscaped(_ text: String) -> String {
        var quoted = ByteBuffer(capacity: text.utf8.count + 2)
        quoted.appendJSONString(text)
        return quoted.text(Slice(offset: 1, length: quoted.count - 2))
    }
}
