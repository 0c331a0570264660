import Events
import Testing

@Suite("Output gates")
struct OutputGateTests {
    @Test("who waits for one output is not told of another's room") func separate() {
        let gates = OutputGates()
        let (dead, slow) = (gates.makeGate(), gates.makeGate())
        let pressure = Pressure(gates: gates)
        dead.close()
        slow.close()
        pressure.note(dead)
        let wait = pressure.take()
        slow.open()
        #expect(gates.isClosed(anyOf: wait))
        dead.open()
        #expect(!gates.isClosed(anyOf: wait))
    }

    @Test("what was met is told once, and all of it") func take() {
        let gates = OutputGates()
        let (a, b) = (gates.makeGate(), gates.makeGate())
        let pressure = Pressure(gates: gates)
        #expect(pressure.take().isEmpty)
        a.close()
        b.close()
        pressure.note(a)
        pressure.note(b)
        let wait = pressure.take()
        #expect(pressure.take().isEmpty)
        a.open()
        #expect(gates.isClosed(anyOf: wait))
        b.open()
        #expect(!gates.isClosed(anyOf: wait))
    }

    @Test("more outputs than bits: one that is full makes others' clients wait, and opens for all") func many() {
        let gates = OutputGates()
        let all = (0..<130).map { _ in gates.makeGate() }
        for gate in all { gate.close() }
        for gate in all { gate.open() }
        var wait = GateWait()
        for gate in all { wait.add(gate) }
        #expect(!gates.isClosed(anyOf: wait))
    }
}
