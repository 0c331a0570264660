import CUV
import Glibc
import Synchronization

/// One libuv loop: everything that lives on it is touched by one thread.
///
/// A loop belongs to the thread that made it until `run()` is called, from then on to the thread that called that. Run
/// it: a loop that never runs is never freed. It ends because its last handle closed; `stop()` only says that the loop
/// itself no longer asks to go on.
///
/// `@unchecked Sendable` because `submit` and `stop` are made for other threads (a `Mutex` and a pipe); all else asserts
/// that it runs on the loop.
@safe
package final class Loop: @unchecked Sendable {
    /// Of `receiveBufferBytes`: 256 KiB, four datagrams of the largest size, or what a busy socket holds.
    package static let defaultReceiveBufferBytes = 256 * 1024

    private struct JobQueue {
        var jobs: [@Sendable () -> Void] = []
        // Nil once the loop has ended and takes no more jobs.
        var wakeup: Wakeup?
    }

    // libuv's own memory for the loop; freed in deinit, unless a handle could not be closed and still points here.
    let pointer: UnsafeMutablePointer<uv_loop_t>
    let receiveBuffer: ReceiveBuffer
    /// Bytes that wait in the memory of all the loop's connections for peers that do not take them.
    var queuedWriteBytes = 0
    private let owner: Atomic<UInt>
    private let queue = Mutex(JobQueue())
    private var isPointerFree = true
    /// Whether `run()` is over: nothing may be made on the loop any more.
    private(set) var hasEnded = false

    /// A write to a socket whose peer is gone must be an error of that write, not the end of the process: libuv on
    /// Linux does not pass MSG_NOSIGNAL.
    private static let ignoreBrokenPipes: Void = {
        _ = signal(SIGPIPE, SIG_IGN)
    }()

    /// How many threads of this process can run at a time: cores, less those that affinity or a cgroup takes away.
    package static var availableCores: Int { Int(uv_available_parallelism()) }

    /// - Parameter receiveBufferBytes: the most that one read delivers; at least 64 KiB, or datagrams would be cut.
    package init(receiveBufferBytes: Int = Loop.defaultReceiveBufferBytes) throws(LoopError) {
        Loop.ignoreBrokenPipes
        unsafe pointer = .allocate(capacity: 1)
        receiveBuffer = ReceiveBuffer(sizeBytes: max(receiveBufferBytes, 64 * 1024))
        owner = Atomic(Loop.thisThread)
        let status = unsafe uv_loop_init(pointer)
        if status < 0 { throw LoopError("make", "an event loop", status: status) }
        isPointerFree = false
        do throws(LoopError) {
            let wakeup = try Wakeup(on: self) { [unowned self] in runJobs() }
            queue.withLock { $0.wakeup = wakeup }
        } catch {
            // Descriptors ran out: give back those that the loop has. A waker that was closed needs a turn to go.
            unsafe uv_run(pointer, UV_RUN_NOWAIT)
            isPointerFree = unsafe uv_loop_close(pointer) == 0
            throw error
        }
    }

    deinit {
        if isPointerFree { unsafe pointer.deallocate() }
    }

    /// The most that one read of a stream brings; nil: all that the buffer holds. For as long as memory is short.
    package func limitReads(toBytes limit: Int?) {
        assertOnLoop()
        receiveBuffer.limitBytes = max(limit ?? .max, 1)
    }

    /// Milliseconds on a monotonic clock, as of the start of this turn of the loop: cheap, and steady within a callback.
    package var now: UInt64 {
        assertOnLoop()
        precondition(!hasEnded, "a loop that has ended was asked for the time")
        return unsafe uv_now(pointer)
    }

    /// Stops the process if the caller is not on the loop's thread: what follows would be a data race.
    @inline(__always)
    package func assertOnLoop() {
        precondition(isOnLoop, "a loop's property was touched from another thread; hand the loop a job with submit()")
    }

    /// Whether the caller is on the loop's thread (before `run()`: on the thread that made it).
    package var isOnLoop: Bool { owner.load(ordering: .relaxed) == Loop.thisThread }

    /// Runs until the last handle has closed and `stop()` was called. Blocks the calling thread.
    ///
    /// - Returns: the types of handles that were left behind, open but idle; always empty unless somebody forgot a
    ///   `close()`. They are closed all the same.
    package func run() -> [String] {
        owner.store(Loop.thisThread, ordering: .relaxed)
        while true {
            unsafe uv_run(pointer, UV_RUN_DEFAULT)
            // Jobs that came while the last handle closed may open new ones.
            let wakeup: Wakeup? = queue.withLock { queue in
                guard queue.jobs.isEmpty else { return nil }
                defer { queue.wakeup = nil }
                return queue.wakeup
            }
            if let wakeup {
                wakeup.close()
                break
            }
            runJobs()
        }
        unsafe uv_run(pointer, UV_RUN_DEFAULT)
        let dangling = openHandles()
        for handle in dangling { handle.close() }
        unsafe uv_run(pointer, UV_RUN_DEFAULT)
        hasEnded = true
        isPointerFree = unsafe uv_loop_close(pointer) == 0
        return dangling.map(\.typeName)
    }

    /// From any thread: runs the job on the loop, after those submitted before it. One wake is sent, and only if the
    /// queue was empty.
    ///
    /// - Returns: false if the loop has ended; the job is dropped then.
    @discardableResult
    package func submit(_ job: @escaping @Sendable () -> Void) -> Bool {
        let (isTaken, wakeup): (Bool, Wakeup?) = queue.withLock { queue in
            guard let wakeup = queue.wakeup else { return (false, nil) }
            let wasEmpty = queue.jobs.isEmpty
            queue.jobs.append(job)
            return (true, wasEmpty ? wakeup : nil)
        }
        // Outside the lock, which the woken loop wants at once.
        wakeup?.send()
        return isTaken
    }

    /// From any thread: lets `run()` return once every other handle has closed. Jobs are taken until then.
    package func stop() {
        submit { [self] in queue.withLock { $0.wakeup }?.standAside() }
    }

    /// Closes every open handle of the loop, as the last step of a shutdown whose time is up. Each connection's handler
    /// hears `closed` as usual.
    ///
    /// - Returns: the types of what was still open.
    @discardableResult
    package func closeEverything() -> [String] {
        let open = openHandles().filter { !($0 is Wakeup) }
        for handle in open { handle.close() }
        return open.map(\.typeName)
    }

    /// The connection for which the most bytes wait; nil if for none.
    func largestWriteQueue() -> Connection? {
        openHandles().compactMap { $0 as? Connection }.filter { $0.writeQueueBytes > 0 }
            .max { $0.writeQueueBytes < $1.writeQueueBytes }
    }

    private func openHandles() -> [LoopHandle] {
        assertOnLoop()
        var found: [LoopHandle] = []
        // The context is the local array, used during the walk only.
        unsafe withUnsafeMutablePointer(to: &found) { found in
            unsafe uv_walk(
                pointer,
                { handle, context in
                    guard let owner = unsafe LoopHandle.owner(handle, as: LoopHandle.self), !owner.isClosing else {
                        return
                    }
                    unsafe context?.assumingMemoryBound(to: [LoopHandle].self).pointee.append(owner)
                }, found)
        }
        return found
    }

    private func runJobs() {
        let jobs = queue.withLock { queue in
            let jobs = queue.jobs
            queue.jobs = []
            return jobs
        }
        for job in jobs { job() }
    }

    private static var thisThread: UInt { UInt(pthread_self()) }
}
