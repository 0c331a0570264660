/// Tells TLS from what people send to a TLS port by mistake, from the first bytes.
package enum TLSRecord {
    /// Whether bytes begin like a TLS client's: a handshake record (22) of major version 3. For plain ports, to say
    /// that the client speaks TLS.
    package static func looksLikeClientHello(_ bytes: UnsafeRawBufferPointer) -> Bool {
        unsafe bytes.count >= 2 && bytes[0] == 0x16 && bytes[1] == 0x03
    }

    /// What a stream that begins with this byte is, if it cannot be TLS; the rest of the bytes sharpen the guess.
    ///
    /// A peer's first record is a handshake (22) or an alert (21).
    static func mistake(in bytes: UnsafeRawBufferPointer, isServer: Bool) -> String? {
        guard let first = unsafe bytes.first, first != 0x16, first != 0x15 else { return nil }
        let what: String
        switch first {
        case 0x90...0x9f, 0xdc, 0xdd: what = "the forward protocol without TLS (msgpack)"
        case UInt8(ascii: "["), UInt8(ascii: "{"): what = "JSON without TLS"
        case UInt8(ascii: "A")...UInt8(ascii: "Z"):
            what = unsafe isHTTP(bytes) ? "HTTP without TLS" : "plain text"
        case 0x20...0x7e: what = "plain text"
        default: what = "no TLS (first byte 0x\(String(first, radix: 16)))"
        }
        return isServer
            ? "the client sent \(what) to a TLS port: turn on TLS in the client, or use a port without <transport tls>"
            : "the server answered with \(what): turn off TLS for it, or correct the port"
    }

    private static func isHTTP(_ bytes: UnsafeRawBufferPointer) -> Bool {
        ["GET ", "PUT ", "POST", "HEAD", "HTTP", "OPTI", "DELE", "CONN"].contains { unsafe bytes.starts(with: $0.utf8) }
    }
}
