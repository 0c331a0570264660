import EventLoop
import Events
import Glibc
import Parsing

@testable import HTTPServer
@testable import Inputs

/// A request made of any bytes goes the way to records. Fuzzed by `Tests/Fuzz/HTTP`, and its findings replayed here.
enum HTTPExercise {
    /// - Parameter input: a byte that chooses the options; then as in HTTP/1.1 a line `METHOD TARGET`, lines of headers, an
    ///   empty line, and the body.
    /// - Returns: what is wrong; nil: nothing.
    static func fault(of input: [UInt8]) -> String? {
        guard let first = input.first, let server else { return nil }
        var rest = input.dropFirst()
        func line() -> String {
            let text = rest.prefix { $0 != 0x0A }
            rest = rest.dropFirst(text.count + 1)
            return String(decoding: text, as: UTF8.self)
        }
        let words = line().split(separator: " ", maxSplits: 1)
        guard words.count == 2, let nowhere = OpaquePointer(bitPattern: 16) else { return nil }
        let target = HTTPTarget(String(words[1]))
        // Nothing is answered here, so the connection is never looked at.
        let exchange = HTTPExchange(
            target: String(words[1]), client: HTTPClient(peer: nil), connection: nowhere, server: server)
        exchange.method = String(words[0])
        while true {
            let header = line().split(separator: ":", maxSplits: 1)
            guard header.count == 2 else { break }
            exchange.headers.append((String(header[0]), String(header[1].drop { $0 == " " })))
        }
        exchange.body.append(Array(rest))
        var options = HTTPOptions()
        options.decompressedBytes = 1 << 20
        options.addsHeaders = first & 1 != 0
        options.addsQuery = first & 2 != 0
        options.addsAddress = first & 4 != 0
        if first & 0x18 == 0x08 { options.parser = try? .json() }
        if first & 0x18 == 0x10 { options.parser = try? .messagePack() }
        var reader = HTTPEventReader(options)
        var storage = ByteBuffer()
        var rows = Rows()
        do {
            try reader.read(exchange, target, storage: &storage, rows: &rows)
        } catch {
            guard [400, 413, 415].contains(error.status) else { return "refused with \(error.status)" }
            return error.message.isEmpty ? "refused without a word" : nil
        }
        for record in rows.records {
            guard record.time.seconds >= EventTime.firstSecond, record.time.seconds <= EventTime.lastSecond,
                record.time.nanoseconds < 1_000_000_000
            else { return "a time out of range: \(record.time)" }
            var out = ByteBuffer()
            out.appendJSONObject(record, rows, storage)
            guard String(validating: out.array(), as: UTF8.self) != nil else { return "a record that is no UTF-8" }
        }
        return nil
    }

    private final class Nobody: HTTPHandler {
        func admits() -> Bool { false }
        func left(_ client: HTTPClient) {}
        func failed(_ reason: String, _ client: HTTPClient?) {}
        func began(_ exchange: HTTPExchange) {}
        func takes(_ bytes: Int, of exchange: HTTPExchange) -> BodyDecision { .take }
        func ended(_ exchange: HTTPExchange) {}
        func finished(_ exchange: HTTPExchange) {}
    }

    /// Only what an exchange refers to: its loop never runs.
    private static let server: HTTPServer? = {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard let loop = try? Loop(), Glibc.listen(listener, 1) == 0 else { return nil }
        return try? HTTPServer(listener, HTTPServer.Settings(), on: loop, handler: nobody)
    }()
    nonisolated(unsafe) private static let nobody = Nobody()
}
