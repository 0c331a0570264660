extension String {
    /// The text with every occurrence of another replaced.
    func replacing(_ part: String, with other: String) -> String {
        let bytes = Array(utf8)
        let wanted = Array(part.utf8)
        var result: [UInt8] = []
        var index = 0
        while index < bytes.count {
            if bytes[index] == wanted[0], bytes[index...].starts(with: wanted) {
                result += Array(other.utf8)
                index += wanted.count
            } else {
                result.append(bytes[index])
                index += 1
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    /// The text with the last occurrence of another replaced.
    func replacing(last part: String, with other: String) -> String {
        let bytes = Array(utf8)
        let wanted = Array(part.utf8)
        guard bytes.count >= wanted.count else { return self }
        for start in stride(from: bytes.count - wanted.count, through: 0, by: -1)
        where bytes[start..<(start + wanted.count)].elementsEqual(wanted) {
            return String(
                decoding: bytes[..<start] + Array(other.utf8) + bytes[(start + wanted.count)...], as: UTF8.self)
        }
        return self
    }
}
