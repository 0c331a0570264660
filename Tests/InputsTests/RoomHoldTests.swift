import EventLoop
import Events
import Testing

@testable import Inputs

@Suite struct RoomHoldTests {
    @Test("an input that waits goes on when the outputs that were full have room, and not when others have")
    func gates() throws {
        let gates = OutputGates()
        let (full, other) = (gates.makeGate(), gates.makeGate())
        let pressure = Pressure(gates: gates)
        let hold = RoomHold(on: try Loop(), pressure)
        #expect(!hold.end(), "nothing was full")
        full.close()
        other.close()
        pressure.note(full)
        hold.begin()
        other.open()
        #expect(!hold.end() && hold.isHeld)
        full.open()
        #expect(hold.end() && !hold.isHeld)
        #expect(!hold.end())
        hold.close()
    }

    @Test("a batch that was refused is tried again after a moment, if there is no room before")
    func retry() throws {
        let loop = try Loop()
        let hold = RoomHold(on: loop, nil)
        var wasHeld: Bool?
        hold.begin {
            wasHeld = hold.isHeld
            hold.close()
            loop.stop()
        }
        #expect(hold.isHeld)
        #expect(loop.run() == [])
        #expect(wasHeld == false)
    }
}
