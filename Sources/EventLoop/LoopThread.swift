import CUV
import Glibc
import Synchronization

/// A thread of its own that runs one loop.
///
/// `@unchecked Sendable`: what it holds is written before the thread starts, or read after it was joined.
@safe
package final class LoopThread: @unchecked Sendable {
    /// The loop it runs.
    package let loop: Loop
    /// The thread's name in `ps` and the debugger; the kernel keeps 15 bytes of it.
    package let name: String
    private let niceness: Int32
    private var thread = pthread_t()
    private let dangling = Mutex<[String]>([])
    private let isOver = Atomic<Bool>(false)

    private init(loop: Loop, name: String, niceness: Int32) {
        self.loop = loop
        self.name = name
        self.niceness = niceness
    }

    /// Starts the thread; the loop belongs to it from now on. End it with `loop.stop()` and `join()`.
    ///
    /// - Parameter niceness: Linux has no QoS classes: -20 (first) to 19 (last), 0 as the process; below 0 needs a
    ///   privilege and is otherwise ignored.
    package static func start(_ loop: Loop, name: String, niceness: Int32 = 0) throws(LoopError) -> LoopThread {
        let made = LoopThread(
            loop: loop, name: String(decoding: name.utf8.prefix(15), as: UTF8.self), niceness: niceness)
        // The thread takes this reference over, or we take it back if there is no thread.
        let reference = unsafe Unmanaged.passRetained(made)
        let status = unsafe pthread_create(
            &made.thread, nil,
            { context in
                guard let context = unsafe context else { return nil }
                unsafe Unmanaged<LoopThread>.fromOpaque(context).takeRetainedValue().main()
                return nil
            }, reference.toOpaque())
        if status != 0 {
            unsafe reference.release()
            throw LoopError("start", "thread \(name)", errno: status)
        }
        return made
    }

    /// Waits until the loop has ended.
    ///
    /// - Returns: what `Loop.run()` returned: handles somebody forgot to close.
    package func join() -> [String] {
        pthread_join(thread, nil)
        return dangling.withLock { $0 }
    }

    /// Waits until the loop has ended, but not for ever: a name that is being resolved cannot be taken back from the
    /// resolver, which may take half a minute where no name server answers.
    ///
    /// - Returns: as `join()`; nil when the time is over before, and the thread is left to itself.
    package func join(withinSeconds seconds: Double) -> [String]? {
        // POSIX has no join with a limit; one end of a process is worth a look every five milliseconds.
        for _ in 0..<Int(min(max(seconds, 0), 1e6) * 200) where !isOver.load(ordering: .acquiring) { usleep(5000) }
        guard isOver.load(ordering: .acquiring) else {
            pthread_detach(thread)
            return nil
        }
        pthread_join(thread, nil)
        return dangling.withLock { $0 }
    }

    private func main() {
        unsafe sluice_name_this_thread(name)
        // On Linux "process 0" means the calling thread, and each thread has its own niceness.
        if niceness != 0 { setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, niceness) }
        let left = loop.run()
        dangling.withLock { $0 = left }
        isOver.store(true, ordering: .releasing)
    }
}
