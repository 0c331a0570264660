import EventLoop
import Glibc
import Synchronization
import Testing

@Suite("The loop: jobs, timers, signals, ends")
struct LoopTests {
    @Test("jobs of four threads all run, on the loop, each thread's in order")
    func jobs() throws {
        let loop = try Loop()
        let thread = try LoopThread.start(loop, name: "jobs")
        let seen = Mutex<[[Int]]>(Array(repeating: [], count: 4))
        let senders = (0..<4).map { sender in
            Sender {
                for number in 0..<5_000 {
                    loop.submit {
                        loop.assertOnLoop()
                        seen.withLock { $0[sender].append(number) }
                    }
                }
            }
        }
        for sender in senders { sender.join() }
        loop.stop()
        #expect(thread.join() == [])
        seen.withLock { seen in for one in seen { #expect(one == Array(0..<5_000)) } }
        #expect(loop.submit {} == false)
    }

    @Test("a job handed over while the loop ends is either run or refused, never lost")
    func jobsAtTheEnd() throws {
        for _ in 0..<50 {
            let loop = try Loop()
            let thread = try LoopThread.start(loop, name: "end")
            let box = Counters()
            let sender = Sender {
                for number in 0..<200 {
                    if number == 100 { loop.stop() }
                    if loop.submit({ box.ran.add(1, ordering: .relaxed) }) { box.taken.add(1, ordering: .relaxed) }
                }
            }
            sender.join()
            #expect(thread.join() == [])
            #expect(box.ran.load(ordering: .relaxed) == box.taken.load(ordering: .relaxed))
        }
    }

    @Test("joining with a limit does not wait for a loop that is held up, and answers as without when it ends in time")
    func limitedJoin() throws {
        let quick = try LoopThread.start(try Loop(), name: "quick")
        quick.loop.stop()
        #expect(quick.join(withinSeconds: 10) == [])
        let slow = try LoopThread.start(try Loop(), name: "slow")
        let isOver = Mutex(false)
        slow.loop.submit {
            usleep(5_000_000)
            isOver.withLock { $0 = true }
        }
        slow.loop.stop()
        #expect(slow.join(withinSeconds: 0.05) == nil)
        #expect(!isOver.withLock { $0 })
    }

    @Test("a job submitted in the loop's last turn still runs")
    func lastTurn() throws {
        let loop = try Loop()
        let box = Counters()
        loop.submit {
            loop.stop()
            // Runs in one turn with what `stop` asks for; the job it submits finds nothing that keeps the loop.
            loop.submit { loop.submit { box.ran.add(1, ordering: .relaxed) } }
        }
        #expect(loop.run() == [])
        #expect(box.ran.load(ordering: .relaxed) == 1)
    }

    @Test("one-shot timers fire once, repeating ones until closed, never early")
    func timers() throws {
        let stage = try Stage()
        let once = LoopTimer(on: stage.loop)
        let often = LoopTimer(on: stage.loop)
        let never = LoopTimer(on: stage.loop)
        let began = stage.loop.now
        var fired: [String] = []
        once.start(afterMilliseconds: 30) {
            fired.append("once")
            #expect(stage.loop.now - began >= 30)
            once.close()
        }
        never.start(afterMilliseconds: 10) { fired.append("never") }
        never.stop()
        var count = 0
        often.start(afterMilliseconds: 50, everyMilliseconds: 5) {
            count += 1
            if count == 3 {
                often.close()
                never.close()
                stage.finish()
            }
        }
        stage.run()
        #expect(fired == ["once"])
        #expect(count == 3)
    }

    @Test("a signal reaches its watcher on the loop")
    func signals() throws {
        let stage = try Stage()
        var count = 0
        var watcher: LoopSignal?
        watcher = try LoopSignal(SIGUSR1, on: stage.loop) {
            count += 1
            if count == 2 {
                watcher?.close()
                stage.finish()
            } else {
                kill(getpid(), SIGUSR1)
            }
        }
        kill(getpid(), SIGUSR1)
        let error = #expect(throws: LoopError.self) { _ = try LoopSignal(SIGKILL, on: stage.loop) {} }
        #expect(error?.name == "EINVAL")
        stage.run()
        #expect(count == 2)
    }

    @Test("a handle somebody forgot is named when the loop ends")
    func dangling() throws {
        let loop = try Loop()
        let forgotten = LoopTimer(on: loop)
        loop.stop()
        #expect(loop.run() == ["timer"])
        #expect(forgotten.isClosing)
    }

    @Test("a loop is freed with all that lived on it")
    func freed() throws {
        weak var gone: Loop?
        weak var timer: LoopTimer?
        try {
            let loop = try Loop()
            gone = loop
            let made = LoopTimer(on: loop)
            timer = made
            made.start(afterMilliseconds: 1) { made.close() }
            loop.stop()
            #expect(loop.run() == [])
        }()
        #expect(gone == nil)
        #expect(timer == nil)
    }

    @Test("touching a loop from another thread stops the process")
    func foreignThread() async {
        await #expect(processExitsWith: .failure) {
            let loop = try Loop()
            Sender { _ = loop.now }.join()
        }
    }

    @Test("closeEverything ends a loop that would go on for ever")
    func closeEverything() throws {
        let loop = try Loop()
        let script = Script()
        let listener = try Listener(.tcp(host: "127.0.0.1", port: 0), on: loop) { connection in
            connection.start(script)
            loop.closeEverything()
        }
        ConnectAttempt(to: .tcp(host: "127.0.0.1", port: listener.port), on: loop) { result in
            if case .success(let connection) = result { connection.start(Script()) }
        }
        loop.stop()
        #expect(loop.run() == [])
        #expect(script.reasons == [.local])
    }
}

@Suite("Datagrams")
struct DatagramTests {
    @Test("datagrams are answered to their senders", arguments: ["127.0.0.1", "::1"])
    func echo(_ host: String) throws {
        let stage = try Stage()
        var server: Datagram?
        server = try Datagram(host: host, port: 0, on: stage.loop) { bytes, sender, isTruncated in
            #expect(!isTruncated)
            #expect(sender.host == host)
            server?.send(Array(bytes) + [UInt8(ascii: "!")], to: sender)
        }
        var answers: Set<String> = []
        var client: Datagram?
        client = try Datagram(host: host, port: 0, on: stage.loop) { bytes, sender, _ in
            answers.insert(String(decoding: bytes, as: UTF8.self))
            if answers.count == 100 {
                client?.close()
                server?.close()
                stage.finish()
            }
        }
        let target = try #require(SocketAddress(host: host, port: server?.port ?? 0))
        for number in 0..<100 { client?.send(Array("beat \(number)".utf8), to: target) }
        stage.run()
        #expect(answers == Set((0..<100).map { "beat \($0)!" }))
    }

    @Test("stopping inside a batch gives the loop's buffer back")
    func stopInside() throws {
        let stage = try Stage()
        var count = 0
        var server: Datagram?
        server = try Datagram(host: "127.0.0.1", port: 0, on: stage.loop) { _, _, _ in
            count += 1
            if count == 2 {
                server?.pauseReading()
                let timer = LoopTimer(on: stage.loop)
                timer.start(afterMilliseconds: 10) {
                    server?.resumeReading()
                    timer.close()
                }
            }
            if count == 20 {
                server?.close()
                stage.finish()
            }
        }
        let client = try Datagram(host: "127.0.0.1", port: 0, on: stage.loop) { _, _, _ in }
        let target = try #require(SocketAddress(host: "127.0.0.1", port: server?.port ?? 0))
        for _ in 0..<40 { client.send([1], to: target) }
        client.close()
        stage.run()
        #expect(count == 20)
    }

}

/// A plain thread.
final class Sender: @unchecked Sendable {
    private var thread = pthread_t()
    private let body: @Sendable () throws -> Void

    init(_ body: @escaping @Sendable () throws -> Void) {
        self.body = body
        let reference = Unmanaged.passRetained(self)
        pthread_create(
            &thread, nil,
            { context in
                try? Unmanaged<Sender>.fromOpaque(context!).takeRetainedValue().body()
                return nil
            }, reference.toOpaque())
    }
    func join() { pthread_join(thread, nil) }
}

final class Counters: Sendable {
    let ran = Atomic(0)
    let taken = Atomic(0)
}
