/// Characters of an expression that have a meaning, where a line shows that the operator meant them as text: brackets
/// around a reference, which make a class of its characters, and parentheses, which only group.
struct MeantAsText {
    /// A pair of characters, by their bytes in the expression.
    struct Pair {
        enum Kind: String { case brackets, parentheses }

        let range: Range<Int>
        let kind: Kind
    }

    /// The pairs of an operator's expression, the outer ones first.
    static func pairs(in expression: [UInt8]) -> [Pair] {
        var result: [Pair] = []
        var open: [Int] = []
        var index = 0
        while index < expression.count {
            switch expression[index] {
            case UInt8(ascii: "\\"): index += 1
            case UInt8(ascii: "%"):
                if let reference = GrokReference.first(in: expression, from: index), reference.range.lowerBound == index
                {
                    index = reference.range.upperBound - 1
                }
            case UInt8(ascii: "["):
                if let end = classEnd(expression, from: index) {
                    if GrokReference.first(in: Array(expression[index..<end]), from: 0) != nil {
                        result.append(Pair(range: index..<end, kind: .brackets))
                    }
                    index = end - 1
                }
            case UInt8(ascii: "("): open.append(index)
            case UInt8(ascii: ")"):
                guard let start = open.popLast(), expression[start + 1] != UInt8(ascii: "?") else { break }
                result.append(Pair(range: start..<(index + 1), kind: .parentheses))
            default: break
            }
            index += 1
        }
        return result.sorted { $0.range.lowerBound < $1.range.lowerBound }
    }

    /// The end of a class that begins at a bracket; references inside it may hold brackets.
    private static func classEnd(_ expression: [UInt8], from start: Int) -> Int? {
        var index = start + 1
        while index < expression.count {
            if expression[index] == UInt8(ascii: "\\") {
                index += 2
                continue
            }
            if let reference = GrokReference.first(in: expression, from: index), reference.range.lowerBound == index {
                index = reference.range.upperBound
                continue
            }
            if expression[index] == UInt8(ascii: "]"), index > start + 1 { return index + 1 }
            index += 1
        }
        return nil
    }

    /// The expression with the ends of some pairs as text.
    static func escaping(_ pairs: [Pair], in expression: [UInt8]) -> String {
        let ends = Set(pairs.flatMap { [$0.range.lowerBound, $0.range.upperBound - 1] })
        var result: [UInt8] = []
        for (index, byte) in expression.enumerated() {
            if ends.contains(index) { result.append(UInt8(ascii: "\\")) }
            result.append(byte)
        }
        return String(decoding: result, as: UTF8.self)
    }
}
