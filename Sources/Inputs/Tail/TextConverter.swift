internal import Events
internal import Glibc

/// Turns text of another encoding into UTF-8 (iconv(3)); a byte that means nothing becomes U+FFFD.
///
/// Safety: the descriptor is this object's alone, made in `init` and closed in `deinit`.
@safe
final class TextConverter {
    private let descriptor: iconv_t
    /// A line feed in the encoding: two bytes in UTF-16, four in UTF-32.
    let newline: [UInt8]

    /// nil: the system does not know the encoding.
    init?(from encoding: String) {
        guard let newline = Self.encoded([0x0A], in: encoding) else { return nil }
        let opened = unsafe iconv_open("UTF-8", encoding)
        guard unsafe opened != iconv_t(bitPattern: -1), let descriptor = unsafe opened else { return nil }
        unsafe self.descriptor = descriptor
        self.newline = newline
    }

    deinit { unsafe iconv_close(descriptor) }

    /// Appends a text of the storage as UTF-8.
    func convert(_ text: Slice, _ storage: inout ByteBuffer) -> Slice {
        var input = storage.array(text).map { CChar(bitPattern: $0) }
        var output = [CChar](repeating: 0, count: input.count * 4 + 16)
        let start = storage.count
        unsafe iconv(descriptor, nil, nil, nil, nil)
        unsafe input.withUnsafeMutableBufferPointer { input in
            unsafe output.withUnsafeMutableBufferPointer { output in
                var from = input.baseAddress
                var left = input.count
                while left > 0 {
                    var to = output.baseAddress
                    var room = output.count
                    // Both pointers stay within their arrays, whose rests the counts are.
                    let result = unsafe iconv(descriptor, &from, &left, &to, &room)
                    let made = output.count - room
                    unsafe storage.append(copying: UnsafeRawBufferPointer(start: output.baseAddress, count: made))
                    guard result == Int(bitPattern: UInt(bitPattern: -1)), left > 0 else { break }
                    if errno == E2BIG { continue }
                    // Neither a character nor the beginning of one.
                    storage.append([0xEF, 0xBF, 0xBD])
                    let skipped = min(newline.count, left)
                    unsafe from = from.map { unsafe $0 + skipped }
                    left -= skipped
                }
            }
        }
        return Slice(offset: start, length: storage.count - start)
    }

    private static func encoded(_ text: [UInt8], in encoding: String) -> [UInt8]? {
        let opened = unsafe iconv_open(encoding, "UTF-8")
        guard unsafe opened != iconv_t(bitPattern: -1), let descriptor = unsafe opened else { return nil }
        defer { unsafe iconv_close(descriptor) }
        var input = text.map { CChar(bitPattern: $0) }
        var output = [CChar](repeating: 0, count: 16)
        var room = output.count
        unsafe input.withUnsafeMutableBufferPointer { input in
            unsafe output.withUnsafeMutableBufferPointer { output in
                var (from, to) = (input.baseAddress, output.baseAddress)
                var left = input.count
                _ = unsafe iconv(descriptor, &from, &left, &to, &room)
            }
        }
        let made = output.prefix(output.count - room).map { UInt8(bitPattern: $0) }
        // UTF-16 and UTF-32 without a byte order begin with a mark.
        return made.count == 4 && encoding.uppercased().contains("16") ? Array(made.suffix(2)) : made
    }
}
