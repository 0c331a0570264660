/// Cuts a sample line into tokens: times, addresses, numbers, quoted text, keys, words, punctuation.
struct LineTokenizer {
    /// How far a closing quote or bracket is looked for.
    static let maximumGroupBytes = 4_096
    /// Tokens of a line; what follows belongs to the text at the end.
    static let maximumTokens = 200

    private let line: [UInt8]
    private let end: Int
    /// Values of `key=value` reach to the next ` | `.
    private let hasBars: Bool
    private var position = 0
    private var tokens: [SampleToken] = []

    /// The tokens of a line; blanks at its end belong to none.
    static func tokens(of line: [UInt8]) -> [SampleToken] {
        var tokenizer = LineTokenizer(line)
        tokenizer.run()
        return tokenizer.tokens
    }

    private init(_ line: [UInt8]) {
        self.line = line
        end = (line.lastIndex { !$0.isBlank } ?? -1) + 1
        var bars = 0
        var index = 1
        while index + 1 < end {
            if line[index] == UInt8(ascii: "|"), line[index - 1] == 0x20, line[index + 1] == 0x20 { bars += 1 }
            index += 1
        }
        hasBars = bars >= 1
    }

    private mutating func run() {
        while tokens.count < Self.maximumTokens {
            let begin = position
            var tabbed = false
            while position < end, line[position].isBlank {
                if line[position] == 0x09 { tabbed = true }
                position += 1
            }
            guard position < end else { return }
            let first = tokens.count
            scan()
            if first < tokens.count {
                tokens[first].blanks = tokens[first].start - begin
                tokens[first].isTabbed = tabbed
            }
        }
    }

    private mutating func add(_ kind: SampleToken.Kind, to stop: Int, form: Int = 0) {
        tokens.append(SampleToken(kind: kind, start: position, end: stop, form: form))
        position = stop
    }

    private mutating func scan() {
        let byte = line[position]
        if byte.isDigit || byte.isLetter, let found = TimestampForm.longest(in: line, at: position) {
            return add(.timestamp, to: found.end, form: found.index)
        }
        switch byte {
        case UInt8(ascii: "\""):
            if let close = quote(from: position) { return add(.quoted, to: close + 1) }
            return add(.punctuation, to: position + 1)
        case UInt8(ascii: "'"):
            if let close = quote(from: position), close + 1 >= end || !line[close + 1].isWord {
                return add(.apostrophes, to: close + 1)
            }
            return add(.punctuation, to: position + 1)
        case UInt8(ascii: "["), UInt8(ascii: "("), UInt8(ascii: "{"), UInt8(ascii: "<"), UInt8(ascii: "]"),
            UInt8(ascii: ")"), UInt8(ascii: "}"), UInt8(ascii: ">"), UInt8(ascii: "|"), UInt8(ascii: ","),
            UInt8(ascii: ";"), UInt8(ascii: "="), UInt8(ascii: ":"), UInt8(ascii: "#"):
            return add(.punctuation, to: position + 1)
        default:
            if let equals = keyEnd(at: position) {
                add(.key, to: equals + 1)
                return value()
            }
            run(to: runEnd(from: position))
        }
    }

    /// Where the quoted text that begins at `start` has its closing quote.
    private func quote(from start: Int) -> Int? {
        let limit = min(end, start + Self.maximumGroupBytes)
        var index = start + 1
        while index < limit {
            if line[index] == line[start] { return index }
            index += line[index] == UInt8(ascii: "\\") ? 2 : 1
        }
        return nil
    }

    /// The equals sign of `name=` at a place.
    func keyEnd(at start: Int) -> Int? {
        guard start < end, line[start].isLetter || line[start] == 0x5F || line[start] == UInt8(ascii: "@") else {
            return nil
        }
        var index = start + 1
        while index < end, line[index].isWord || line[index] == UInt8(ascii: ".") || line[index] == UInt8(ascii: "-") {
            index += 1
        }
        guard index < end, index - start <= 64, line[index] == UInt8(ascii: "=") else { return nil }
        guard index + 1 >= end || line[index + 1] != UInt8(ascii: "=") else { return nil }
        return index
    }

    /// The value behind a key; nothing when a blank and a value follow, which are read like any other.
    private mutating func value() {
        guard position < end else { return add(.empty, to: position) }
        let byte = line[position]
        if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'"), let close = quote(from: position) {
            return add(byte == UInt8(ascii: "\"") ? .quoted : .apostrophes, to: close + 1)
        }
        if byte == 0x20, position + 1 < end, line[position + 1] != UInt8(ascii: "|"),
            keyEnd(at: position + 1) == nil, hasBars
        {
            return
        }
        if let found = TimestampForm.longest(in: line, at: position), isValueEnd(found.end) {
            return add(.timestamp, to: found.end, form: found.index)
        }
        let stop = valueEnd()
        if stop == position { return add(.empty, to: position) }
        let kind = Self.kind(of: line[position..<stop])
        let hasBlank = line[position..<stop].contains { $0.isBlank }
        add(hasBlank ? .text : kind, to: stop)
    }

    private func isValueEnd(_ index: Int) -> Bool {
        index >= end || line[index].isBlank || line[index] == UInt8(ascii: ",") || line[index] == UInt8(ascii: ";")
    }

    private func valueEnd() -> Int {
        var index = position
        var depth = 0
        while index < end {
            switch line[index] {
            case UInt8(ascii: "("), UInt8(ascii: "["), UInt8(ascii: "{"): depth += 1
            case UInt8(ascii: ")"), UInt8(ascii: "]"), UInt8(ascii: "}"):
                depth -= 1
                if depth < 0 { return index }
            case UInt8(ascii: ","), UInt8(ascii: ";"):
                if depth == 0, index + 1 >= end || line[index + 1].isBlank || keyEnd(at: index + 1) != nil {
                    return index
                }
            case 0x20, 0x09:
                if hasBars {
                    var next = index
                    while next < end, line[next].isBlank { next += 1 }
                    if next >= end || line[next] == UInt8(ascii: "|") || keyEnd(at: next) != nil { return index }
                } else if depth <= 0 || index - position > 256 {
                    return index
                }
            default: break
            }
            index += 1
        }
        return end
    }

    /// Where a run of bytes without blanks, brackets and quotes ends.
    private func runEnd(from start: Int) -> Int {
        var index = start
        var isAddress = line[start] == UInt8(ascii: "/")
        while index < end {
            let byte = line[index]
            if byte.isBlank || byte == UInt8(ascii: "\"") { break }
            if byte == UInt8(ascii: ":"), index + 2 < end, line[index + 1] == UInt8(ascii: "/"),
                line[index + 2] == UInt8(ascii: "/")
            {
                isAddress = true
            }
            switch byte {
            case UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "{"),
                UInt8(ascii: "}"), UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "|"):
                return index
            case UInt8(ascii: "'"):
                // An apostrophe within a word is part of it.
                let isInside = index > start && line[index - 1].isWord && index + 1 < end && line[index + 1].isWord
                if !isInside { return index }
            case UInt8(ascii: ","), UInt8(ascii: ";"):
                if !isAddress || index + 1 >= end || line[index + 1].isBlank { return index }
            case UInt8(ascii: "="), UInt8(ascii: "#"):
                if !isAddress { return index }
            default: break
            }
            index += 1
        }
        return index
    }

    /// Adds a run; punctuation at its end and colons within it are tokens of their own.
    private mutating func run(to stop: Int) {
        guard stop > position else { return add(.punctuation, to: position + 1) }
        var stop = stop
        let whole = Self.kind(of: line[position..<stop])
        if whole == .dash || whole == .ipv6 || whole == .mac { return add(whole, to: stop) }
        while stop - 1 > position,
            [UInt8(ascii: ":"), UInt8(ascii: "."), UInt8(ascii: "!"), UInt8(ascii: "?")]
                .contains(line[stop - 1])
        {
            stop -= 1
        }
        let kind = Self.kind(of: line[position..<stop])
        if kind == .opaque {
            // A star or a sign before a number (`*12`), a name and a port (`db:5432`), a place in a file (`main.go:12`).
            if line[position] == UInt8(ascii: "*") || line[position] == UInt8(ascii: "@") {
                return add(.punctuation, to: position + 1)
            }
            if let colon = line[position..<stop].firstIndex(of: UInt8(ascii: ":")), colon > position {
                let left = Self.kind(of: line[position..<colon])
                let right = Self.kind(of: line[(colon + 1)..<stop])
                let isPort = right == .integer && left != .integer && left != .opaque
                if isPort || left == .level { return add(left, to: colon) }
            }
        }
        add(kind, to: stop)
    }
}
