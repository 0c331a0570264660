package import Events
internal import TLS

/// Recognises what people send to a forward port by mistake, from the first bytes of a connection.
package enum ForeignProtocol {
    /// So many bytes tell the protocols below apart.
    package static let wantedBytes = 8

    /// Whether a connection that begins with this byte may be one of them: printable, or TLS's handshake record. In
    /// MessagePack these are small integers, with which no message begins; `{` and `[` begin the JSON form.
    package static func mayBegin(with byte: UInt8) -> Bool {
        byte == 0x16 || (0x20...0x7E).contains(byte) && byte != UInt8(ascii: "{") && byte != UInt8(ascii: "[")
    }

    /// What the bytes look like, as a sentence; nil when they look like nothing known.
    package static func sentence(about bytes: Slice, of storage: borrowing ByteBuffer) -> String? {
        let isHello = unsafe storage.withUnsafeBytes(bytes) { start, count in
            unsafe TLSRecord.looksLikeClientHello(UnsafeRawBufferPointer(start: start, count: count))
        }
        if isHello {
            return "this looks like TLS: this source has no <transport tls>; add it, or turn off TLS in the client"
        }
        let head = storage.array(Slice(offset: Int(bytes.offset), length: min(Int(bytes.length), wantedBytes)))
        return name(of: head).map { "this looks like \($0): this source speaks the forward protocol" }
    }

    /// Request lines (RFC 9110, 9.3), HTTP/2's preface (RFC 9113, 3.4).
    private static let httpMethods = [
        "GET ", "PUT ", "POST ", "HEAD ", "DELETE ", "OPTIONS ", "CONNECT ", "PATCH ", "TRACE ", "PRI * HT",
    ]
    /// Redis's inline commands; its arrays begin with `*`, a number and a line break.
    private static let redisCommands = ["PING\r\n", "PING\n", "INFO", "AUTH ", "HELLO "]

    private static func name(of head: [UInt8]) -> String? {
        func begins(with text: String) -> Bool { head.starts(with: text.utf8.prefix(head.count)) }
        guard let first = head.first else { return nil }
        if begins(with: "SSH-") { return "SSH" }
        if httpMethods.contains(where: begins) { return "HTTP" }
        if redisCommands.contains(where: begins)
            || first == UInt8(ascii: "*") && hasDigits(head.dropFirst(), before: 0x0D)
        {
            return "Redis"
        }
        // A priority (RFC 5424, 6.2.1), or a length before it (RFC 6587, 3.4.1).
        if first == UInt8(ascii: "<"), hasDigits(head.dropFirst(), before: UInt8(ascii: ">")) { return "syslog" }
        if let blank = head.firstIndex(of: 0x20), blank > 0, blank + 1 < head.count,
            hasDigits(head[...], before: 0x20), head[blank + 1] == UInt8(ascii: "<")
        {
            return "syslog"
        }
        let isText = head.allSatisfy { (0x20...0x7E).contains($0) || $0 == 0x0D || $0 == 0x0A || $0 == 0x09 }
        return isText ? "plain text" : nil
    }

    /// Whether the bytes are one or more digits and then this byte.
    private static func hasDigits(_ bytes: ArraySlice<UInt8>, before end: UInt8) -> Bool {
        let digits = bytes.prefix { (0x30...0x39).contains($0) }
        return !digits.isEmpty && bytes.dropFirst(digits.count).first == end
    }
}
