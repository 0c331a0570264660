import Dispatch
import Glibc
import TLS
import TestSupport
import Testing

func sleepMilliseconds(_ milliseconds: UInt32) { usleep(milliseconds * 1000) }

/// A blocking client with a time limit on reads. Optionally speaks TLS.
final class Client {
    private let descriptor: Int32
    private var session: TLSBox?

    struct NoConnection: Error { let code: Int32 }

    private final class TLSBox {
        var session: TLSSession
        init(_ context: TLSContext) throws { session = try TLSSession(context, serverName: nil) }
    }

    init(port: UInt16, tls: TLSContext? = nil) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let status = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        if status != 0 { throw NoConnection(code: errno) }
        limitReads()
        if let tls {
            session = try TLSBox(tls)
            try shakeHands()
        }
    }

    init(path: String) throws {
        descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let status = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        if status != 0 { throw NoConnection(code: errno) }
        limitReads()
    }

    deinit { close(descriptor) }

    private func limitReads() {
        var limit = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    private func shakeHands() throws {
        while let session, session.session.state == .handshaking {
            try flush(session)
            if session.session.state == .handshaking { try session.session.receive(try #require(readSome())) }
        }
        if let session { try flush(session) }
    }

    private func flush(_ box: TLSBox) throws {
        var out: [UInt8] = []
        box.session.takeCiphertext(appendingTo: &out)
        sendAll(out)
    }

    func send(_ bytes: [UInt8]) throws {
        guard let session else {
            sendAll(bytes)
            return
        }
        try session.session.write(bytes)
        try flush(session)
    }

    /// Encrypts now, and sends on another thread, while this one reads.
    func sendMeanwhile(_ bytes: [UInt8]) throws {
        var out = bytes
        if let session {
            out = []
            try session.session.write(bytes)
            session.session.takeCiphertext(appendingTo: &out)
        }
        let (ready, descriptor) = (out, descriptor)
        DispatchQueue.global().async { Self.sendAll(ready, to: descriptor) }
    }

    private func sendAll(_ bytes: [UInt8]) { Self.sendAll(bytes, to: descriptor) }

    private static func sendAll(_ bytes: [UInt8], to descriptor: Int32) {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress! + sent, bytes.count - sent, Int32(MSG_NOSIGNAL))
            }
            if count <= 0 { return }
            sent += count
        }
    }

    /// As much as can be sent without waiting.
    func sendWithoutWaiting(_ bytes: [UInt8]) -> Int {
        bytes.withUnsafeBytes {
            Glibc.send(descriptor, $0.baseAddress!, bytes.count, Int32(MSG_NOSIGNAL | MSG_DONTWAIT))
        }
    }

    /// What came; nil at the end of the stream or when nothing came in time.
    private func readSome() -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = buffer.withUnsafeMutableBytes { recv(descriptor, $0.baseAddress!, $0.count, 0) }
        return count > 0 ? Array(buffer[..<count]) : nil
    }

    /// Reads until there are that many bytes, or the end.
    func read(_ count: Int) throws -> [UInt8] {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while bytes.count < count, let some = readSome() {
            guard let session else {
                bytes += some
                continue
            }
            try session.session.receive(some)
            while let got = try buffer.withUnsafeMutableBytes({ try session.session.read(into: $0) }) {
                bytes += buffer[..<got]
            }
        }
        return bytes
    }

    /// Whether the server closes the connection within the time limit; what it sent before is thrown away.
    func isClosed() -> Bool {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = buffer.withUnsafeMutableBytes { recv(descriptor, $0.baseAddress!, $0.count, 0) }
            if count == 0 { return true }
            if count < 0 { return errno == ECONNRESET }
        }
    }

    /// Whether the stream ends with an end and not with a reset; over TLS what comes before it is close_notify.
    func hasEndedInOrder() -> Bool {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = buffer.withUnsafeMutableBytes { recv(descriptor, $0.baseAddress!, $0.count, 0) }
            if count <= 0 { return count == 0 }
        }
    }

    /// Makes the end of this client a reset.
    func resetOnClose() {
        var value = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &value, socklen_t(MemoryLayout<linger>.size))
    }

    func shutdownWriting() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// Sends datagrams from one socket to a port of this machine; how many answers come within 200 ms.
    static func datagrams(_ count: Int, port: UInt16) -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
        defer { close(descriptor) }
        var limit = timeval(tv_sec: 0, tv_usec: 200_000)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        for _ in 0..<count {
            withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    _ = sendto(descriptor, [0] as [UInt8], 1, 0, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
        }
        var answers = 0
        var byte: UInt8 = 0
        while recv(descriptor, &byte, 1, 0) > 0 { answers += 1 }
        return answers
    }

    /// Sends a datagram to a port of this machine and waits for the answer.
    static func datagram(_ bytes: [UInt8], port: UInt16) -> [UInt8] {
        let descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
        defer { close(descriptor) }
        var limit = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let sent = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                sendto(descriptor, bytes, bytes.count, 0, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard sent == bytes.count else { return [] }
        var buffer = [UInt8](repeating: 0, count: 256)
        let count = recv(descriptor, &buffer, 256, 0)
        return count > 0 ? Array(buffer[..<count]) : []
    }
}
