internal import Events
internal import Glibc
internal import Words

/// What classes themselves can do: `Time.now`, `JSON.parse`, `Digest::SHA256.hexdigest`.
extension ExpressionEvaluator {
    mutating func classMethod(
        _ type: RubyClass, _ method: Method, _ arguments: Arguments
    ) throws(ExpressionFailure) -> ExpressionValue? {
        if method == .name { return try string(type.rawValue) }
        guard type.methods.contains(method) else { return nil }
        switch type {
        case .time, .dateTime, .date: return try timeClassMethod(type, method, arguments)
        case .json, .oj, .yajl:
            switch method {
            case .parse, .load:
                if let symbols = try option("symbolize_names", arguments), symbols.isTrue {
                    throw ExpressionFailure(
                        "NotImplementedError", "keys of JSON are strings here: leave symbolize_names out")
                }
                return try parseJSON(try text(arguments[0]))
            case .pretty_generate:
                throw ExpressionFailure("NotImplementedError", "JSON is written on one line: use to_json")
            default:
                var text = ByteBuffer()
                try writeJSON(arguments[0], to: &text)
                return .string(try string(text))
            }
        case .socket: return try string(context.hostname)
        case .ipAddress: return .string(try address(try text(arguments[0])))
        case .file, .io, .directory: return try fileClassMethod(type, method, arguments)
        case .process: return .integer(Int128(getpid()))
        case .secureRandom: return try random(method, arguments)
        case .base64: return try base64(method, try text(arguments[0]))
        case .md5, .sha1, .sha256:
            let subject = try text(arguments[0])
            try step(Int(subject.length) / 8)
            let digest = Digest.of(storage.array(subject), type)
            if method == .base64digest { return try string(Base64.encoded(digest)) }
            return try string(digest.flatMap { [Self.hexDigit($0 >> 4), Self.hexDigit($0 & 15)] })
        case .cgi, .uri: return try escaped(method, try text(of: arguments[0]))
        case .regexp:
            if method == .last_match {
                guard let lastMatch else { return .null }
                return arguments.count == 0 ? .match(lastMatch) : try group(arguments[0], of: lastMatch)
            }
            let special = Array("\\^$.|?*+()[]{}-# ".utf8)
            return try string(
                storage.array(try text(arguments[0])).flatMap {
                    special.contains($0) ? [UInt8(ascii: "\\"), $0] : [$0]
                })
        default: return nil
        }
    }

    /// `IPAddr.new`: the text itself, once it is known to be an address.
    private mutating func address(_ slice: Slice) throws(ExpressionFailure) -> Slice {
        let text = storage.text(slice)
        if Self.isAddress(text, AF_INET) || Self.isAddress(text, AF_INET6) { return slice }
        throw ExpressionFailure("IPAddr::InvalidAddressError", "invalid address: \(text)")
    }

    /// Whether a text is an address of a family (inet_pton(3)).
    static func isAddress(_ text: String, _ family: Int32) -> Bool {
        var address = in6_addr()
        // Room for either family.
        return unsafe inet_pton(family, text, &address) == 1
    }

    static func hexDigit(_ value: UInt8) -> UInt8 { value < 10 ? value + 0x30 : value + 0x57 }

    private mutating func random(
        _ method: Method, _ arguments: Arguments
    ) throws(ExpressionFailure) -> ExpressionValue {
        var generator = SystemRandomNumberGenerator()
        switch method {
        case .hex:
            let count = arguments.count > 0 && !arguments[0].isNull ? try integer(arguments[0]) : 16
            guard (0...4096).contains(count) else { throw .argument("the number of bytes is out of range") }
            var text: [UInt8] = []
            for _ in 0..<count {
                let byte = UInt8.random(in: .min ... .max, using: &generator)
                text += [Self.hexDigit(byte >> 4), Self.hexDigit(byte & 15)]
            }
            return try string(text)
        case .random_number:
            if case .integer(let bound) = arguments[0], bound > 0, let bound = Int64(exactly: bound) {
                return .integer(Int128(Int64.random(in: 0..<bound, using: &generator)))
            }
            return .float(Double.random(in: 0..<1, using: &generator))
        default:
            // RFC 9562, version 4.
            var bytes = (0..<16).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
            bytes[6] = bytes[6] & 0x0F | 0x40
            bytes[8] = bytes[8] & 0x3F | 0x80
            var text: [UInt8] = []
            for (index, byte) in bytes.enumerated() {
                if [4, 6, 8, 10].contains(index) { text.append(UInt8(ascii: "-")) }
                text += [Self.hexDigit(byte >> 4), Self.hexDigit(byte & 15)]
            }
            return try string(text)
        }
    }

    private mutating func base64(_ method: Method, _ slice: Slice) throws(ExpressionFailure) -> ExpressionValue {
        let bytes = storage.array(slice)
        try checkRoom(bytes.count * 2)
        switch method {
        case .encode64: return try string(Base64.encoded(bytes, lineLength: 60))
        case .strict_encode64: return try string(Base64.encoded(bytes))
        case .urlsafe_encode64: return try string(Base64.encoded(bytes, urlSafe: true))
        default:
            guard let decoded = Base64.decoded(bytes, strict: method != .decode64) else {
                throw .argument("invalid base64")
            }
            return try string(decoded)
        }
    }

    /// Per cent escapes of URLs (RFC 3986, and `+` for a blank as forms have it), and the entities of HTML.
    private mutating func escaped(_ method: Method, _ slice: Slice) throws(ExpressionFailure) -> ExpressionValue {
        let bytes = storage.array(slice)
        try checkRoom(bytes.count * 6)
        var out: [UInt8] = []
        switch method {
        case .escape, .encode_www_form_component:
            let plain = Array((method == .escape ? "-._~" : "-._*").utf8)
            for byte in bytes {
                if byte == 0x20 {
                    out.append(UInt8(ascii: "+"))
                } else if byte &- 0x30 < 10 || (byte | 0x20) &- 0x61 < 26 && byte < 0x80 || plain.contains(byte) {
                    out.append(byte)
                } else {
                    out += Array("%".utf8) + [byte >> 4, byte & 15].map { $0 < 10 ? $0 + 0x30 : $0 + 0x37 }
                }
            }
        case .unescape, .decode_www_form_component:
            var place = 0
            while place < bytes.count {
                if bytes[place] == UInt8(ascii: "%"), place + 2 < bytes.count,
                    let high = Self.digit(bytes[place + 1]), let low = Self.digit(bytes[place + 2]), high < 16, low < 16
                {
                    out.append(UInt8(high * 16 + low))
                    place += 3
                } else {
                    out.append(bytes[place] == UInt8(ascii: "+") ? 0x20 : bytes[place])
                    place += 1
                }
            }
        case .escapeHTML:
            for byte in bytes {
                switch byte {
                case UInt8(ascii: "&"): out += Array("&amp;".utf8)
                case UInt8(ascii: "<"): out += Array("&lt;".utf8)
                case UInt8(ascii: ">"): out += Array("&gt;".utf8)
                case UInt8(ascii: "\""): out += Array("&quot;".utf8)
                case UInt8(ascii: "'"): out += Array("&#39;".utf8)
                default: out.append(byte)
                }
            }
        default:
            var text = String(decoding: bytes, as: UTF8.self)
            for (entity, character) in [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")]
            {
                text.replace(entity, with: character)
            }
            out = Array(text.utf8)
        }
        return try string(out)
    }
}
