internal import Glibc

/// Digests, for ids that are the same for the same text: MD5 (RFC 1321), SHA-1 (RFC 3174) and SHA-256 (RFC 6234).
package enum Digest {
    static func of(_ bytes: [UInt8], _ type: RubyClass) -> [UInt8] {
        switch type {
        case .md5: md5(bytes)
        case .sha1: sha1(bytes)
        default: sha256(bytes)
        }
    }

    /// The text with a one, zeros and its length in bits: whole blocks of 64 bytes.
    private static func padded(_ bytes: [UInt8], isLittleEndian: Bool) -> [UInt8] {
        var text = bytes + [0x80]
        while text.count % 64 != 56 { text.append(0) }
        let bits = UInt64(bytes.count) &* 8
        for index in 0..<8 {
            text.append(UInt8(truncatingIfNeeded: bits >> UInt64(8 * (isLittleEndian ? index : 7 - index))))
        }
        return text
    }

    private static func words(_ text: [UInt8], _ start: Int, isLittleEndian: Bool) -> [UInt32] {
        (0..<16).map { word in
            (0..<4).reduce(0) { $0 | UInt32(text[start + 4 * word + $1]) << UInt32(8 * (isLittleEndian ? $1 : 3 - $1)) }
        }
    }

    private static func bytes(_ words: [UInt32], isLittleEndian: Bool) -> [UInt8] {
        words.flatMap { word in
            (0..<4).map { UInt8(truncatingIfNeeded: word >> UInt32(8 * (isLittleEndian ? $0 : 3 - $0))) }
        }
    }

    private static func left(_ word: UInt32, _ places: UInt32) -> UInt32 { word << places | word >> (32 - places) }
    private static func right(_ word: UInt32, _ places: UInt32) -> UInt32 { word >> places | word << (32 - places) }

    // MARK: - MD5

    private static let turns: [[UInt32]] = [[7, 12, 17, 22], [5, 9, 14, 20], [4, 11, 16, 23], [6, 10, 15, 21]]
    /// The first 32 bits of the fractions of |sin(1)|, |sin(2)| …
    private static let sines = (1...64).map { UInt32(Glibc.sin(Double($0)).magnitude * 4_294_967_296) }

    package static func md5(_ bytes: [UInt8]) -> [UInt8] {
        let text = padded(bytes, isLittleEndian: true)
        var state: [UInt32] = [0x6745_2301, 0xEFCD_AB89, 0x98BA_DCFE, 0x1032_5476]
        for start in stride(from: 0, to: text.count, by: 64) {
            let words = words(text, start, isLittleEndian: true)
            var (a, b, c, d) = (state[0], state[1], state[2], state[3])
            for step in 0..<64 {
                let mixed: UInt32
                let word: Int
                switch step / 16 {
                case 0: (mixed, word) = (b & c | ~b & d, step)
                case 1: (mixed, word) = (d & b | ~d & c, (5 * step + 1) % 16)
                case 2: (mixed, word) = (b ^ c ^ d, (3 * step + 5) % 16)
                default: (mixed, word) = (c ^ (b | ~d), 7 * step % 16)
                }
                let sum = a &+ mixed &+ sines[step] &+ words[word]
                (a, d, c, b) = (d, c, b, b &+ left(sum, turns[step / 16][step % 4]))
            }
            for (index, value) in [a, b, c, d].enumerated() { state[index] &+= value }
        }
        return Self.bytes(state, isLittleEndian: true)
    }

    // MARK: - SHA-1

    package static func sha1(_ bytes: [UInt8]) -> [UInt8] {
        let text = padded(bytes, isLittleEndian: false)
        var state: [UInt32] = [0x6745_2301, 0xEFCD_AB89, 0x98BA_DCFE, 0x1032_5476, 0xC3D2_E1F0]
        for start in stride(from: 0, to: text.count, by: 64) {
            var words = words(text, start, isLittleEndian: false)
            for step in 16..<80 {
                words.append(left(words[step - 3] ^ words[step - 8] ^ words[step - 14] ^ words[step - 16], 1))
            }
            var (a, b, c, d, e) = (state[0], state[1], state[2], state[3], state[4])
            for step in 0..<80 {
                let (mixed, constant): (UInt32, UInt32) =
                    switch step / 20 {
                    case 0: (b & c | ~b & d, 0x5A82_7999)
                    case 1: (b ^ c ^ d, 0x6ED9_EBA1)
                    case 2: (b & c | b & d | c & d, 0x8F1B_BCDC)
                    default: (b ^ c ^ d, 0xCA62_C1D6)
                    }
                let sum = left(a, 5) &+ mixed &+ e &+ constant &+ words[step]
                (a, b, c, d, e) = (sum, a, left(b, 30), c, d)
            }
            for (index, value) in [a, b, c, d, e].enumerated() { state[index] &+= value }
        }
        return Self.bytes(state, isLittleEndian: false)
    }

    // MARK: - SHA-256

    private static let primes: [Int] = {
        var primes: [Int] = []
        var candidate = 2
        while primes.count < 64 {
            if primes.allSatisfy({ candidate % $0 != 0 }) { primes.append(candidate) }
            candidate += 1
        }
        return primes
    }()
    /// The first 32 bits of the fractions of the cube roots of the first primes.
    private static let roundConstants = primes.map { UInt32(fraction(Glibc.cbrt(Double($0)))) }

    private static func fraction(_ root: Double) -> Double {
        ((root - root.rounded(.down)) * 4_294_967_296).rounded(.down)
    }

    package static func sha256(_ bytes: [UInt8]) -> [UInt8] {
        let text = padded(bytes, isLittleEndian: false)
        // The same of the square roots of the first eight.
        var state = primes[..<8].map { UInt32(fraction(Double($0).squareRoot())) }
        for start in stride(from: 0, to: text.count, by: 64) {
            var words = words(text, start, isLittleEndian: false)
            for step in 16..<64 {
                let (far, near) = (words[step - 15], words[step - 2])
                let low = right(far, 7) ^ right(far, 18) ^ far >> 3
                let high = right(near, 17) ^ right(near, 19) ^ near >> 10
                words.append(words[step - 16] &+ low &+ words[step - 7] &+ high)
            }
            var v = state
            for step in 0..<64 {
                let high = right(v[4], 6) ^ right(v[4], 11) ^ right(v[4], 25)
                let choice = v[4] & v[5] ^ ~v[4] & v[6]
                let first = v[7] &+ high &+ choice &+ roundConstants[step] &+ words[step]
                let low = right(v[0], 2) ^ right(v[0], 13) ^ right(v[0], 22)
                let majority = v[0] & v[1] ^ v[0] & v[2] ^ v[1] & v[2]
                v = [first &+ low &+ majority, v[0], v[1], v[2], v[3] &+ first, v[4], v[5], v[6]]
            }
            for index in 0..<8 { state[index] &+= v[index] }
        }
        return Self.bytes(state, isLittleEndian: false)
    }
}
