/// Bytes that every match of an expression contains: where they are missing, the engine need not run.
package struct RequiredLiteral: Sendable, Equatable {
    /// The bytes, at least two.
    package let bytes: [UInt8]
    /// The byte to search with `memchr`: the one that log lines hold least often.
    let rarestOffset: Int

    init?(_ bytes: [UInt8]) {
        guard bytes.count >= 2 else { return nil }
        self.bytes = bytes
        var best = 0
        for index in bytes.indices where Self.rarity(bytes[index]) >= Self.rarity(bytes[best]) { best = index }
        rarestOffset = best
    }

    /// Higher is rarer in log lines; a rough order is enough.
    private static func rarity(_ byte: UInt8) -> Int {
        switch byte {
        case 0x20: 0
        case UInt8(ascii: "e"), UInt8(ascii: "t"), UInt8(ascii: "a"), UInt8(ascii: "i"), UInt8(ascii: "o"),
            UInt8(ascii: "n"), UInt8(ascii: "s"), UInt8(ascii: "r"), UInt8(ascii: "0"), UInt8(ascii: "1"),
            UInt8(ascii: "2"):
            1
        case 0x30...0x39, 0x61...0x7A, UInt8(ascii: "."), UInt8(ascii: ":"), UInt8(ascii: "-"), UInt8(ascii: "/"): 2
        case UInt8(ascii: "\""), UInt8(ascii: "="), UInt8(ascii: ","), 0x41...0x5A: 3
        default: 4
        }
    }

    private var weight: Int { bytes.reduce(0) { $0 + 2 + Self.rarity($1) } }

    /// The most selective literal of a tree, if it has one.
    static func of(_ node: PatternNode) -> RequiredLiteral? {
        var runs: [[UInt8]] = []
        var run: [UInt8] = []
        collect(node, &runs, &run)
        runs.append(run)
        return runs.compactMap { RequiredLiteral($0) }.max { $0.weight < $1.weight }
    }

    /// Walks what is always matched, in order. `run` is the text that ends where the walk is.
    private static func collect(_ node: PatternNode, _ runs: inout [[UInt8]], _ run: inout [UInt8]) {
        func interrupt() {
            runs.append(run)
            run = []
        }
        switch node.kind {
        case .empty, .anchor, .look: break
        case .literal(let scalar, let ignoringCase):
            let isLetter = scalar > 0x7F || (0x61...0x7A).contains(scalar | 0x20)
            guard !(ignoringCase && isLetter), let value = Unicode.Scalar(scalar) else { return interrupt() }
            run.append(contentsOf: String(value).utf8)
        case .oneOf(let expression, let ignoringCase):
            guard let set = expression.evaluated(ignoringCase: ignoringCase, members: { _ in nil }),
                set.ranges.count == 1, let only = set.ranges.first, only.count == 1, only.lowerBound < 0x80,
                !ignoringCase
            else { return interrupt() }
            run.append(UInt8(only.lowerBound))
        case .sequence(let items):
            for item in items { collect(item, &runs, &run) }
        case .group(let body), .scoped(_, let body), .capture(_, _, let body), .atomic(let body):
            collect(body, &runs, &run)
        case .repetition(let repetition, let body) where repetition.minimum > 0:
            // The first round is certain and adjoins what stands before; the end of the last adjoins nothing known.
            collect(body, &runs, &run)
            if repetition.maximum != 1 { interrupt() }
        case .repetition, .any, .lineBreak, .grapheme, .alternation, .backreference, .call, .conditional, .absent:
            interrupt()
        }
    }
}
