internal import CText
internal import Glibc

/// Looking for the bytes in text that mean something, sixteen a step (`Sources/CText`).
///
/// All of them read whole steps, up to 15 bytes beyond the text, and write as far: text and target must lie in a
/// `ByteBuffer`, whose slack allows that. What lies there decides nothing.
enum TextKernels {
    /// What `copyEscaping` needs at the least to get anywhere.
    static let escapeRoomBytes = 32

    /// How far the text goes without a quote or a backslash.
    @inline(__always)
    static func quoteOffset(_ text: UnsafePointer<UInt8>, _ length: Int) -> Int {
        unsafe sluice_find_quote(text, length)
    }

    /// How far the text goes without a backslash.
    @inline(__always)
    static func backslashOffset(_ text: UnsafePointer<UInt8>, _ length: Int) -> Int {
        guard length > 0, let found = unsafe memchr(text, 0x5C, length) else { return length }
        return unsafe UnsafePointer(found.assumingMemoryBound(to: UInt8.self)) - text
    }

    /// Copies printable ASCII without quotes and backslashes; answers how many bytes that were.
    @inline(__always)
    static func copyPlain(
        _ text: UnsafePointer<UInt8>, _ length: Int, to target: UnsafeMutablePointer<UInt8>
    ) -> Int {
        unsafe sluice_copy_plain(text, length, target)
    }

    /// Copies text into a JSON string as far as it is ASCII with the usual escapes, and as there is room.
    @inline(__always)
    static func copyEscaping(
        _ text: UnsafePointer<UInt8>, _ length: Int, to target: UnsafeMutablePointer<UInt8>, room: Int
    ) -> (read: Int, written: Int) {
        var written = 0
        let read = unsafe sluice_copy_escaping(text, length, target, room, &written)
        return (read, written)
    }
}
