internal import Synchronization

/// Which outputs of the process are full right now: a bit each. Beyond 64 outputs several share one, which makes inputs
/// wait for more than they must, and loses nothing.
package final class OutputGates: Sendable {
    private let closed = Atomic<UInt64>(0)
    /// How many outputs have each bit.
    private let uses = Mutex([Int](repeating: 0, count: 64))

    package init() {}

    /// A gate for one more output, open. `release` it when the output has ended.
    package func makeGate() -> OutputGate {
        let bit = uses.withLock { uses in
            var least = 0
            for bit in uses.indices where uses[bit] < uses[least] { least = bit }
            uses[least] += 1
            return least
        }
        return OutputGate(gates: self, number: bit)
    }

    fileprivate func release(_ number: Int) {
        let isFree = uses.withLock { uses in
            uses[number] -= 1
            return uses[number] == 0
        }
        if isFree { open(1 << UInt64(number)) }
    }

    fileprivate func close(_ bit: UInt64) { closed.bitwiseOr(bit, ordering: .acquiringAndReleasing) }
    fileprivate func open(_ bit: UInt64) { closed.bitwiseAnd(~bit, ordering: .acquiringAndReleasing) }

    /// Whether one of those that made somebody wait is still closed.
    package func isClosed(anyOf wait: GateWait) -> Bool { closed.load(ordering: .acquiring) & wait.bits != 0 }

    /// Those that are still closed.
    package func closed(among wait: GateWait) -> GateWait {
        GateWait(bits: closed.load(ordering: .acquiring) & wait.bits)
    }
}

/// One output's word on whether it has room. Any thread.
package struct OutputGate: Sendable {
    private let gates: OutputGates
    private let number: Int
    fileprivate var bit: UInt64 { 1 << UInt64(number) }

    fileprivate init(gates: OutputGates, number: Int) {
        self.gates = gates
        self.number = number
    }

    package func close() { gates.close(bit) }
    package func open() { gates.open(bit) }
    /// The output is gone. Once.
    package func release() { gates.release(number) }
}

/// The gates that somebody waits for.
package struct GateWait: Sendable, Equatable {
    fileprivate var bits: UInt64 = 0

    package init() {}

    fileprivate init(bits: UInt64) { self.bits = bits }

    package var isEmpty: Bool { bits == 0 }

    package mutating func add(_ gate: OutputGate) { bits |= gate.bit }

    package mutating func add(_ other: GateWait) { bits |= other.bits }
}

/// On one loop: which gates the batches that were just handed on found closed. Emitters note them, and whoever is asked
/// to wait (`Acceptance.acceptedFull`) takes them, so that it waits for those outputs and no others: an output that is
/// dead does not grow by a read each time another one has room.
package final class Pressure {
    private var met = GateWait()
    package let gates: OutputGates

    package init(gates: OutputGates) { self.gates = gates }

    package func note(_ gate: OutputGate) { met.add(gate) }

    /// What was met since it was last asked.
    package func take() -> GateWait {
        defer { met = GateWait() }
        return met
    }
}
