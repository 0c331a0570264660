/// How bytes reach a decoder in a test. What a decoder makes of them must not depend on it.
package enum Feeding: CaseIterable, Sendable {
    case whole
    /// One byte a read.
    case dripped
    /// Cut at pseudo-random places, a few bytes at a time.
    case chopped

    package func pieces(of bytes: [UInt8]) -> [[UInt8]] {
        switch self {
        case .whole: return bytes.isEmpty ? [] : [bytes]
        case .dripped: return bytes.map { [$0] }
        case .chopped:
            var generator = SeededGenerator(seed: UInt64(bytes.count))
            var pieces: [[UInt8]] = []
            var offset = 0
            while offset < bytes.count {
                let size = min(bytes.count - offset, Int.random(in: 1...40, using: &generator))
                pieces.append(Array(bytes[offset..<(offset + size)]))
                offset += size
            }
            return pieces
        }
    }
}
