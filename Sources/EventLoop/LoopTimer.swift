import CUV

/// A timer on a loop, one-shot or repeating, in milliseconds. Close it when done with it: an open one is a leak.
package final class LoopTimer: LoopHandle, @unchecked Sendable {
    private var action: (() -> Void)?

    /// Made idle; `start` sets it going.
    package init(on loop: Loop) {
        super.init(on: loop, type: UV_TIMER)
        // uv_timer_init cannot fail.
        unsafe uv_timer_init(loop.pointer, pointer(as: uv_timer_t.self))
        register()
    }

    /// Runs the action after a delay, then, if an interval is given, again every so often. Starting anew replaces
    /// delay, interval and action.
    ///
    /// - Parameters:
    ///   - delay: milliseconds from this turn of the loop; 0 means its next turn.
    ///   - interval: milliseconds; 0 means once.
    package func start(
        afterMilliseconds delay: UInt64, everyMilliseconds interval: UInt64 = 0, _ action: @escaping () -> Void
    ) {
        loop.assertOnLoop()
        guard !isClosing else { return }
        self.action = action
        // The loop's clock stands still within a turn; a long callback would shorten the delay.
        unsafe uv_update_time(loop.pointer)
        // Fails only for a closing handle or a missing callback.
        unsafe uv_timer_start(
            pointer(as: uv_timer_t.self),
            { handle in
                guard let timer = unsafe LoopHandle.owner(handle, as: LoopTimer.self), !timer.isClosing else { return }
                timer.action?()
            }, delay, interval)
    }

    /// Whether it waits for its time.
    package var isActive: Bool { unsafe uv_is_active(pointer(as: uv_handle_t.self)) != 0 }

    /// Ends waiting, keeps the handle. A stopped timer does not keep the loop running.
    package func stop() {
        loop.assertOnLoop()
        unsafe uv_timer_stop(pointer(as: uv_timer_t.self))
        action = nil
    }

    override func willClose() { action = nil }
}
