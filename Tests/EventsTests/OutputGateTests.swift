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

    @Test("each of many outputs closes a gate that who waits for it sees", arguments: [0, 63, 64, 129])
    func each(_ number: Int) {
        let gates = OutputGates()
        let all = (0..<130).map { _ in gates.makeGate() }
        var wait = GateWait()
        wait.add(all[number])
        #expect(!wait.isEmpty && !gates.isClosed(anyOf: wait))
        all[number].close()
        #expect(gates.isClosed(anyOf: wait))
    }

    @Test("a gate that is released is another output's next, and open") func released() {
        let gates = OutputGates()
        for _ in 0..<1000 {
            let all = (0..<64).map { _ in gates.makeGate() }
            all[5].close()
            var wait = GateWait()
            wait.add(all[5])
            var others = GateWait()
            for (number, gate) in all.enumerated() where number != 5 { others.add(gate) }
            #expect(gates.isClosed(anyOf: wait) && !gates.isClosed(anyOf: others))
            for gate in all { gate.release() }
            #expect(!gates.isClosed(anyOf: wait))
        }
    }

    @Test("of those that are waited for, the ones still closed are told, and no others") func among() {
        let gates = OutputGates()
        let (mine, opened, strange) = (gates.makeGate(), gates.makeGate(), gates.makeGate())
        for gate in [mine, opened, strange] { gate.close() }
        opened.open()
        var (wait, expected) = (GateWait(), GateWait())
        wait.add(mine)
        wait.add(opened)
        expected.add(mine)
        #expect(gates.closed(among: wait) == expected)
    }
}
