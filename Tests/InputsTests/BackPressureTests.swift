import Events
import Testing

@testable import Inputs

@Suite("Back-pressure: who is read while a buffer is full")
struct BackPressureTests {
    @Test("nobody else is held until the tolerated bytes were taken beyond the limit, and it is said once")
    func tolerates() {
        var state = BackPressure()
        #expect(!state.holdsOthers)
        let held1 = state.tookBeyond(bytes: BackPressure.toleratedBytes - 1, GateWait())
        #expect(!held1)
        #expect(!state.holdsOthers)
        let held2 = state.tookBeyond(bytes: 1, GateWait())
        #expect(held2)
        #expect(state.holdsOthers)
        let held3 = state.tookBeyond(bytes: 1 << 20, GateWait())
        #expect(!held3, "they are held already")
        #expect(state.holdsOthers)
    }

    @Test("room lets everybody try again, and the count begins anew")
    func room() {
        var state = BackPressure()
        _ = state.tookBeyond(bytes: BackPressure.toleratedBytes, GateWait())
        #expect(Self.room(&state))
        #expect(!state.holdsOthers)
        let held4 = state.tookBeyond(bytes: BackPressure.toleratedBytes - 1, GateWait())
        #expect(!held4)
        let held5 = state.tookBeyond(bytes: 1, GateWait())
        #expect(held5)
    }

    @Test("an episode begins with the first full answer and lasts until there is room")
    func episodes() {
        var state = BackPressure()
        let before = state.episode
        _ = state.tookBeyond(bytes: 1, GateWait())
        let first = state.episode
        #expect(first != before, "who was taken before the buffer was full has shown nothing")
        _ = state.tookBeyond(bytes: 1, GateWait())
        #expect(state.episode == first)
        #expect(Self.room(&state))
        #expect(state.episode == first)
        _ = state.tookBeyond(bytes: 1, GateWait())
        #expect(state.episode != first)
    }

    @Test("room in one output is none for those that wait for another")
    func gates() {
        let gates = OutputGates()
        let (one, other) = (gates.makeGate(), gates.makeGate())
        var state = BackPressure()
        for gate in [one, other] {
            gate.close()
            var wait = GateWait()
            wait.add(gate)
            _ = state.tookBeyond(bytes: BackPressure.toleratedBytes, wait)
        }
        let episode = state.episode
        one.open()
        #expect(!Self.room(&state, gates))
        #expect(state.holdsOthers)
        one.close()
        other.open()
        #expect(Self.room(&state, gates), "the first is full again, but nobody of this input has met that")
        #expect(!state.holdsOthers)
        #expect(state.episode == episode)
    }

    @Test("what was taken of a client that goes on counts no more; of one that has gone it does")
    func released() {
        var state = BackPressure()
        _ = state.tookBeyond(bytes: BackPressure.toleratedBytes - 1, GateWait())
        state.released(bytes: BackPressure.toleratedBytes - 1)
        let isFirst = state.tookBeyond(bytes: BackPressure.toleratedBytes - 1, GateWait())
        #expect(!isFirst && !state.holdsOthers)
        state.released(bytes: .max)
        let isAgain = state.tookBeyond(bytes: BackPressure.toleratedBytes, GateWait())
        #expect(isAgain, "it never counts below nothing")
    }

    private static func room(_ state: inout BackPressure, _ gates: OutputGates? = nil) -> Bool { state.room(gates) }
}
