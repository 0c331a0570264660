import Glibc
import Testing

@testable import EventLoop

@Suite("Connections: limits, and reasons not to read", .timeLimit(.minutes(10)))
struct ConnectionLimitTests {
    /// A server's side of a connection whose peer is a plain socket, for a test to drive from a timer.
    private func withConnection(
        _ options: ConnectionOptions = ConnectionOptions(),
        _ story: @escaping (_ stage: Stage, _ connection: Connection, _ script: Script, _ peer: Int32) -> Void
    ) throws {
        let stage = try Stage()
        let script = Script()
        var listener: Listener?
        var peer: Int32 = -1
        listener = try Listener(.tcp(host: "127.0.0.1", port: 0), on: stage.loop, options: options) { connection in
            connection.start(script)
            listener?.close()
            story(stage, connection, script, peer)
        }
        script.onClosed = { _ in stage.finish() }
        peer = try plainClient(port: try #require(listener).port)
        stage.run()
        Glibc.close(peer)
    }

    private func after(_ milliseconds: UInt64, on loop: Loop, _ action: @escaping () -> Void) {
        let timer = LoopTimer(on: loop)
        timer.start(afterMilliseconds: milliseconds) {
            timer.close()
            action()
        }
    }

    private static func drain(_ peer: Int32, atLeast count: Int) -> Int {
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        var got = 0
        while got < count {
            let some = recv(peer, &buffer, buffer.count, Int32(MSG_DONTWAIT))
            if some <= 0 { break }
            got += some
        }
        return got
    }

    enum Lifted: CaseIterable, Sendable { case pauseFirst, answersFirst }

    @Test("paused and throttled: it is read only when both reasons are gone", arguments: Lifted.allCases)
    func twoReasons(_ lifted: Lifted) throws {
        var options = ConnectionOptions()
        options.pauseReadingAboveQueuedBytes = 1000
        try withConnection(options) { stage, connection, script, peer in
            connection.write([UInt8](repeating: 1, count: 16 << 20))
            #expect(connection.queuedWriteBytes > 1000)
            connection.pauseReading()
            #expect(send(peer, "x", 1, 0) == 1)
            let take = LoopTimer(on: stage.loop)
            func takeAnswers(then next: @escaping () -> Void) {
                take.start(afterMilliseconds: 1, everyMilliseconds: 1) {
                    _ = Self.drain(peer, atLeast: .max)
                    if connection.queuedWriteBytes == 0 {
                        take.close()
                        self.after(20, on: stage.loop, next)
                    }
                }
            }
            switch lifted {
            case .pauseFirst:
                connection.resumeReading()
                after(50, on: stage.loop) {
                    #expect(script.reads == 0, "resuming does not lift the throttle")
                    takeAnswers {
                        #expect(script.text == "x")
                        connection.close()
                    }
                }
            case .answersFirst:
                takeAnswers {
                    #expect(script.drains == 1)
                    #expect(script.reads == 0, "a drained queue does not lift the pause")
                    connection.resumeReading()
                    self.after(20, on: stage.loop) {
                        #expect(script.text == "x")
                        connection.close()
                    }
                }
            }
        }
    }

    @Test("a connection that ends while paused says so only when it is read again")
    func endsWhilePaused() throws {
        try withConnection { stage, connection, script, peer in
            connection.pauseReading()
            #expect(send(peer, "last", 4, 0) == 4)
            shutdown(peer, Int32(SHUT_WR))
            self.after(30, on: stage.loop) {
                #expect(script.reads == 0)
                #expect(script.ends == 0)
                connection.resumeReading()
            }
            script.onEnd = { connection in
                #expect(script.text == "last")
                connection.close()
            }
        }
    }

    @Test("a flooded connection leaves others their turn")
    func fairness() throws {
        let stage = try Stage()
        let flood = Script()
        var turns = 0
        var most = 0
        var readsThisTurn = 0
        var last: UInt64 = 0
        var listener: Listener?
        let total = 6 * Loop.defaultReceiveBufferBytes
        // Jobs are run once a turn, so reads between two of them are reads of one turn.
        func nextTurn() {
            turns += 1
            readsThisTurn = 0
            if flood.bytes.count < total { stage.loop.submit(Turn(nextTurn).run) }
        }
        listener = try Listener(.tcp(host: "127.0.0.1", port: 0), on: stage.loop) { connection in
            connection.start(flood)
            nextTurn()
            listener?.close()
        }
        flood.onReceived = { connection, script in
            readsThisTurn += script.bytes.count - Int(last) == Loop.defaultReceiveBufferBytes ? 1 : 0
            last = UInt64(script.bytes.count)
            most = max(most, readsThisTurn)
            if script.bytes.count >= total { connection.close() }
        }
        flood.onClosed = { _ in stage.finish() }
        let peer = try plainClient(port: try #require(listener).port)
        var size: Int32 = 8 << 20
        setsockopt(peer, SOL_SOCKET, SO_SNDBUF, &size, 4)
        let sender = Sender {
            let block = [UInt8](repeating: 7, count: total)
            var sent = 0
            while sent < total {
                let count = block.withUnsafeBytes {
                    send(peer, $0.baseAddress! + sent, total - sent, Int32(MSG_NOSIGNAL))
                }
                if count <= 0 { return }
                sent += count
            }
        }
        stage.run()
        sender.join()
        Glibc.close(peer)
        #expect(flood.bytes.count == total)
        #expect(most <= Connection.readsPerTurn)
        #expect(turns > 1)
    }

    @Test("when all queues together are too long, the longest is given up and the others stay")
    func totalQueue() throws {
        let stage = try Stage()
        var options = ConnectionOptions()
        options.maximumQueuedWriteBytes = 128 << 20
        // Sizes in megabytes, so far apart that it does not matter how many of them the kernel takes (up to ten each).
        options.maximumQueuedWriteBytesOfLoop = 73 << 20
        var scripts: [Script] = []
        var sides: [Connection] = []
        var listener: Listener?
        let sizes = [8, 64, 1]
        listener = try Listener(.tcp(host: "127.0.0.1", port: 0), on: stage.loop, options: options) { connection in
            let script = Script()
            scripts.append(script)
            sides.append(connection)
            connection.start(script)
            guard sides.count == 3 else { return }
            listener?.close()
            for (side, megabytes) in zip(sides, sizes) {
                side.write([UInt8](repeating: 1, count: megabytes << 20))
                side.write([1])
            }
            #expect(scripts.allSatisfy { $0.reasons.isEmpty })
            sides[2].write([UInt8](repeating: 1, count: 40 << 20))
            let timer = LoopTimer(on: stage.loop)
            timer.start(afterMilliseconds: 20) {
                timer.close()
                #expect(scripts.map(\.reasons.count) == [0, 1, 0])
                sides[0].write([1])
                sides[0].close()
                sides[2].close()
                stage.finish()
            }
        }
        let port = try #require(listener).port
        let peers = try (0..<3).map { _ in try plainClient(port: port) }
        stage.run()
        for peer in peers { Glibc.close(peer) }
        guard case .failed(let error) = scripts[1].reasons.first else {
            Issue.record("\(scripts[1].reasons)")
            return
        }
        #expect(error.name == "ENOBUFS" && error.description.contains("does not read"))
    }

    enum Parting: CaseIterable, Sendable { case none, halfClose, close, reset }

    @Test("how the peer of a paused connection is, with bytes unread", arguments: Parting.allCases, [true, false])
    func presence(_ parting: Parting, _ isUnix: Bool) throws {
        let stage = try Stage()
        let script = Script()
        var listener: Listener?
        let client = Script()
        var clientSide: Connection?
        var options = ConnectionOptions()
        if parting == .reset { options.lingerSeconds = 0 }
        if isUnix && parting == .reset { return }  // a unix socket has no reset of its own
        let endpoint: Endpoint = isUnix ? .unix(path: socketPath("presence")) : .tcp(host: "127.0.0.1", port: 0)
        listener = try Listener(endpoint, on: stage.loop) { connection in
            connection.start(script)
            connection.pauseReading()
            listener?.close()
            self.after(30, on: stage.loop) {
                clientSide?.write([1, 2, 3])
                switch parting {
                case .none: break
                case .halfClose: clientSide?.closeAfterWrites()
                case .close, .reset: clientSide?.close()
                }
                self.after(30, on: stage.loop) {
                    let expected: PeerPresence =
                        switch parting {
                        case .none: .connected
                        case .halfClose, .close: .ended
                        case .reset: .reset
                        }
                    #expect(Connection.presence(ofPeers: [connection]) == [expected])
                    #expect(script.reads == 0)
                    connection.close()
                    #expect(
                        Connection.presence(ofPeers: [connection]) == [.connected], "nothing is known of it any more")
                    clientSide?.close()
                    stage.finish()
                }
            }
        }
        let made = try #require(listener)
        let target: Endpoint = isUnix ? endpoint : .tcp(host: "127.0.0.1", port: made.port)
        ConnectAttempt(to: target, on: stage.loop, options: options) { result in
            guard case .success(let connection) = result else { return }
            clientSide = connection
            connection.start(client)
        }
        stage.run()
    }

    @Test(
        "how many of the descriptors are for clients",
        arguments: [(1024, 896), (64, 32), (33, 1), (10, 1), (20_000, 19_744), (1 << 30, (1 << 30) - 256)])
    func reserve(_ descriptors: Int, _ connections: Int) {
        #expect(ConnectionBudget.connections(ofDescriptors: descriptors) == connections)
    }

    @Test("clients stop where the reserve begins, so that descriptors are left for everything else")
    func reserveHolds() async {
        // In a process of its own: the limit is the process's.
        await #expect(processExitsWith: .success) {
            var limit = rlimit()
            getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            limit.rlim_cur = 64
            setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            precondition(ConnectionBudget.process.limit == 32)
            // Raised again, so that the clients of this test find room: only the server counts.
            limit.rlim_cur = limit.rlim_max
            setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            let stage = try Stage()
            var accepted: [Connection] = []
            var fulls: [Int] = []
            let listener = try Listener(
                .tcp(host: "127.0.0.1", port: 0), on: stage.loop, budget: .process
            ) { connection in
                accepted.append(connection)
                connection.start(Script())
            }
            listener.onFull = { fulls.append($0.limit) }
            let clients = try (0..<50).map { _ in try plainClient(port: listener.port) }
            let timer = LoopTimer(on: stage.loop)
            timer.start(afterMilliseconds: 250) {
                precondition(accepted.count == 32, "\(accepted.count)")
                precondition(fulls == [32], "\(fulls)")
                for connection in accepted[..<20] { connection.close() }
                timer.start(afterMilliseconds: 350) {
                    precondition(accepted.count == 50, "\(accepted.count)")
                    for connection in accepted { connection.close() }
                    listener.close()
                    timer.close()
                    stage.finish()
                }
            }
            stage.run(limitMilliseconds: 5_000)
            precondition(ConnectionBudget.process.count == 0)
            for client in clients { Glibc.close(client) }
        }
    }

    @Test("without descriptors a loop cannot be made: an error, and it works again later")
    func loopWithoutDescriptors() async {
        await #expect(processExitsWith: .success) {
            // libuv ends the process when its very first loop cannot have the pipe that signals come through.
            let first = try Loop()
            first.stop()
            precondition(first.run() == [])
            var limit = rlimit()
            getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            let usual = limit.rlim_cur
            var failures = 0
            // Room for none, for the epoll alone, for one end of the pipe, …: each step of it fails once. (libuv 1.44
            // itself keeps the epoll when a later step fails.)
            for room in 0..<12 {
                // The process inherits descriptors, so the free numbers are counted.
                var free = -1
                var number: Int32 = -1
                while free < room {
                    number += 1
                    if fcntl(number, F_GETFD) < 0 { free += 1 }
                }
                limit.rlim_cur = rlim_t(number)
                setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
                do throws(LoopError) {
                    let loop = try Loop()
                    loop.stop()
                    precondition(loop.run() == [])
                } catch {
                    precondition(error.name == "EMFILE", "\(error)")
                    failures += 1
                }
                limit.rlim_cur = usual
                setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            }
            precondition((3..<12).contains(failures), "\(failures) of 12 failed")
            let loop = try Loop()
            loop.stop()
            precondition(loop.run() == [])
        }
    }

    @Test(
        "the loop's account of what peers have to fetch ends at zero, whether they fetch it or leave",
        arguments: [true, false])
    func account(fetches: Bool) throws {
        var loop: Loop?
        try withConnection { stage, connection, script, peer in
            loop = stage.loop
            connection.write([UInt8](repeating: 1, count: 16 << 20))
            connection.write([1])
            #expect(stage.loop.queuedWriteBytes == connection.writeQueueBytes && stage.loop.queuedWriteBytes > 1 << 20)
            guard fetches else { return connection.close() }
            let take = LoopTimer(on: stage.loop)
            take.start(afterMilliseconds: 1, everyMilliseconds: 1) {
                _ = Self.drain(peer, atLeast: .max)
                guard script.drains > 0 else { return }
                take.close()
                #expect(stage.loop.queuedWriteBytes == 0)
                connection.close()
            }
        }
        #expect(loop?.queuedWriteBytes == 0)
    }

    @Test("closeAfterPeer sends all that is queued, also when the peer has ended already") func peerEndsFirst() throws {
        let total = 16 << 20
        var got = 0
        // It reads on, and so sees the peer's end while it has still much to send.
        var options = ConnectionOptions()
        options.pauseReadingAboveQueuedBytes = 2 * total
        try withConnection(options) { stage, connection, script, peer in
            connection.write([UInt8](repeating: 1, count: total))
            connection.closeAfterPeer(withinMilliseconds: 10_000)
            shutdown(peer, Int32(SHUT_WR))
            let take = LoopTimer(on: stage.loop)
            // What the kernel has taken is there after the connection is closed.
            var looksAfterClosing = 0
            take.start(afterMilliseconds: 30, everyMilliseconds: 1) {
                got += Self.drain(peer, atLeast: .max)
                looksAfterClosing += script.reasons.isEmpty ? 0 : 1
                if got >= total || looksAfterClosing > 100 { take.close() }
            }
        }
        #expect(got == total)
    }

    @Test("a place that could not be had costs none of the process's") func refusedPlaces() {
        let budget = ConnectionBudget(limit: 1, advice: "")
        #expect(budget.take() == nil)
        let before = ConnectionBudget.process.count
        for _ in 0..<300 { #expect(budget.take() === budget) }
        // Other tests' connections come and go meanwhile.
        #expect(ConnectionBudget.process.count < before + 150)
        #expect(budget.count == 1)
        budget.giveBack()
        #expect(budget.count == 0 && budget.take() == nil)
        budget.giveBack()
    }
}

/// A job that a test's own thread runs: its loop never leaves it.
private struct Turn: @unchecked Sendable {
    let body: () -> Void
    init(_ body: @escaping () -> Void) { self.body = body }
    @Sendable func run() { body() }
}
