import EventLoop
import Testing

@testable import Inputs

@Suite("Heartbeats: which are answered")
struct HeartbeatAnswersTests {
    private func sender(_ port: UInt16, _ host: String = "10.0.0.7") -> SocketAddress {
        SocketAddress(host: host, port: port)!
    }

    @Test(
        "a client is answered every time, at Fluentd's interval and at half of it", arguments: [1000, 500] as [UInt64])
    func client(_ interval: UInt64) {
        var answers = HeartbeatAnswers(ownPort: 24224)
        for beat in 0..<100 as Range<UInt64> {
            let answer1 = answers.admit(sender(40000), bytes: 1, atMilliseconds: beat * interval)
            #expect(answer1)
        }
    }

    @Test("what answers back within half a second gets no second answer")
    func echo() {
        var answers = HeartbeatAnswers(ownPort: 24224)
        let answer2 = answers.admit(sender(24225), bytes: 1, atMilliseconds: 1000)
        #expect(answer2)
        for delay in [0, 1, 20, 499] as [UInt64] {
            let answer3 = answers.admit(sender(24225), bytes: 1, atMilliseconds: 1000 + delay)
            #expect(!answer3)
        }
        let answer4 = answers.admit(sender(24226), bytes: 1, atMilliseconds: 1000)
        #expect(answer4, "another sender is another one")
        let answer5 = answers.admit(sender(24225, "10.0.0.8"), bytes: 1, atMilliseconds: 1000)
        #expect(answer5)
    }

    @Test("two daemons that hear each other fall silent, whatever their ports", arguments: [24224, 24225] as [UInt16])
    func twoDaemons(_ otherPort: UInt16) {
        var a = HeartbeatAnswers(ownPort: 24224)
        var b = HeartbeatAnswers(ownPort: otherPort)
        var now: UInt64 = 0
        // The forged datagram says that it comes from b.
        var turns = 0
        while turns < 100, a.admit(sender(otherPort), bytes: 1, atMilliseconds: now) {
            now += 1
            turns += 1
            guard b.admit(sender(24224), bytes: 1, atMilliseconds: now) else { break }
            now += 1
            turns += 1
        }
        #expect(turns <= 2)
    }

    @Test("nobody is answered at our own port or at those of services", arguments: [24224, 0, 7, 53, 1023] as [UInt16])
    func ports(_ port: UInt16) {
        var answers = HeartbeatAnswers(ownPort: 24224)
        let answer6 = answers.admit(sender(port), bytes: 1, atMilliseconds: 5)
        #expect(!answer6)
    }

    @Test("what is longer than any heartbeat is none")
    func length() {
        var answers = HeartbeatAnswers(ownPort: 24224)
        let answer7 = answers.admit(sender(40000), bytes: 128, atMilliseconds: 0)
        #expect(answer7)
        let answer8 = answers.admit(sender(40001), bytes: 129, atMilliseconds: 0)
        #expect(!answer8)
        let answer9 = answers.admit(sender(40001), bytes: 0, atMilliseconds: 0)
        #expect(answer9, "Fluentd answers an empty one too")
    }

    @Test("answers are bounded over all senders, and the old ones make room")
    func senders() {
        var answers = HeartbeatAnswers(ownPort: 24224)
        let ports = (0..<5000).map { UInt16(2000 + $0) }
        #expect(ports.filter { answers.admit(sender($0), bytes: 1, atMilliseconds: 10) }.count == 1024)
        let answer10 = answers.admit(sender(60000), bytes: 1, atMilliseconds: 509)
        #expect(!answer10)
        let answer11 = answers.admit(sender(60000), bytes: 1, atMilliseconds: 510)
        #expect(answer11)
    }
}
