import Events
import ForwardProtocol
import TestSupport
import Testing

@Suite("Forward: other protocols on its port")
struct ForeignProtocolTests {
    static let known: [(String, String)] = [
        ("SSH-2.0-client\r\n", "SSH"), ("GET / HTTP/1.1\r\n", "HTTP"), ("POST /_bulk HTTP/1.1\r\n", "HTTP"),
        ("PRI * HTTP/2.0\r\n\r\n", "HTTP"), ("OPTIONS * HTTP/1.1\r\n", "HTTP"), ("*1\r\n$4\r\nPING\r\n", "Redis"),
        ("*12\r\n$4\r\n", "Redis"), ("PING\r\nPING\r\n", "Redis"), ("<34>1 2026-01-01T00:00:00Z h a", "syslog"),
        ("<191>Jan  1", "syslog"), ("52 <34>1 2026", "syslog"), ("hello world", "plain text"),
        ("EHLO me.example", "plain text"),
        ("<html><head>", "plain text"), ("123 cats and", "plain text"),
    ]

    @Test("each is called by its name", arguments: known) func names(_ text: String, _ name: String) throws {
        let bytes = ByteBuffer(text)
        #expect(ForeignProtocol.mayBegin(with: bytes[0]))
        let head = Slice(offset: 0, length: ForeignProtocol.wantedBytes)
        let sentence = ForeignProtocol.sentence(about: head, of: bytes)
        #expect(sentence?.hasPrefix("this looks like \(name): ") == true, "\(sentence ?? "nil")")
    }

    @Test("a TLS client is told what the source lacks") func tls() {
        let bytes = ByteBuffer(hex("16 03 01 02 00 01 00 01 fc"))
        let sentence = ForeignProtocol.sentence(about: bytes.all, of: bytes)
        #expect(sentence?.hasPrefix("this looks like TLS: this source has no <transport tls>") == true)
    }

    @Test("what forward clients send first is never taken for another protocol")
    func forward() {
        // Arrays, nil, JSON.
        for byte in Array(UInt8(0x90)...0x9F) + [0xC0, 0xDC, 0xDD, 0x5B, 0x7B] {
            #expect(!ForeignProtocol.mayBegin(with: byte))
        }
        let bytes = ByteBuffer(hex("16 00 ff ff ff ff ff ff"))
        #expect(ForeignProtocol.sentence(about: bytes.all, of: bytes) == nil)
    }
}
