import Glibc
internal import Synchronization

/// Why the writer's thread could not be started.
package struct WriterThreadError: Error, CustomStringConvertible {
    /// The errno.
    package let code: Int32
    package var description: String { "cannot start the thread that writes output and log: \(systemReason(code))" }
}

/// The thread that writes standard output and the log, so that no loop ever waits for a reader, a terminal or a disk.
///
/// One a process. Ends with the object, after one more try to write what waits.
package final class WriterThread: Sendable {
    let wake: WakePipe
    private let work: WriterWork

    package init() throws(WriterThreadError) {
        wake = try WakePipe()
        work = WriterWork(wake: wake)
        // The thread takes this reference over, or we take it back if there is no thread.
        let reference = unsafe Unmanaged.passRetained(work)
        var thread = pthread_t()
        let status = unsafe pthread_create(
            &thread, nil,
            { context in
                guard let context = unsafe context else { return nil }
                unsafe Unmanaged<WriterWork>.fromOpaque(context).takeRetainedValue().run()
                return nil
            }, reference.toOpaque())
        guard status == 0 else {
            unsafe reference.release()
            throw WriterThreadError(code: status)
        }
        pthread_detach(thread)
    }

    deinit {
        work.end()
        wake.wake()
    }

    func add(_ queue: OutputQueue) { work.add(queue) }

    /// Waits, on the calling thread, until everything offered so far is written; no longer than so many seconds.
    ///
    /// - Returns: false when the time was over.
    @discardableResult
    package func drain(withinSeconds seconds: Double) -> Bool {
        let end = monotonicMilliseconds() + Int64(seconds * 1000)
        while !work.isDone {
            if monotonicMilliseconds() >= end { return false }
            usleep(1000)
        }
        return true
    }
}

/// What the thread does; kept alive by the thread itself.
private final class WriterWork: Sendable {
    private struct State {
        var queues: [OutputQueue] = []
        var isEnding = false
    }

    private let wake: WakePipe
    private let state = Mutex(State())

    init(wake: WakePipe) { self.wake = wake }

    func add(_ queue: OutputQueue) { state.withLock { $0.queues.append(queue) } }

    func end() { state.withLock { $0.isEnding = true } }

    var isDone: Bool { state.withLock { $0.queues.allSatisfy(\.isEmpty) } }

    func run() {
        while true {
            // Said before looking: who offers something from here on wakes us, also while we look.
            wake.prepareToWait()
            let (queues, isEnding) = state.withLock { ($0.queues, $0.isEnding) }
            var watched = [pollfd(fd: wake.readingEnd, events: Int16(POLLIN), revents: 0)]
            var timeout: Int64 = -1
            let now = monotonicMilliseconds()
            for queue in queues {
                switch queue.advance(nowMilliseconds: now) {
                case .idle: break
                case .more: timeout = 0
                case .blocked(let descriptor):
                    watched.append(pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0))
                case .retry(let moment):
                    timeout = timeout < 0 ? max(moment - now, 1) : min(timeout, max(moment - now, 1))
                }
            }
            if isEnding && timeout != 0 { return }
            // The pointer is to a local array of that many and does not leave the call.
            _ = unsafe poll(&watched, nfds_t(watched.count), Int32(clamping: timeout))
            wake.clear()
        }
    }
}

/// Wakes a thread that waits in poll(2): a pipe to oneself, written to only when the thread may be waiting.
final class WakePipe: Sendable {
    let readingEnd: Int32
    private let writingEnd: Int32
    private let mayWait = Atomic<Bool>(false)

    init() throws(WriterThreadError) {
        var ends: [Int32] = [-1, -1]
        // Writes two numbers into an array of two.
        guard unsafe pipe(&ends) == 0 else { throw WriterThreadError(code: errno) }
        for end in ends {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
        }
        (readingEnd, writingEnd) = (ends[0], ends[1])
    }

    deinit {
        close(readingEnd)
        close(writingEnd)
    }

    func wake() {
        guard mayWait.exchange(false, ordering: .sequentiallyConsistent) else { return }
        // A full pipe has been written to, which is enough.
        _ = unsafe withUnsafePointer(to: UInt8(0)) { unsafe write(writingEnd, $0, 1) }
    }

    func prepareToWait() { mayWait.store(true, ordering: .sequentiallyConsistent) }

    func clear() {
        var bytes: UInt64 = 0
        // The pointer is to a local of eight bytes and does not leave the call.
        while unsafe read(readingEnd, &bytes, 8) > 0 {}
    }
}

/// A clock that never jumps.
func monotonicMilliseconds() -> Int64 {
    var now = timespec()
    // The pointer is to a local and does not leave the call; it cannot fail for this clock.
    _ = unsafe clock_gettime(CLOCK_MONOTONIC, &now)
    return Int64(now.tv_sec) * 1000 + Int64(now.tv_nsec) / 1_000_000
}
