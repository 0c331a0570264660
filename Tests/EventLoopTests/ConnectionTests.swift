import EventLoop
import Glibc
import Testing

@Suite("Connections and listeners")
struct ConnectionTests {
    enum Kind: CaseIterable { case tcp, tcp6, unix }

    private func endpoint(_ kind: Kind) -> Endpoint {
        switch kind {
        case .tcp: .tcp(host: "127.0.0.1", port: 0)
        case .tcp6: .tcp(host: "::1", port: 0)
        case .unix: .unix(path: socketPath("kind"))
        }
    }

    private func dial(_ listener: Listener) -> Endpoint {
        if case .tcp(let host, _) = listener.endpoint { return .tcp(host: host, port: listener.port) }
        return listener.endpoint
    }

    @Test("a question gets its answer, and both ends close in order", arguments: Kind.allCases)
    func echo(_ kind: Kind) throws {
        let stage = try Stage()
        let server = Script()
        let client = Script()
        server.onReceived = { connection, script in
            if script.text == "question" { connection.write(Array("answer".utf8)) }
        }
        var listener: Listener?
        listener = try Listener(endpoint(kind), on: stage.loop) { connection in
            if kind == .tcp { #expect(connection.peerName.hasPrefix("127.0.0.1:")) }
            if kind == .tcp6 { #expect(connection.peerAddress?.host == "::1") }
            if kind == .unix { #expect(connection.peerAddress == nil) }
            connection.start(server)
        }
        client.onReceived = { connection, script in if script.text == "answer" { connection.closeAfterWrites() } }
        server.onClosed = { _ in
            listener?.close()
            stage.finish()
        }
        ConnectAttempt(to: dial(try #require(listener)), on: stage.loop) { result in
            guard case .success(let connection) = result else {
                Issue.record("\(result)")
                return
            }
            connection.start(client)
            connection.write(Array("question".utf8))
        }
        stage.run()
        #expect(server.text == "question")
        #expect(client.text == "answer")
        #expect(server.ends == 1)
        #expect(server.reasons == [.endOfStream])
        #expect(client.reasons == [.local])
    }

    @Test("after the client's half close the server can still answer")
    func halfClose() throws {
        let stage = try Stage()
        let server = Script()
        server.onEnd = { connection in
            connection.write(Array("late answer".utf8))
            connection.closeAfterWrites(because: .endOfStream)
        }
        server.onClosed = { _ in stage.finish() }
        let listener = try Listener(.tcp(host: "127.0.0.1", port: 0), on: stage.loop) { $0.start(server) }
        let descriptor = try plainClient(port: listener.port)
        #expect(write(descriptor, "x", 1) == 1)
        shutdown(descriptor, Int32(SHUT_WR))
        server.onClosed = { _ in
            listener.close()
            stage.finish()
        }
        stage.run()
        var answer = [UInt8](repeating: 0, count: 64)
        let count = read(descriptor, &answer, 64)
        #expect(String(decoding: answer.prefix(max(count, 0)), as: UTF8.self) == "late answer")
        #expect(read(descriptor, &answer, 64) == 0)
        Glibc.close(descriptor)
        #expect(server.reasons == [.endOfStream])
    }

    @Test("a reset is told apart from an end")
    func reset() throws {
        let stage = try Stage()
        let server = Script()
        let listener = try Listener(.tcp(host: "127.0.0.1", port: 0), on: stage.loop) { $0.start(server) }
        let descriptor = try plainClient(port: listener.port)
        var value = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &value, socklen_t(MemoryLayout<linger>.size))
        Glibc.close(descriptor)
        server.onClosed = { _ in
            listener.close()
            stage.finish()
        }
        stage.run()
        #expect(server.ends == 0)
        #expect(server.reasons == [.reset])
    }

    @Test("linger_timeout 0 makes a close a reset for the peer")
    func lingerZero() throws {
        let stage = try Stage()
        var options = ConnectionOptions()
        options.lingerSeconds = 0
        let server = Script()
        server.onReceived = { connection, _ in connection.close() }
        let listener = try Listener(.tcp(host: "127.0.0.1", port: 0), on: stage.loop, options: options) {
            $0.start(server)
        }
        let descriptor = try plainClient(port: listener.port)
        #expect(write(descriptor, "x", 1) == 1)
        server.onClosed = { _ in
            listener.close()
            stage.finish()
        }
        stage.run()
        var byte: UInt8 = 0
        #expect(read(descriptor, &byte, 1) == -1)
        #expect(errno == ECONNRESET)
        Glibc.close(descriptor)
    }

    @Test("a peer that does not read stops being read; when it reads again everything arrives in order")
    func backPressure() throws {
        let stage = try Stage()
        var options = ConnectionOptions()
        options.pauseReadingAboveQueuedBytes = 1 << 20
        let total = 24 << 20
        let server = Script()
        let client = Script()
        let block = (0..<(1 << 16)).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 >> 8) }
        var serverSide: Connection?
        var mostQueued = 0
        let listener = try Listener(.tcp(host: "127.0.0.1", port: 0), on: stage.loop, options: options) { connection in
            serverSide = connection
            connection.start(server)
            for _ in 0..<(total / block.count) { connection.write(block) }
            mostQueued = connection.queuedWriteBytes
        }
        let resume = LoopTimer(on: stage.loop)
        var readsWhileBlocked = -1
        ConnectAttempt(to: dial(listener), on: stage.loop) { result in
            guard case .success(let connection) = result else {
                Issue.record("\(result)")
                return
            }
            connection.start(client)
            connection.pauseReading()
            connection.write(Array("ping".utf8))
            resume.start(afterMilliseconds: 150) {
                readsWhileBlocked = server.reads
                connection.resumeReading()
                resume.close()
            }
        }
        server.onDrained = { _ in #expect(serverSide?.queuedWriteBytes == 0) }
        server.onReceived = { _, _ in serverSide?.closeAfterWrites() }
        server.onClosed = { _ in
            listener.close()
            stage.finish()
        }
        stage.run()
        #expect(mostQueued > 8 << 20)
        #expect(readsWhileBlocked == 0)
        #expect(server.drains == 1)
        #expect(client.bytes.count == total)
        for start in stride(from: 0, to: min(total, client.bytes.count), by: block.count) {
            #expect(client.bytes[start..<start + block.count].elementsEqual(block))
        }
        #expect(client.ends == 1)
    }

    @Test("closeAfterWrites sends all that is queued before the end")
    func finishing() throws {
        let stage = try Stage()
        let server = Script()
        let client = Script()
        let block = [UInt8](repeating: 5, count: 1 << 20)
        let listener = try Listener(.unix(path: socketPath("finish")), on: stage.loop) { connection in
            connection.start(server)
            for _ in 0..<8 { connection.write(block) }
            #expect(connection.queuedWriteBytes > 4 << 20)
            connection.closeAfterWrites()
            connection.write([1])
        }
        ConnectAttempt(to: listener.endpoint, on: stage.loop) { result in
            if case .success(let connection) = result { connection.start(client) }
        }
        client.onClosed = { _ in
            listener.close()
            stage.finish()
        }
        stage.run()
        #expect(client.bytes.count == 8 << 20)
        #expect(client.reasons == [.endOfStream])
        #expect(server.reasons == [.local])
    }

    @Test("closeAfterWrites gives up on a peer that never reads")
    func finishingTimeout() throws {
        let stage = try Stage()
        var options = ConnectionOptions()
        options.finishTimeoutMilliseconds = 50
        let server = Script()
        let block = [UInt8](repeating: 5, count: 16 << 20)
        let listener = try Listener(.tcp(host: "127.0.0.1", port: 0), on: stage.loop, options: options) { connection in
            connection.start(server)
            connection.write(block)
            connection.closeAfterWrites()
        }
        let descriptor = try plainClient(port: listener.port)
        server.onClosed = { _ in
            listener.close()
            stage.finish()
        }
        stage.run()
        Glibc.close(descriptor)
        guard case .failed(let error) = server.reasons.first else {
            Issue.record("\(server.reasons)")
            return
        }
        #expect(error.name == "ETIMEDOUT")
    }

    @Test("a queue that outgrows its limit ends the connection with a reason")
    func queueLimit() throws {
        let stage = try Stage()
        var options = ConnectionOptions()
        options.maximumQueuedWriteBytes = 8 << 20
        let server = Script()
        let block = [UInt8](repeating: 1, count: 1 << 20)
        let listener = try Listener(.tcp(host: "127.0.0.1", port: 0), on: stage.loop, options: options) { connection in
            connection.start(server)
            for _ in 0..<64 { connection.write(block) }
        }
        let descriptor = try plainClient(port: listener.port)
        server.onClosed = { _ in
            listener.close()
            stage.finish()
        }
        stage.run()
        Glibc.close(descriptor)
        guard case .failed(let error) = server.reasons.first else {
            Issue.record("\(server.reasons)")
            return
        }
        #expect(error.description.contains("the peer does not read"))
        #expect(server.reasons.count == 1)
    }

    @Test("three hundred connections are served, whatever order they end in")
    func many() throws {
        let stage = try Stage()
        var open = 0
        var done = 0
        var listener: Listener?
        listener = try Listener(.tcp(host: "localhost", port: 0), on: stage.loop) { connection in
            let script = Script()
            open += 1
            script.onReceived = { connection, script in connection.write(script.bytes) }
            connection.start(script)
        }
        let port = try #require(listener).port
        for number in 0..<300 {
            ConnectAttempt(to: .tcp(host: "127.0.0.1", port: port), on: stage.loop) { result in
                guard case .success(let connection) = result else {
                    Issue.record("\(result)")
                    return
                }
                let script = Script()
                let text = "client \(number)"
                script.onReceived = { connection, script in
                    if script.text == text {
                        if number % 2 == 0 { connection.close() } else { connection.closeAfterWrites() }
                    }
                }
                script.onClosed = { [unowned script] _ in
                    #expect(script.text == text)
                    done += 1
                    if done == 300 {
                        listener?.close()
                        stage.finish()
                    }
                }
                connection.start(script)
                connection.write(Array(text.utf8))
            }
        }
        stage.run()
        #expect(open == 300)
        #expect(done == 300)
    }

    @Test("closing inside a callback ends it: no byte and no second closed come after")
    func closeInside() throws {
        let stage = try Stage()
        let server = Script()
        server.onReceived = { connection, _ in
            connection.write([1, 2, 3])
            connection.close()
            connection.write([4])
            connection.close()
        }
        let listener = try Listener(.tcp(host: "127.0.0.1", port: 0), on: stage.loop) { $0.start(server) }
        let descriptor = try plainClient(port: listener.port)
        let block = [UInt8](repeating: 9, count: 1 << 20)
        _ = send(descriptor, block, block.count, Int32(MSG_DONTWAIT))
        server.onClosed = { _ in
            listener.close()
            stage.finish()
        }
        stage.run()
        Glibc.close(descriptor)
        #expect(server.reads == 1)
        #expect(server.reasons == [.local])
    }

    @Test("writing to a peer that is gone is a reset, not the end of the process")
    func brokenPipe() throws {
        let stage = try Stage()
        let server = Script()
        server.onEnd = { _ in }
        var timer: LoopTimer?
        let listener = try Listener(.unix(path: socketPath("pipe")), on: stage.loop) { connection in
            connection.start(server)
            timer = LoopTimer(on: stage.loop)
            timer?.start(afterMilliseconds: 20, everyMilliseconds: 5) { connection.write([1]) }
        }
        server.onClosed = { _ in
            timer?.close()
            listener.close()
            stage.finish()
        }
        ConnectAttempt(to: listener.endpoint, on: stage.loop) { result in
            if case .success(let connection) = result { connection.close() }
        }
        stage.run()
        #expect(server.ends == 1)
        #expect(server.reasons == [.reset])
    }
}
