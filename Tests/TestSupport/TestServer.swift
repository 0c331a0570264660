import Foundation
import Synchronization

/// An HTTP peer on loopback: one thread a connection, an answer by a closure. Understands Content-Length and
/// `Expect: 100-continue`, nothing more.
package final class TestServer: Sendable {
    package struct Request: Sendable {
        package var head: String
        package var body: [UInt8]
        /// Which connection it came on, counted from 1.
        package var connection: Int

        package var line: String { String(head.prefix(while: { $0 != "\r" && $0 != "\r\n" })) }
        package var text: String { String(decoding: body, as: UTF8.self) }
        package func header(_ name: String) -> String? {
            for line in head.split(whereSeparator: { $0.isNewline }).dropFirst() {
                let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
                if parts.count == 2, parts[0].lowercased() == name.lowercased() {
                    return parts[1].trimmingCharacters(in: .whitespaces)
                }
            }
            return nil
        }
    }

    package enum Reply: Sendable {
        case status(Int, String, headers: String = "")
        /// Closes without a word.
        case hangUp
        /// Sends nothing and keeps the connection.
        case silence
        case raw(String)

        package static func ok(_ body: String) -> Reply { .status(200, body) }
    }

    package let port: UInt16
    private let listener: Int32
    private let requests = Mutex<[Request]>([])
    private let handler: @Sendable (Request) -> Reply
    /// Answers as soon as the head is there, and closes with data unread: what a server does with a body too large.
    private let refusesAtHead: (@Sendable (String) -> String?)?

    package init(
        refusesAtHead: (@Sendable (String) -> String?)? = nil, _ handler: @escaping @Sendable (Request) -> Reply
    ) throws {
        self.handler = handler
        self.refusesAtHead = refusesAtHead
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(INADDR_LOOPBACK).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listener = listener
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                bind(listener, pointer, length) == 0 && listen(listener, 64) == 0
                    && getsockname(listener, pointer, &length) == 0
            }
        }
        guard isBound else { throw POSIXError(.EADDRINUSE) }
        port = UInt16(bigEndian: address.sin_port)
        Thread.detachNewThread { [self] in
            var count = 0
            while true {
                let connection = accept(listener, nil, nil)
                if connection < 0 { return }
                count += 1
                let number = count
                Thread.detachNewThread { self.serve(connection, number) }
            }
        }
    }

    package var url: String { "http://127.0.0.1:\(port)" }
    package var received: [Request] { requests.withLock { $0 } }

    package func stop() {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
    }

    private func serve(_ connection: Int32, _ number: Int) {
        defer { close(connection) }
        var pending: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        func more() -> Bool {
            let count = read(connection, &buffer, buffer.count)
            if count <= 0 { return false }
            pending += buffer[..<count]
            return true
        }
        while true {
            var end = endOfHead(pending)
            while end == nil {
                if !more() { return }
                end = endOfHead(pending)
            }
            let head = String(decoding: pending[..<end!], as: UTF8.self)
            pending.removeFirst(end!)
            var request = Request(head: head, body: [], connection: number)
            if let refusal = refusesAtHead?(head) {
                requests.withLock { $0.append(request) }
                send(connection, refusal)
                // Closing with unread data makes the kernel reset the connection.
                usleep(20_000)
                return
            }
            if request.header("Expect") != nil { send(connection, "HTTP/1.1 100 Continue\r\n\r\n") }
            let length = Int(request.header("Content-Length") ?? "0") ?? 0
            while pending.count < length {
                if !more() { return }
            }
            request.body = Array(pending[..<length])
            pending.removeFirst(length)
            requests.withLock { $0.append(request) }
            switch handler(request) {
            case .status(let status, let body, let headers):
                send(connection, "HTTP/1.1 \(status) X\r\n\(headers)Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
            case .raw(let text): send(connection, text)
            case .hangUp: return
            case .silence: while more() {}
            }
        }
    }

    private func endOfHead(_ bytes: [UInt8]) -> Int? {
        guard bytes.count >= 4 else { return nil }
        for index in 0...(bytes.count - 4) where bytes[index] == 0x0D && bytes[index + 2] == 0x0D {
            if bytes[index + 1] == 0x0A && bytes[index + 3] == 0x0A { return index + 4 }
        }
        return nil
    }

    private func send(_ connection: Int32, _ text: String) {
        let bytes = Array(text.utf8)
        var offset = 0
        while offset < bytes.count {
            let count = bytes[offset...].withUnsafeBytes {
                Glibc.send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count <= 0 { return }
            offset += count
        }
    }
}
