/// Bytes as letters (RFC 4648).
package enum Base64 {
    private static let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789".utf8)

    /// - Parameter lineLength: how many letters a line has, each with its end.
    package static func encoded(_ bytes: [UInt8], urlSafe: Bool = false, lineLength: Int? = nil) -> [UInt8] {
        let letters = Self.letters + Array((urlSafe ? "-_" : "+/").utf8)
        var out: [UInt8] = []
        var column = 0
        var place = 0
        while place < bytes.count {
            let group = Array(bytes[place..<min(place + 3, bytes.count)])
            let word = group.reduce(0) { $0 << 8 | UInt32($1) } << (8 * UInt32(3 - group.count))
            for index in 0..<4 {
                out.append(
                    index <= group.count ? letters[Int(word >> (18 - 6 * UInt32(index)) & 63)] : UInt8(ascii: "="))
            }
            place += 3
            column += 4
            if let lineLength, column >= lineLength {
                out.append(0x0A)
                column = 0
            }
        }
        if lineLength != nil, column > 0 { out.append(0x0A) }
        return out
    }

    /// nil: not base64. What is not strict passes over other characters.
    package static func decoded(_ bytes: [UInt8], strict: Bool) -> [UInt8]? {
        var out: [UInt8] = []
        var word: UInt32 = 0
        var count = 0
        for byte in bytes {
            let value: UInt32
            switch byte {
            case UInt8(ascii: "+"), UInt8(ascii: "-"): value = 62
            case UInt8(ascii: "/"), UInt8(ascii: "_"): value = 63
            default:
                guard let index = letters.firstIndex(of: byte) else {
                    if byte == UInt8(ascii: "=") { continue }
                    if strict { return nil }
                    continue
                }
                value = UInt32(index)
            }
            word = word << 6 | value
            count += 1
            if count == 4 {
                out += [UInt8(word >> 16 & 255), UInt8(word >> 8 & 255), UInt8(word & 255)]
                (word, count) = (0, 0)
            }
        }
        switch count {
        case 2: out.append(UInt8(word >> 4 & 255))
        case 3: out += [UInt8(word >> 10 & 255), UInt8(word >> 2 & 255)]
        case 1: if strict { return nil }
        default: break
        }
        return out
    }
}
