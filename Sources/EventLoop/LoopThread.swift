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

    private func main() {
        unsafe sluice_name_this_thread(name)
        // On Linux "process 0" means the calling thread, and each thread has its own niceness.
        if niceness != 0 { setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, niceness) }
        let left = loop.run()
        dangling.withLock { $0 = left }
    }
}
