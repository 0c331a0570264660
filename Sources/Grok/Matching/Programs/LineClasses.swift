/// The class of each byte, for a program: bytes that none of its sets tells apart have one. A set is a mask of classes then.
struct LineClasses {
    private(set) var table = [UInt8](repeating: 0, count: 256)
    private var count = 1

    /// - Parameters:
    ///   - exact: sets whose members are consumed.
    ///   - rough: of what can come next, which is only a means to be quick: where classes run out, a set stands for more.
    /// - Throws: `NotCovered` when the exact sets need more classes than there are.
    init(exact: [ByteSet], rough: [ByteSet]) throws(LineElementReader.NotCovered) {
        for set in exact where !split(by: set) { throw LineElementReader.NotCovered() }
        for set in rough { _ = split(by: set) }
        for byte in 0x80..<0xC0 { table[byte] = UInt8(LineClass.continuation) }
        for byte in 0xC0..<0x100 { table[byte] = UInt8(LineClass.lead) }
    }

    /// Makes the set one of whole classes; false when there would be too many.
    private mutating func split(by set: ByteSet) -> Bool {
        var inside: [UInt8: UInt8] = [:]
        var outside: Set<UInt8> = []
        for byte in UInt8(0)...0x7F where !set.contains(byte) { outside.insert(table[Int(byte)]) }
        var next = count
        for byte in UInt8(0)...0x7F where set.contains(byte) && outside.contains(table[Int(byte)]) {
            if inside[table[Int(byte)]] == nil {
                inside[table[Int(byte)]] = UInt8(next)
                next += 1
            }
        }
        guard next <= LineClass.asciiCount else { return false }
        for byte in UInt8(0)...0x7F where set.contains(byte) {
            if let new = inside[table[Int(byte)]] { table[Int(byte)] = new }
        }
        count = next
        return true
    }

    private func asciiMask(_ set: ByteSet) -> UInt64 {
        var mask: UInt64 = 0
        for byte in UInt8(0)...0x7F where set.contains(byte) { mask |= 1 << UInt64(table[Int(byte)]) }
        return mask
    }

    /// The classes of a set that is consumed.
    func mask(_ set: ByteSet) -> UInt64 {
        asciiMask(set) | (set.beyond == .all ? 1 << LineClass.lead | 1 << LineClass.continuation : 0)
    }

    /// The classes of what may come next, at the beginning of a character.
    func mask(_ lead: LineLead) -> UInt64 {
        let beyond: UInt64 = lead.set.beyond == .none ? 0 : 1 << LineClass.lead
        return asciiMask(lead.set) | beyond | (lead.mayEnd ? 1 << LineClass.end : 0)
    }
}
