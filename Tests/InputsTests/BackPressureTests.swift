import Testing

@testable import Inputs

@Suite("Back-pressure: who is read while a buffer is full")
struct BackPressureTests {
    @Test("nobody else is held until the tolerated bytes were taken beyond the limit, and it is said once")
    func tolerates() {
        var state = BackPressure()
        #expect(!state.holdsOthers)
        let held1 = state.tookBeyond(bytes: BackPressure.toleratedBytes - 1)
        #expect(!held1)
        #expect(!state.holdsOthers)
        let held2 = state.tookBeyond(bytes: 1)
        #expect(held2)
        #expect(state.holdsOthers)
        let held3 = state.tookBeyond(bytes: 1 << 20)
        #expect(!held3, "they are held already")
        #expect(state.holdsOthers)
    }

    @Test("room lets everybody try again, and the count begins anew")
    func room() {
        var state = BackPressure()
        _ = state.tookBeyond(bytes: BackPressure.toleratedBytes)
        state.room()
        #expect(!state.holdsOthers)
        let held4 = state.tookBeyond(bytes: BackPressure.toleratedBytes - 1)
        #expect(!held4)
        let held5 = state.tookBeyond(bytes: 1)
        #expect(held5)
    }

    @Test("an episode begins with the first full answer and lasts until there is room")
    func episodes() {
        var state = BackPressure()
        let before = state.episode
        _ = state.tookBeyond(bytes: 1)
        let first = state.episode
        #expect(first != before, "who was taken before the buffer was full has shown nothing")
        _ = state.tookBeyond(bytes: 1)
        #expect(state.episode == first)
        state.room()
        #expect(state.episode == first)
        _ = state.tookBeyond(bytes: 1)
        #expect(state.episode != first)
    }
}
