import CUV
import Glibc

/// Calls an action on the loop each time the process gets a signal (`SIGTERM`, `SIGHUP`, `SIGUSR1` …).
///
/// One loop should hold all of them. SIGKILL and SIGSTOP cannot be caught.
package final class LoopSignal: LoopHandle, @unchecked Sendable {
    /// The number, as in `signal.h`.
    package let signal: Int32
    private var action: (() -> Void)?

    /// Starts at once.
    package init(_ signal: Int32, on loop: Loop, _ action: @escaping () -> Void) throws(LoopError) {
        self.signal = signal
        self.action = action
        super.init(on: loop, type: UV_SIGNAL)
        let made = unsafe uv_signal_init(loop.pointer, pointer(as: uv_signal_t.self))
        if made < 0 { throw LoopError("watch", "signal \(signal)", status: made) }
        register()
        let started = unsafe uv_signal_start(
            pointer(as: uv_signal_t.self),
            { handle, _ in
                guard let watcher = unsafe LoopHandle.owner(handle, as: LoopSignal.self), !watcher.isClosing else {
                    return
                }
                watcher.action?()
            }, signal)
        if started < 0 {
            close()
            throw LoopError("watch", "signal \(signal)", status: started)
        }
    }

    override func willClose() { action = nil }
}
