internal import Events
internal import Logging

extension ByteBuffer {
    /// Replaces every unsafe character from an offset on, and what is not UTF-8 by U+FFFD.
    mutating func makeSafe(from start: Int, _ replacement: (UInt32) -> String = UnsafeScalar.escape) {
        guard let first = firstSuspicious(from: start) else { return }
        let rest = text(Slice(offset: first, length: count - first))
        truncate(to: first)
        for scalar in rest.unicodeScalars {
            if UnsafeScalar.contains(scalar.value) {
                append(replacement(scalar.value))
            } else {
                append(String(scalar))
            }
        }
    }

    /// The first byte that is a control character or belongs to no ASCII character.
    private func firstSuspicious(from start: Int) -> Int? {
        let bytes = span
        for offset in start..<count where bytes[offset] < 0x20 || bytes[offset] >= 0x7f { return offset }
        return nil
    }
}
