internal import Events
internal import Synchronization

/// What one stage has done on one loop. Counted by the router around filters and emitters, once a batch.
///
/// The loop that owns it is the only writer, so a count is a load and a store and never a locked instruction; any thread
/// may read, and sees a count that was true a moment ago.
package final class StageMetrics: Sendable {
    package enum Count: Int, CaseIterable, Sendable {
        case batchesIn, recordsIn, recordsOut
        /// Records that the stage itself refused (`rows.rejections`).
        case recordsRefused
        /// Batches that an output did not take.
        case batchesRefused
    }

    private let batchesIn = Atomic<Int>(0)
    private let recordsIn = Atomic<Int>(0)
    private let recordsOut = Atomic<Int>(0)
    private let recordsRefused = Atomic<Int>(0)
    private let batchesRefused = Atomic<Int>(0)
    /// Records that were refused, by the name of the error; the names are the code's, and few.
    private let kinds = Mutex<[String: Int]>([:])
    private static let mostKinds = 32

    /// The stage's name in the log and in the monitor.
    let stage: String

    package init(stage: String = "") { self.stage = stage }

    /// On the owning loop.
    @inline(__always)
    func passed(in incoming: Int, out outgoing: Int, refused: Int) {
        Self.add(1, to: batchesIn)
        Self.add(incoming, to: recordsIn)
        Self.add(outgoing, to: recordsOut)
        if refused > 0 { Self.add(refused, to: recordsRefused) }
    }

    /// On the owning loop: why records were refused.
    func refused(_ rejections: borrowing [Rejection]) {
        kinds.withLock { kinds in
            for index in rejections.indices {
                let kind = rejections[index].kind
                kinds[kinds[kind] != nil || kinds.count < Self.mostKinds ? kind : "other", default: 0] += 1
            }
        }
    }

    package var refusedByKind: [String: Int] { kinds.withLock { $0 } }

    /// On the owning loop.
    func refusedBatch() { Self.add(1, to: batchesRefused) }

    package func value(_ count: Count) -> Int {
        switch count {
        case .batchesIn: batchesIn.load(ordering: .relaxed)
        case .recordsIn: recordsIn.load(ordering: .relaxed)
        case .recordsOut: recordsOut.load(ordering: .relaxed)
        case .recordsRefused: recordsRefused.load(ordering: .relaxed)
        case .batchesRefused: batchesRefused.load(ordering: .relaxed)
        }
    }

    @inline(__always)
    private static func add(_ value: Int, to count: borrowing Atomic<Int>) {
        count.store(count.load(ordering: .relaxed) &+ value, ordering: .relaxed)
    }
}
