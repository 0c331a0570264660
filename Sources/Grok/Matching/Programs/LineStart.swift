/// The bytes that a match can begin with, for several kinds of beginning side by side: bit k of a table tells whether kind k can
/// have the byte at that offset. A place where no kind fits all its bytes is none where a match begins.
struct LineStart {
    /// How many bytes are looked at.
    static let depth = 4
    /// The months and a year; those beyond share the last bit.
    private static let mostKinds = 16
    /// Steps of working it out; what takes more can begin with anything.
    private static let mostSteps = 4_000

    /// For each offset 256 entries.
    private(set) var tables: [UInt16]
    /// The kinds that may begin where a word goes on.
    private(set) var insideWords: UInt16 = 0
    private var stepsLeft = mostSteps

    init(_ root: LineElement) {
        tables = [UInt16](repeating: 0, count: Self.depth * 256)
        for (index, kind) in Self.kinds(of: [root]).enumerated() {
            let bit = UInt16(1) << UInt16(min(index, Self.mostKinds - 1))
            if !Self.beginsWord(kind) { insideWords |= bit }
            for (offset, set) in sets(kind[...], Self.depth).enumerated() {
                for byte in 0..<256 {
                    // A byte beyond ASCII is the first of its character here: what stands behind it is anything.
                    let fits = byte < 0x80 ? set.contains(UInt8(byte)) : set.beyond != .none
                    if fits { tables[offset * 256 + byte] |= bit }
                }
            }
        }
    }

    /// The alternatives that an expression begins with, each with all that follows.
    private static func kinds(of items: [LineElement]) -> [[LineElement]] {
        guard let first = items.first else { return [items] }
        let rest = Array(items.dropFirst())
        switch first {
        case .capture(_, let body), .atomic(let body): return kinds(of: [body] + rest)
        case .sequence(let inner): return kinds(of: inner + rest)
        case .choice(let ways): return ways.flatMap { kinds(of: [$0] + rest) }
        case .check: return kinds(of: rest).map { [first] + $0 }
        default: return [items]
        }
    }

    private static func beginsWord(_ kind: [LineElement]) -> Bool {
        for case .check(let check) in kind.prefix(while: { if case .check = $0 { true } else { false } }) {
            if case .wordStart = check { return true }
        }
        return false
    }

    /// What can stand at each of the next places.
    private mutating func sets(_ items: ArraySlice<LineElement>, _ depth: Int) -> [ByteSet] {
        stepsLeft -= 1
        guard depth > 0 else { return [] }
        let anything = [ByteSet](repeating: .everything, count: depth)
        guard stepsLeft > 0, let first = items.first else { return anything }
        let rest = items.dropFirst()
        switch first {
        case .literal(let bytes):
            guard let byte = bytes.first else { return sets(rest, depth) }
            return after(ByteSet(byte: byte), [.literal(Array(bytes.dropFirst()))] + rest, depth)
        case .run(let set, let minimum, let maximum, let mode):
            let more = maximum == .max ? Int.max : maximum - 1
            let once =
                maximum > 0
                ? after(set, [.run(set, minimum: max(minimum - 1, 0), maximum: more, mode)] + rest, depth) : nil
            guard minimum == 0 else { return once ?? anything }
            let none = sets(rest, depth)
            return once.map { Self.union($0, none) } ?? none
        case .digits(let table):
            var all = after(table.beginnings, rest, depth)
            for length in 2..<max(table.digits + 1, 2) {
                let digits = LineElement.run(.digits, minimum: length - 1, maximum: length - 1, .greedy)
                all = Self.union(all, after(table.beginnings, [digits] + rest, depth))
            }
            return all
        case .sequence(let inner): return sets(inner[...] + rest, depth)
        case .choice(let ways):
            var all: [ByteSet]?
            for way in ways {
                let own = sets([way] + rest, depth)
                all = all.map { Self.union($0, own) } ?? own
            }
            return all ?? anything
        case .loop(let body, _): return Self.union(sets(rest, depth), sets([body, first] + rest, depth))
        case .capture(_, let body), .atomic(let body): return sets([body] + rest, depth)
        case .check: return sets(rest, depth)
        case .known(let known): return sets([known.element] + rest, depth)
        }
    }

    private mutating func after(_ set: ByteSet, _ rest: ArraySlice<LineElement>, _ depth: Int) -> [ByteSet] {
        guard set.beyond == .none else {
            return [set] + [ByteSet](repeating: .everything, count: depth - 1)
        }
        return [set] + sets(rest, depth - 1)
    }

    private static func union(_ first: [ByteSet], _ second: [ByteSet]) -> [ByteSet] {
        zip(first, second).map { $0.union($1) }
    }
}
