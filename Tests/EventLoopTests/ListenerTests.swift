import EventLoop
import Glibc
import Testing

@Suite("Listening: what is refused, and what is left over")
struct ListenerTests {
    @Test("a taken port is an error that names call, address and errno, and says what to do")
    func portTaken() throws {
        let stage = try Stage()
        let first = try Listener(.tcp(host: "127.0.0.1", port: 0), on: stage.loop) { _ in }
        let error = #expect(throws: LoopError.self) {
            _ = try Listener(.tcp(host: "127.0.0.1", port: first.port), on: stage.loop) { _ in }
        }
        #expect(error?.name == "EADDRINUSE")
        #expect(
            error?.description
                == "cannot bind tcp 127.0.0.1:\(first.port): address already in use (EADDRINUSE); another process listens there: stop it (`ss -ltnp` names it) or choose another port"
        )
        first.close()
        stage.finish()
        stage.run()
    }

    @Test("with reusePort two loops share a port")
    func reusePort() throws {
        let stage = try Stage()
        let first = try Listener(.tcp(host: "127.0.0.1", port: 0), on: stage.loop, reusePort: true) { _ in }
        let second = try Listener(.tcp(host: "127.0.0.1", port: first.port), on: stage.loop, reusePort: true) { _ in }
        #expect(second.port == first.port)
        first.close()
        second.close()
        stage.finish()
        stage.run()
    }

    @Test("a name that is none, and an address of another machine, are errors")
    func badHosts() throws {
        let stage = try Stage()
        #expect(throws: LoopError.self) {
            _ = try Listener(.tcp(host: "no such host", port: 1), on: stage.loop) { _ in }
        }
        let error = #expect(throws: LoopError.self) {
            _ = try Listener(.tcp(host: "192.0.2.1", port: 0), on: stage.loop) { _ in }
        }
        #expect(error?.name == "EADDRNOTAVAIL")
        stage.finish()
        stage.run()
    }

    @Test("a unix socket has its mode, refuses a second listener, and is removed on close")
    func unixLife() throws {
        let path = socketPath("life")
        let stage = try Stage()
        let first = try Listener(.unix(path: path), on: stage.loop, mode: 0o600) { $0.close() }
        var facts = stat()
        #expect(stat(path, &facts) == 0)
        #expect(facts.st_mode & 0o777 == 0o600)
        let error = #expect(throws: LoopError.self) { _ = try Listener(.unix(path: path), on: stage.loop) { _ in } }
        #expect(error?.name == "EADDRINUSE")
        let timer = LoopTimer(on: stage.loop)
        timer.start(afterMilliseconds: 20) {
            timer.close()
            first.close()
            stage.finish()
        }
        stage.run()
        #expect(stat(path, &facts) != 0)
    }

    @Test("a socket file nobody listens on is replaced; other files are not")
    func stale() throws {
        let path = socketPath("stale")
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        try #require(bound == 0)
        Glibc.close(descriptor)
        let stage = try Stage()
        let listener = try Listener(.unix(path: path), on: stage.loop) { _ in }
        let plain = path + ".txt"
        let file = open(plain, O_CREAT | O_WRONLY, 0o600)
        Glibc.close(file)
        let error = #expect(throws: LoopError.self) { _ = try Listener(.unix(path: plain), on: stage.loop) { _ in } }
        #expect(error?.name == "EEXIST")
        var facts = stat()
        #expect(stat(plain, &facts) == 0)
        unlink(plain)
        listener.close()
        stage.finish()
        stage.run()
    }

    @Test("a path the kernel cannot hold is an error, for listening and for connecting")
    func longPath() throws {
        let path = "/tmp/" + String(repeating: "x", count: 120)
        let stage = try Stage()
        let error = #expect(throws: LoopError.self) { _ = try Listener(.unix(path: path), on: stage.loop) { _ in } }
        #expect(error?.name == "ENAMETOOLONG")
        var outcome: LoopError?
        ConnectAttempt(to: .unix(path: path), on: stage.loop) { result in
            if case .failure(let error) = result { outcome = error }
            stage.finish()
        }
        stage.run()
        #expect(outcome?.name == "ENAMETOOLONG")
    }

    @Test("when descriptors run out the listener says so now and then, and takes the waiting clients later")
    func descriptorsRunOut() async {
        // In a process of its own: the limit is the process's.
        await #expect(processExitsWith: .success) {
            let stage = try Stage()
            var accepted = 0
            var errors: [LoopError] = []
            var listener: Listener?
            listener = try Listener(.tcp(host: "127.0.0.1", port: 0), on: stage.loop) { connection in
                accepted += 1
                connection.close()
                if accepted == 10 {
                    listener?.close()
                    stage.finish()
                }
            }
            listener?.onAcceptError = { errors.append($0) }
            for _ in 0..<10 { _ = try plainClient(port: listener?.port ?? 0) }
            // Below every number that is in use, so that nothing another thread closes makes room.
            var limit = rlimit()
            getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            let usual = limit.rlim_cur
            limit.rlim_cur = 3
            setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            let timer = LoopTimer(on: stage.loop)
            timer.start(afterMilliseconds: 350) {
                precondition(accepted == 0)
                limit.rlim_cur = usual
                setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
                timer.close()
            }
            stage.run(limitMilliseconds: 5_000)
            precondition(accepted == 10, "accepted \(accepted)")
            precondition((1...6).contains(errors.count), "\(errors.count) errors")
            precondition(errors[0].name == "EMFILE" && errors[0].description.contains("LimitNOFILE"), "\(errors[0])")
        }
    }

    @Test("a paused listener leaves clients waiting, a resumed one takes them")
    func pause() throws {
        let stage = try Stage()
        var accepted = 0
        var listener: Listener?
        listener = try Listener(.tcp(host: "127.0.0.1", port: 0), on: stage.loop) { connection in
            accepted += 1
            connection.close()
            listener?.close()
            stage.finish()
        }
        listener?.pause()
        let script = Script()
        ConnectAttempt(to: .tcp(host: "127.0.0.1", port: try #require(listener).port), on: stage.loop) { result in
            if case .success(let connection) = result { connection.start(script) }
        }
        let timer = LoopTimer(on: stage.loop)
        timer.start(afterMilliseconds: 60) {
            #expect(accepted == 0)
            listener?.resume()
            timer.close()
        }
        stage.run()
        #expect(accepted == 1)
    }

    @Test("a listener that was paused while it was full stays paused when there is a place again")
    func pausedWhileFull() throws {
        let stage = try Stage()
        let budget = ConnectionBudget(limit: 1, advice: "")
        var sides: [Connection] = []
        var listener: Listener?
        listener = try Listener(.tcp(host: "127.0.0.1", port: 0), on: stage.loop, budget: budget) { connection in
            sides.append(connection)
            connection.start(Script())
        }
        var wasFull = 0
        listener?.onFull = { _ in
            wasFull += 1
            listener?.pause()
            sides[0].close()
        }
        let port = try #require(listener).port
        let peers = try (0..<2).map { _ in try plainClient(port: port) }
        let timer = LoopTimer(on: stage.loop)
        timer.start(afterMilliseconds: 3 * Listener.restMilliseconds) {
            #expect(wasFull == 1 && sides.count == 1)
            listener?.resume()
            timer.start(afterMilliseconds: 2 * Listener.restMilliseconds) {
                timer.close()
                #expect(sides.count == 2)
                sides.last?.close()
                listener?.close()
                stage.finish()
            }
        }
        stage.run()
        for peer in peers { Glibc.close(peer) }
    }
}

@Suite("Connecting")
struct ConnectTests {
    private func outcome(
        of endpoint: Endpoint, timeoutMilliseconds: UInt64 = 5_000
    ) throws -> LoopError? {
        let stage = try Stage()
        var outcome: LoopError?
        ConnectAttempt(to: endpoint, on: stage.loop, timeoutMilliseconds: timeoutMilliseconds) { result in
            if case .failure(let error) = result { outcome = error }
            stage.finish()
        }
        stage.run()
        return outcome
    }

    @Test("nobody there, no such name, no such socket: each says so")
    func failures() throws {
        #expect(try outcome(of: .tcp(host: "127.0.0.1", port: 1))?.name == "ECONNREFUSED")
        #expect(try outcome(of: .tcp(host: "host.invalid", port: 1))?.name.hasPrefix("EAI_") == true)
        #expect(try outcome(of: .unix(path: socketPath("none")))?.name == "ENOENT")
    }

    @Test("an address that does not answer is given up at the time limit")
    func timeout() throws {
        // A listener whose queue is full answers no further SYN.
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = bind(descriptor, $0, length)
                listen(descriptor, 0)
                getsockname(descriptor, $0, &length)
            }
        }
        let port = UInt16(bigEndian: address.sin_port)
        let stage = try Stage()
        var timedOut = 0
        var left = 4
        for _ in 0..<4 {
            ConnectAttempt(to: .tcp(host: "127.0.0.1", port: port), on: stage.loop, timeoutMilliseconds: 150) {
                result in
                if case .failure(let error) = result, error.name == "ETIMEDOUT" { timedOut += 1 }
                left -= 1
                if left == 0 { stage.finish() }
            }
        }
        stage.run()
        Glibc.close(descriptor)
        #expect(timedOut >= 1)
    }

    /// The kernel takes the ports of connections in turn, so that one of them meets the closed port itself.
    @Test(
        "an attempt that the kernel connects to itself is refused, and the port is free at once",
        arguments: ["127.0.0.1", "::1"])
    func ownPeer(_ host: String) throws {
        let stage = try Stage()
        // Linux gives even ports to connections first.
        let first = try Listener(.tcp(host: host, port: 0), on: stage.loop) { _ in }
        var port = first.port & ~1
        first.close()
        var closed: Listener?
        while closed == nil, port < 60_000 {
            port += 2
            closed = try? Listener(.tcp(host: host, port: port), on: stage.loop) { _ in }
        }
        closed?.close()
        var attempts = 0
        var itself = 0
        let timer = LoopTimer(on: stage.loop)
        func attempt() {
            attempts += 1
            ConnectAttempt(to: .tcp(host: host, port: port), on: stage.loop) { result in
                switch result {
                case .success: Issue.record("somebody answered at a closed port")
                case .failure(let error):
                    #expect(error.name == "ECONNREFUSED", "attempt \(attempts)")
                    if error.advice.contains("itself") { itself += 1 }
                }
                if itself == 0, attempts < 60_000 { attempt() } else { listenAgain() }
            }
        }
        // A connection of another test may have the port for a moment; one that ended in order would have it for a minute.
        var triesLeft = 500
        func listenAgain() {
            timer.start(afterMilliseconds: 0, everyMilliseconds: 20) {
                let again = try? Listener(.tcp(host: host, port: port), on: stage.loop) { _ in }
                triesLeft -= 1
                guard again != nil || triesLeft == 0 else { return }
                again?.close()
                timer.close()
                stage.finish()
            }
        }
        timer.start(afterMilliseconds: 1) { attempt() }
        stage.run(limitMilliseconds: 120_000)
        #expect(triesLeft > 0, "the port is still taken")
        #expect(itself == 1, "\(attempts) attempts")
    }

    @Test(
        "a cancelled attempt leaves nothing behind and tells nothing",
        arguments: ["127.0.0.1", "localhost", "host.invalid"])
    func cancel(_ host: String) throws {
        let stage = try Stage()
        ConnectAttempt(to: .tcp(host: host, port: 1), on: stage.loop) { _ in Issue.record("told") }.cancel()
        stage.finish()
        stage.run()
    }
}
