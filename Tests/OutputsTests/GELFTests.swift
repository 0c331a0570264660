import Compression
import EventLoop
import Events
import Foundation
import Glibc
import Outputs
import Synchronization
import TestSupport
import Testing

@Suite("gelf: messages")
struct GELFMessageTests {
    private static func settings(_ change: (inout GELFSettings) -> Void = { _ in }) -> GELFSettings {
        var settings = GELFSettings()
        settings.hostname = "here"
        change(&settings)
        return settings
    }

    private static func message(
        _ record: String, _ change: (inout GELFSettings) -> Void = { _ in }, nanoseconds: UInt32 = 0
    ) throws -> String {
        var batch = SampleBatch("app.web")
        try batch.add(record, EventTime(seconds: 1_715_000_000, nanoseconds: nanoseconds))
        let chunk = batch.format(with: ItemFormatter(GELFWriter(settings(change))), id: "c")
        return try #require(GELFDestination.preview(chunk))
    }

    private static let front = #"{"version":"1.1","host":"here","short_message":"#
    private static let back = #","timestamp":1715000000,"level":1,"facility":"fluentd""#

    @Test(
        "what says something stands for short_message, and is no field then",
        arguments: [
            (#"{"short_message":"a","message":"b"}"#, #""a""#, #","_message":"b""#),
            (#"{"message":"b","msg":"c"}"#, #""b""#, #","_msg":"c""#),
            (#"{"msg":"c","log":"d"}"#, #""c""#, #","_log":"d""#),
            (#"{"log":"d\n"}"#, #""d\n""#, ""), (#"{"record":{"a":1}}"#, #""{\"a\":1}""#, ""),
            (#"{"_message":"u"}"#, #""u""#, ""), (#"{"short_message":" ","log":"x"}"#, #""x""#, ""),
            (#"{"short_message":7}"#, #""7""#, ""), (#"{"log":" \n"}"#, #""(no message)""#, #","_log":" \n""#),
            (#"{"n":1}"#, #""(no message)""#, #","_n":1"#), ("{}", #""(no message)""#, ""),
        ])
    func shortMessage(_ record: String, _ text: String, _ fields: String) throws {
        #expect(try Self.message(record) == Self.front + text + Self.back + fields + #","_tag":"app.web"}"#)
    }

    @Test(
        "fields have an underscore, a name that Graylog takes, and text or a number",
        arguments: [
            (#"{"a":1,"b":"x","c":1.5,"d":true,"e":null}"#, #","_a":1,"_b":"x","_c":1.5,"_d":true"#),
            (#"{"o":{"p":[1,{"q":null}]},"l":[]}"#, #","_o":"{\"p\":[1,{\"q\":null}]}","_l":"[]""#),
            (#"{"_a":1,"__b":2}"#, #","_a":1,"__b":2"#), (#"{"id":1}"#, #","_id_":1"#), (#"{"_id":1}"#, #","_id_":1"#),
            (#"{"k 8/s":1,"a.b-c_D9":2}"#, #","_k_8_s":1,"_a.b-c_D9":2"#), (#"{"a b":1,"a_b":2}"#, #","_a_b":1"#),
            (#"{"version":"2","timestamp":3,"host":"h"}"#, #","_version":"2","_timestamp":3,"_host":"h""#),
            (#"{"big":123456789012345678901234567890}"#, #","_big":123456789012345678901234567890"#),
        ])
    func fields(_ record: String, _ fields: String) throws {
        #expect(
            try Self.message(record) == Self.front + #""(no message)""# + Self.back + fields + #","_tag":"app.web"}"#)
    }

    @Test("fields of the message's own, and a tag of the record's own")
    func ownFields() throws {
        #expect(
            try Self.message(#"{"line":7,"file":"a.rb","facility":"f","full_message":"m\nn","tag":"t"}"#)
                == Self.front
                + #""(no message)","timestamp":1715000000,"level":1,"full_message":"m\nn","facility":"f","#
                + #""line":7,"file":"a.rb","_tag":"t"}"#)
    }

    @Test(
        "levels: syslog's numbers, names and letters; what is none stays a field",
        arguments: [
            ("0", 0), ("7", 7), ("8", nil), ("30", nil), ("emerg", 0), ("EMERGENCY", 0), ("alert", 1), ("A", 1),
            ("critical", 2), ("fatal", 2), ("F", 2), ("error", 3), ("Err", 3), ("E", 3), ("warning", 4), ("W", 4),
            ("notice", 5), ("info", 6), ("Informational", 6), ("debug", 7), ("trace", 7), ("loud", nil), ("", nil),
        ])
    func levels(_ text: String, _ level: Int?) throws {
        let message = try Self.message(#"{"level":"\#(text)"}"#)
        #expect(message.contains(#""level":\#(level ?? 1),"#))
        #expect(message.contains(#""_level":"\#(text)""#) == (level == nil))
        if let number = Int(text) {
            #expect(try Self.message(#"{"level":\#(number)}"#).contains(#""level":\#(level ?? 1),"#))
        }
    }

    @Test(
        "times have milliseconds, rounded",
        arguments: [
            (0, "1715000000"), (123_456_789, "1715000000.123"), (499_999, "1715000000"), (1_500_000, "1715000000.002"),
            (999_600_000, "1715000001"),
        ])
    func times(_ nanoseconds: UInt32, _ text: String) throws {
        #expect(try Self.message("{}", nanoseconds: nanoseconds).contains(#""timestamp":\#(text),"#))
    }

    @Test("add_msec_time and use_record_host")
    func options() throws {
        let change: (inout GELFSettings) -> Void = { ($0.addsMilliseconds, $0.usesRecordHost) = (true, true) }
        let message = try Self.message(#"{"msec":"042","host":"there"}"#, change)
        #expect(message.contains(#""timestamp":1715000000.042,"#) && !message.contains("msec"))
        #expect(message.contains(#""host":"there""#) && !message.contains("_host"))
        #expect(try Self.message(#"{"msec":"x","host":""}"#, change).hasPrefix(Self.front))
        #expect(try Self.message(#"{"msec":"x"}"#, change).contains(#""_msec":"x""#))
    }

    @Test("what cannot be delivered is the event that came in", arguments: [3, 4])
    func readback(_ seed: UInt64) throws {
        let settings = Self.settings { $0.usesRecordHost = true }
        let names = ["host", "level", "message", "id", "a b"]
        try OutputCompatTest.readbackRules(KeptItemReader(), names: names, seed: seed) {
            ItemFormatter(GELFWriter(settings))
        }
    }

    // MARK: - Datagrams

    /// Digits that do not compress to less than a third.
    private static func noise(_ count: Int) -> ByteBuffer {
        var generator = SystemRandomNumberGenerator()
        return ByteBuffer((0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) })
    }

    @Test(
        "a message is one datagram, or up to 128 pieces with their numbers; what is larger is none",
        arguments: [(10, 1), (1_300, 1), (1_500, 2), (100_000, 71), (200_000, 25), (1_000_000, 123), (1_100_000, nil)])
    func pieces(_ bytes: Int, _ count: Int?) throws {
        let message = Self.noise(bytes)
        let made = try GELFDatagrams.make(
            Slice(offset: 0, length: bytes), of: message, pieceBytes: GELFDatagrams.wideAreaBytes,
            id: 0x0102_0304_0506_0708)
        #expect(made?.count == count)
        guard let made else { return }
        let whole = try GELFPieces.joined(made)
        #expect(whole == message.array())
        if made.count > 1 {
            #expect(made[1].starts(with: [0x1E, 0x0F, 1, 2, 3, 4, 5, 6, 7, 8, 1, UInt8(made.count)]))
        }
    }
}

/// What a receiver of datagrams does.
enum GELFPieces {
    static func joined(_ datagrams: [[UInt8]]) throws -> [UInt8] {
        var packed: [UInt8] = []
        for (number, datagram) in datagrams.enumerated() {
            if datagram.starts(with: [0x1E, 0x0F]) {
                try #require(Int(datagram[10]) == number && Int(datagram[11]) == datagrams.count)
                packed += datagram.dropFirst(12)
            } else {
                packed += datagram
            }
        }
        var out = ByteBuffer()
        try Gzip.decompress(Slice(offset: 0, length: packed.count), of: ByteBuffer(packed), into: &out)
        return out.array()
    }
}

@Suite("gelf: delivery")
final class GELFDestinationTests {
    private let thread: LoopThread
    private let server: LoopThread
    private var destinations: [GELFDestination] = []
    private let received = Received()

    /// Whole connections, or datagrams.
    private final class Received: Sendable {
        private let state = Mutex<[[UInt8]]>([])
        var all: [[UInt8]] { state.withLock { $0 } }
        func add(_ bytes: [UInt8]) { state.withLock { $0.append(bytes) } }
    }

    init() throws {
        thread = try LoopThread.start(try Loop(), name: "outputs")
        server = try LoopThread.start(try Loop(), name: "receiver")
    }

    deinit {
        for destination in destinations { destination.close() }
        thread.loop.stop()
        #expect(thread.join() == [])
        let loop = server.loop
        loop.submit { _ = loop.closeEverything() }
        loop.stop()
        _ = server.join()
    }

    private func destination(
        _ transport: GELFSettings.Transport, port: UInt16, _ change: (inout GELFSettings) -> Void = { _ in }
    ) -> GELFDestination {
        var settings = GELFSettings()
        (settings.host, settings.port, settings.transport) = ("127.0.0.1", port, transport)
        change(&settings)
        let made = GELFDestination(settings, tls: nil, on: thread.loop)
        destinations.append(made)
        return made
    }

    private func chunk(_ records: [String]) throws -> LoadedChunk {
        try items(GELFWriter(GELFSettings()), records)
    }

    /// What a TCP server does with a connection.
    enum Manner: Sendable { case reads, hangsUp, isSilent }

    private func listen(_ manner: Manner) async throws -> UInt16 {
        let loop = server.loop
        return await withCheckedContinuation { continuation in
            loop.submit { [received] in
                // A port of the kernel's choice is free.
                let listener = try? Listener(.tcp(host: "127.0.0.1", port: 0), on: loop) { connection in
                    connection.start(
                        Peer(manner) { received.add($0) })
                }
                continuation.resume(returning: listener?.port ?? 0)
            }
        }
    }

    private final class Peer: ConnectionHandler {
        let manner: Manner
        let tell: ([UInt8]) -> Void
        var bytes: [UInt8] = []

        init(_ manner: Manner, _ tell: @escaping ([UInt8]) -> Void) { (self.manner, self.tell) = (manner, tell) }

        func received(_ bytes: UnsafeRawBufferPointer, on connection: Connection) {
            self.bytes += bytes
            if case .hangsUp = manner { connection.closeAfterWrites() }
        }
        func reachedEnd(of connection: Connection) {
            if case .isSilent = manner { return }
            connection.closeAfterWrites(because: .endOfStream)
        }
        func closed(_ connection: Connection, because reason: CloseReason) { tell(bytes) }
    }

    @Test(
        "over TCP each message has a NUL behind it, and is delivered when the server has read to the end",
        .timeLimit(.minutes(10)))
    func stream() async throws {
        let port = try await listen(.reads)
        let chunk = try chunk([#"{"n":1}"#, #"{"s":"a\u0000b"}"#, #"{"n":3}"#])
        let destination = destination(.tcp, port: port)
        #expect(await destination.deliver(chunk, items: [0, 1]) == .delivered)
        #expect(await destination.deliver(chunk, items: [2]) == .delivered)
        let messages = try await connections(withMessages: 3).map {
            $0.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
        }
        #expect(messages.map(\.count) == [2, 1])
        #expect(messages[0][0].hasSuffix(#""_n":1,"_tag":"app.web"}"#))
        #expect(messages[0][1].contains(#""_s":"a\u0000b""#))
    }

    /// The server tells of a connection just after the client has seen its end.
    private func connections(withMessages count: Int) async throws -> [[UInt8]] {
        for _ in 0..<500 where messageCount(received.all) < count { try await Task.sleep(for: .milliseconds(20)) }
        return received.all
    }

    /// Each ends with a NUL. Many megabytes are looked through, again and again.
    private func messageCount(_ connections: [[UInt8]]) -> Int {
        connections.reduce(0) { sum, bytes in
            bytes.withUnsafeBytes { bytes in
                var count = sum
                var place = 0
                while place < bytes.count, let base = bytes.baseAddress,
                    let end = memchr(base + place, 0, bytes.count - place)
                {
                    count += 1
                    place = end - UnsafeMutableRawPointer(mutating: base) + 1
                }
                return count
            }
        }
    }

    @Test("a chunk of many megabytes arrives whole", .timeLimit(.minutes(10)))
    func large() async throws {
        let port = try await listen(.reads)
        let text = String(repeating: "x", count: 100_000)
        let chunk = try chunk((0..<100).map { #"{"n":\#($0),"text":"\#(text)"}"# })
        #expect(await destination(.tcp, port: port).deliver(chunk, items: chunk.allItems) == .delivered)
        let connections = try await connections(withMessages: 100)
        #expect(connections.count > 1, "what is sent again after a failure has a limit")
        #expect(messageCount(connections) == 100)
    }

    @Test(
        "a server that hangs up, or does not read to the end, has not taken it", .timeLimit(.minutes(10)),
        arguments: [Manner.hangsUp, .isSilent])
    func broken(_ manner: Manner) async throws {
        let port = try await listen(manner)
        let text = String(repeating: "x", count: 1_000_000)
        let chunk = try chunk((0..<8).map { #"{"n":\#($0),"text":"\#(text)"}"# })
        let destination = destination(.tcp, port: port) { $0.sendSeconds = 0.5 }
        guard case .retry(let reason, nil) = await destination.deliver(chunk, items: chunk.allItems) else {
            Issue.record("it was taken for delivered")
            return
        }
        #expect(reason.kind == .unreachable || reason.kind == .timeout)
    }

    @Test(
        "a server that ends before it has read what the kernel still holds has not taken it", .timeLimit(.minutes(10)))
    func endsEarly() async throws {
        // Room for a few kilobytes of the twelve: the others stay with the sender's kernel.
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(listener) }
        var room: Int32 = 2048
        setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &room, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isListening = withUnsafeMutablePointer(to: &address) { place in
            place.withMemoryRebound(to: sockaddr.self, capacity: 1) { place in
                bind(listener, place, size) == 0 && Glibc.listen(listener, 1) == 0
                    && getsockname(listener, place, &size) == 0
            }
        }
        try #require(isListening)
        let port = UInt16(bigEndian: address.sin_port)
        let thread = Thread {
            let peer = accept(listener, nil, nil)
            usleep(500_000)
            shutdown(peer, Int32(SHUT_WR))
            usleep(500_000)
            close(peer)
        }
        thread.start()
        let chunk = try chunk([#"{"text":"\#(String(repeating: "x", count: 12_000))"}"#])
        let outcome = await destination(.tcp, port: port) { $0.sendSeconds = 5 }.deliver(chunk, items: chunk.allItems)
        guard case .retry(let reason, nil) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(reason.kind == .unreachable)
    }

    @Test(
        "over UDP each message is packed, in pieces when it is large, and all of a burst arrive",
        .timeLimit(.minutes(10)))
    func datagrams() async throws {
        let loop = server.loop
        let port: UInt16 = await withCheckedContinuation { continuation in
            loop.submit { [received] in
                let socket = try? Datagram(host: "127.0.0.1", port: 0, on: loop, receiveQueueBytes: 4 << 20) {
                    bytes, _, _ in
                    received.add(Array(bytes))
                }
                continuation.resume(returning: socket?.port ?? 0)
            }
        }
        var generator = SystemRandomNumberGenerator()
        let noise = (0..<3000).map { _ in String(UInt8.random(in: 0...255, using: &generator), radix: 16) }.joined()
        let chunk = try chunk((0..<500).map { #"{"n":\#($0)}"# } + [#"{"noise":"\#(noise)"}"#])
        #expect(await destination(.udp, port: port).deliver(chunk, items: chunk.allItems) == .delivered)
        for _ in 0..<200 where received.all.count < 503 { try await Task.sleep(for: .milliseconds(20)) }
        let datagrams = received.all
        #expect(datagrams.count > 501)
        let messages = try datagrams.prefix(500).map { String(decoding: try GELFPieces.joined([$0]), as: UTF8.self) }
        #expect(Set(messages).count == 500)
        #expect(messages[0].contains(#""_n":0,"#))
        let large = String(decoding: try GELFPieces.joined(Array(datagrams.dropFirst(500))), as: UTF8.self)
        #expect(large.contains(noise))
    }

    @Test("over UDP a message that is too large is refused alone", .timeLimit(.minutes(10)))
    func tooLarge() async throws {
        var generator = SystemRandomNumberGenerator()
        let noise = Data((0..<1_200_000).map { _ in UInt8.random(in: 0...255, using: &generator) })
            .base64EncodedString()
        let chunk = try chunk([#"{"n":1}"#, #"{"noise":"\#(noise)"}"#, #"{"n":3}"#])
        let outcome = await destination(.udp, port: 9).deliver(chunk, items: chunk.allItems)
        guard case .partial(let retry, _, let rejected) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(retry.isEmpty && rejected.map(\.item) == [1])
    }

    @Test("it keeps the rules of destinations", .timeLimit(.minutes(10)))
    func rules() async throws {
        let working = try await listen(.reads)
        let silent = try await listen(.isSilent)
        let chunk = try chunk([#"{"n":1}"#, #"{"n":2}"#])
        await OutputCompatTest.destinationRules(
            unreachable: destination(.tcp, port: 1), silent: destination(.tcp, port: silent),
            working: destination(.tcp, port: working), chunk)
    }
}
