import Events
import Testing

@testable import Buffering

@Suite("Lines about an outage")
struct FailureNoticesTests {
    private static func refused(_ count: Int) -> Refusal {
        Refusal(.busy, "\(count) of \(count * 2) items failed: 429 rejected_execution_exception: of [\(count * 7)]")
    }

    @Test("the same reason with other numbers in it is told ever more rarely, and never less than every 300 s")
    func rarer() {
        var notices = FailureNotices()
        let told = (0..<3600).filter { notices.admit(Self.refused($0 + 1), at: Double($0)) }
        #expect(Array(told.prefix(6)) == [0, 1, 3, 7, 15, 31])
        #expect(zip(told, told.dropFirst()).allSatisfy { $1 - $0 <= 300 })
        #expect(told.count < 25)
    }

    @Test("reasons that take turns are told apart, each at its own pace")
    func alternating() {
        var notices = FailureNotices()
        let other = Refusal(.forbidden, "403: the user may not write there")
        let told = (0..<1000).filter { notices.admit($0 % 2 == 0 ? Self.refused($0) : other, at: Double($0) / 10) }
        #expect(told.count == 14, "\(told)")
        #expect(told.prefix(2) == [0, 1])
    }

    @Test("a new kind of failure is told at once")
    func another() {
        var notices = FailureNotices()
        for kind in [Refusal.Kind.busy, .unreachable, .timeout] {
            let isTold = notices.admit(Refusal(kind, "no"), at: 0)
            #expect(isTold)
        }
        let again = notices.admit(Refusal(.timeout, "no"), at: 0.9)
        #expect(!again)
        notices.forget()
        let afterwards = notices.admit(Refusal(.timeout, "no"), at: 1)
        #expect(afterwards)
    }

    @Test("without any attempt the last reason is said again after 300 s, and once")
    func reminder() {
        var notices = FailureNotices()
        #expect(notices.secondsUntilReminder(at: 0) == nil)
        _ = notices.admit(Refusal(.unreachable, "first"), at: 0)
        _ = notices.admit(Refusal(.unreachable, "second"), at: 10)
        #expect(notices.secondsUntilReminder(at: 20) == 290)
        let early = notices.remind(at: 309)
        let due = notices.remind(at: 310)
        let twice = notices.remind(at: 311)
        #expect(early == nil && due == "second" && twice == nil)
    }

    @Test("thousands of different reasons take no memory")
    func bounded() {
        var notices = FailureNotices()
        for number in 0..<10_000 {
            let word = String(number).map { String(UnicodeScalar(UInt8(0x61) + ($0.asciiValue ?? 0) - 0x30)) }.joined()
            let isTold = notices.admit(Refusal(.unclear, word), at: Double(number))
            #expect(isTold)
        }
        #expect(notices.count == FailureNotices.maximumReasons)
    }
}
