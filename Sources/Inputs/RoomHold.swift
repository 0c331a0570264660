internal import EventLoop
internal import Events

/// Whether an input that reads by itself waits, because nobody takes its batches: until the outputs that were full have room,
/// or for a moment after a batch that was refused. Belongs to one loop.
final class RoomHold {
    /// When a batch that was refused is tried again, if nobody says that there is room before.
    private static let retryMilliseconds: UInt64 = 1000

    private(set) var isHeld = false
    private var wait = GateWait()
    private var timer: LoopTimer?
    private let loop: Loop
    private let pressure: Pressure?

    init(on loop: Loop, _ pressure: Pressure?) { (self.loop, self.pressure) = (loop, pressure) }

    /// The last batch was taken, and its outputs are full.
    func begin() {
        isHeld = true
        wait = pressure?.take() ?? GateWait()
    }

    /// The last batch was not taken.
    func begin(retrying again: @escaping () -> Void) {
        begin()
        let timer = timer ?? LoopTimer(on: loop)
        self.timer = timer
        timer.start(afterMilliseconds: Self.retryMilliseconds) { [unowned self] in
            isHeld = false
            again()
        }
    }

    /// There is room somewhere. Returns whether the input waited, and for that.
    func end() -> Bool {
        guard isHeld, !(pressure?.gates.isClosed(anyOf: wait) ?? false) else { return false }
        isHeld = false
        return true
    }

    func close() { timer?.close() }
}
