import Grok

/// Lines that other parsers read: JSON and LTSV.
enum StructuredLine {
    /// Nesting that is followed.
    private static let maximumDepth = 64

    /// Whether a line is a JSON object (RFC 8259), blanks around it left out.
    static func isJSON(_ line: [UInt8]) -> Bool {
        var index = 0
        skipBlanks(line, &index)
        guard index < line.count, line[index] == UInt8(ascii: "{"), value(line, &index, 0) else { return false }
        skipBlanks(line, &index)
        return index == line.count
    }

    /// Whether a line is `label:value` parts between tabs (ltsv.org), at least two of them.
    static func isLTSV(_ line: [UInt8]) -> Bool {
        let parts = line.split(separator: 0x09, omittingEmptySubsequences: false)
        return parts.count >= 2
            && parts.allSatisfy { part in
                guard let colon = part.firstIndex(of: UInt8(ascii: ":")), colon > part.startIndex else { return false }
                return part[..<colon].allSatisfy {
                    $0.isWord || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-")
                } && part[part.startIndex].isDigit == false
            }
    }

    private static func skipBlanks(_ line: [UInt8], _ index: inout Int) {
        while index < line.count, line[index].isBlank { index += 1 }
    }

    private static func value(_ line: [UInt8], _ index: inout Int, _ depth: Int) -> Bool {
        skipBlanks(line, &index)
        guard index < line.count, depth < maximumDepth else { return false }
        switch line[index] {
        case UInt8(ascii: "{"): return members(line, &index, depth, close: UInt8(ascii: "}"), named: true)
        case UInt8(ascii: "["): return members(line, &index, depth, close: UInt8(ascii: "]"), named: false)
        case UInt8(ascii: "\""): return string(line, &index)
        case UInt8(ascii: "t"): return word("true", line, &index)
        case UInt8(ascii: "f"): return word("false", line, &index)
        case UInt8(ascii: "n"): return word("null", line, &index)
        default:
            let start = index
            while index < line.count, line[index].isDigit || [0x2B, 0x2D, 0x2E, 0x45, 0x65].contains(line[index]) {
                index += 1
            }
            return index > start && line[start..<index].contains { $0.isDigit }
        }
    }

    private static func members(
        _ line: [UInt8], _ index: inout Int, _ depth: Int, close: UInt8, named: Bool
    ) -> Bool {
        index += 1
        skipBlanks(line, &index)
        if index < line.count, line[index] == close {
            index += 1
            return true
        }
        while index < line.count {
            skipBlanks(line, &index)
            if named {
                guard string(line, &index) else { return false }
                skipBlanks(line, &index)
                guard index < line.count, line[index] == UInt8(ascii: ":") else { return false }
                index += 1
            }
            guard value(line, &index, depth + 1) else { return false }
            skipBlanks(line, &index)
            guard index < line.count else { return false }
            index += 1
            if line[index - 1] == close { return true }
            guard line[index - 1] == UInt8(ascii: ",") else { return false }
        }
        return false
    }

    private static func string(_ line: [UInt8], _ index: inout Int) -> Bool {
        guard index < line.count, line[index] == UInt8(ascii: "\"") else { return false }
        index += 1
        while index < line.count {
            switch line[index] {
            case UInt8(ascii: "\""):
                index += 1
                return true
            case UInt8(ascii: "\\"): index += 2
            case 0..<0x20: return false
            default: index += 1
            }
        }
        return false
    }

    private static func word(_ text: String, _ line: [UInt8], _ index: inout Int) -> Bool {
        guard line[index...].starts(with: text.utf8) else { return false }
        index += text.utf8.count
        return true
    }
}
