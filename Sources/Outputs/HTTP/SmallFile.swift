internal import Glibc

/// Files of a few lines, such as mounted tokens and keys, which may be replaced at any time.
enum SmallFile {
    /// Larger files are none.
    private static let limitBytes = 1 << 20

    /// The whole text; nil when it cannot be read.
    static func text(of path: String) -> String? {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 4096)
        while bytes.count < limitBytes {
            // Reads at most as many bytes as the array has.
            let count = unsafe read(descriptor, &piece, piece.count)
            if count < 0 { return nil }
            if count == 0 { return String(decoding: bytes, as: UTF8.self) }
            bytes += piece[..<count]
        }
        return nil
    }

    /// Its text up to the first line break.
    static func firstLine(of path: String) -> String? { text(of: path).map { String($0.prefix { !$0.isNewline }) } }
}
