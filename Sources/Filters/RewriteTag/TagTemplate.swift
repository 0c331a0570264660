/// The new tag of a rule of rewrite_tag_filter: `service.$1.${tag_parts[0]}`.
///
/// `$1` is what the first group of the rule's pattern has taken, `${tag}` (or `__TAG__`) the old tag, `${tag_parts[N]}` one
/// of its parts, counted from 0, and `${hostname}` (or `__HOSTNAME__`) this host. What is not there is nothing. Other
/// names in lower-case letters, and in `__CAPITALS__`, are placeholders too, and stand for nothing; everything else is
/// text.
package struct TagTemplate: Sendable, Equatable {
    package enum Part: Sendable, Equatable {
        case text([UInt8])
        case capture(Int)
        case tag
        case tagPart(Int)
        case hostname
        /// As it was written.
        case unknown(String)
    }

    package let parts: [Part]

    package init(_ template: String) {
        let bytes = Array(template.utf8)
        var parts: [Part] = []
        var text: [UInt8] = []
        var index = 0
        while index < bytes.count {
            if let (part, end) = Self.placeholder(bytes, at: index) {
                if !text.isEmpty { parts.append(.text(text)) }
                text = []
                parts.append(part)
                index = end
            } else {
                text.append(bytes[index])
                index += 1
            }
        }
        if !text.isEmpty { parts.append(.text(text)) }
        self.parts = parts
    }

    package var unknownNames: [String] {
        parts.compactMap { if case .unknown(let name) = $0 { name } else { nil } }
    }

    /// The largest group number that it asks for.
    package var lastCapture: Int? {
        parts.compactMap { if case .capture(let number) = $0 { number } else { nil } }.max()
    }

    // MARK: - Syntax

    private static func placeholder(_ bytes: [UInt8], at start: Int) -> (Part, end: Int)? {
        let next = start + 1 < bytes.count ? bytes[start + 1] : 0
        switch (bytes[start], next) {
        case (UInt8(ascii: "$"), UInt8(ascii: "0")...UInt8(ascii: "9")):
            var end = start + 1
            var number = 0
            while end < bytes.count, bytes[end] &- 0x30 < 10 {
                number = min(number * 10 + Int(bytes[end] - 0x30), Int(Int32.max))
                end += 1
            }
            return (.capture(number), end)
        case (UInt8(ascii: "$"), UInt8(ascii: "{")): return braced(bytes, at: start)
        case (UInt8(ascii: "_"), UInt8(ascii: "_")): return capitals(bytes, at: start)
        default: return nil
        }
    }

    /// `${name}` or `${name[7]}`.
    private static func braced(_ bytes: [UInt8], at start: Int) -> (Part, end: Int)? {
        let from = start + 2
        var end = from
        while end < bytes.count, bytes[end] == UInt8(ascii: "_") || (0x61...0x7A).contains(bytes[end]) { end += 1 }
        guard end > from else { return nil }
        let name = String(decoding: bytes[from..<end], as: UTF8.self)
        var number: Int?
        if end < bytes.count, bytes[end] == UInt8(ascii: "[") {
            let digits = end + 1
            end = digits
            while end < bytes.count, bytes[end] &- 0x30 < 10 { end += 1 }
            guard end > digits, end < bytes.count, bytes[end] == UInt8(ascii: "]") else { return nil }
            number = Int(String(decoding: bytes[digits..<end], as: UTF8.self)) ?? Int.max
            end += 1
        }
        guard end < bytes.count, bytes[end] == UInt8(ascii: "}") else { return nil }
        end += 1
        return switch (name, number) {
        case ("tag", nil): (.tag, end)
        case ("hostname", nil): (.hostname, end)
        case ("tag_parts", let number?): (.tagPart(number), end)
        default: (.unknown(String(decoding: bytes[start..<end], as: UTF8.self)), end)
        }
    }

    /// `__NAME__`, as long as it can be.
    private static func capitals(_ bytes: [UInt8], at start: Int) -> (Part, end: Int)? {
        let underscore = UInt8(ascii: "_")
        var end = start + 2
        while end < bytes.count, bytes[end] == underscore || (0x41...0x5A).contains(bytes[end]) { end += 1 }
        while end > start + 4, bytes[end - 1] != underscore || bytes[end - 2] != underscore { end -= 1 }
        guard end > start + 4 else { return nil }
        let name = String(decoding: bytes[start..<end], as: UTF8.self)
        return switch name {
        case "__TAG__": (.tag, end)
        case "__HOSTNAME__": (.hostname, end)
        default: (.unknown(name), end)
        }
    }

    // MARK: - Filled in

    /// A new tag of an old one, with a word in the place of each group.
    package func example(of tag: [UInt8]) -> [UInt8] {
        let parts = tag.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).map(Array.init)
        return pieces(tag: tag, tagParts: parts, hostname: Array("host".utf8)).flatMap { piece in
            if case .text(let bytes) = piece { bytes } else { Array("word".utf8) }
        }
    }

    /// What is left to fill in when the old tag is known: text and the numbers of groups by turns.
    enum Piece: Equatable {
        case text([UInt8])
        case capture(Int)
    }

    func pieces(tag: [UInt8], tagParts: [[UInt8]], hostname: [UInt8]) -> [Piece] {
        var pieces: [Piece] = []
        var text: [UInt8] = []
        for part in parts {
            switch part {
            case .text(let bytes): text += bytes
            case .tag: text += tag
            case .hostname: text += hostname
            case .tagPart(let number): if number < tagParts.count { text += tagParts[number] }
            case .unknown: break
            case .capture(let number):
                if !text.isEmpty { pieces.append(.text(text)) }
                text = []
                pieces.append(.capture(number))
            }
        }
        if !text.isEmpty { pieces.append(.text(text)) }
        return pieces
    }
}
