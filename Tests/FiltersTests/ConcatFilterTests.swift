import Events
import Filters
import Grok
import Synchronization
import TestSupport
import Testing

/// What is joined is in the captured scenarios; here is what holds the pieces: batches that are taken back, receipts,
/// limits and time.
@Suite struct ConcatFilterTests {
    private func filter(
        _ change: (inout ConcatSettings) -> Void = { _ in }, limits: HeldLimits = HeldLimits()
    ) throws -> ConcatFilter {
        var settings = ConcatSettings(
            key: Array("m".utf8), mode: .expressions(first: try Regex("^S"), last: nil, between: nil))
        settings.separator = Array("+".utf8)
        change(&settings)
        return ConcatFilter(settings, limits: limits)
    }

    /// One batch through the filter; its records as JSON.
    @discardableResult
    private func pass(
        _ records: String..., through filter: ConcatFilter, tag: Events.Tag = ConcatFilterTests.tag,
        receipt: Receipt? = nil, isTaken: Bool = true
    ) throws -> [String] {
        let batch = EventBatch()
        for record in records { try batch.add(record) }
        filter.apply(Events.Batch(tag, receipt: receipt), storage: &batch.storage, rows: &batch.rows)
        let lines = batch.lines
        let receipts = filter.takeReceipts()
        let joined = receipts.isEmpty ? nil : Receipt.joining(receipts)
        joined?.settle(.delivered)
        filter.settle(isTaken: isTaken)
        return lines
    }

    private static let tag = Events.Tag("t")

    private func due(_ filter: ConcatFilter, at milliseconds: Int64, isLast: Bool = false) -> [String] {
        let batch = EventBatch()
        let moment = StageMoment(
            milliseconds: milliseconds, time: EventTime(seconds: 99), isLast: isLast)
        var lines: [String] = []
        while let tag = filter.takeDue(at: moment, storage: &batch.storage, rows: &batch.rows) {
            lines += batch.rows.records.map { "\(tag.text) \($0.time.seconds) \(batch.text(of: $0))" }
            filter.settle(isTaken: true)
            batch.rows.clear()
        }
        return lines
    }

    @Test("pieces of several batches are one event, with the fields of the first") func batches() throws {
        let filter = try filter()
        #expect(try pass(#"{"a":[1,"x"],"m":"S1","b":{"c":null}}"#, through: filter) == [])
        #expect(try pass(#"{"m":"x\u0041","b":0}"#, through: filter) == [])
        #expect(filter.heldEvents == 1)
        #expect(
            try pass(#"{"m":"S2"}"#, #"{"n":1}"#, through: filter) == [
                #"{"a":[1,"x"],"m":"S1+xA","b":{"c":null}}"#, #"{"n":1}"#,
            ])
    }

    @Test("a batch that is taken back leaves everything as it was", arguments: [1, 2, 3])
    func takenBack(_ number: Int) throws {
        let limits = HeldLimits()
        let filter = try filter({ $0.identityKey = Array("id".utf8) }, limits: limits)
        try pass(#"{"m":"S1","id":1}"#, #"{"m":"a","id":1}"#, through: filter)
        let (bytes, streams) = (limits.bytes, limits.streams)
        for _ in 0..<number {
            let lines = try pass(
                #"{"m":"b","id":1}"#, #"{"m":"S2","id":1}"#, #"{"m":"S3","id":2}"#, #"{"m":"S4","id":2}"#,
                through: filter, isTaken: false)
            #expect(lines == [#"{"m":"S1+a+b","id":1}"#, #"{"m":"S3","id":2}"#])
            #expect(limits.bytes == bytes && limits.streams == streams && filter.heldEvents == 1)
        }
        #expect(try pass(#"{"m":"S2","id":1}"#, through: filter) == [#"{"m":"S1+a","id":1}"#])
    }

    @Test("a receipt is settled when the joined event is, and not before") func receipts() throws {
        let filter = try filter()
        let settled = Mutex<[String]>([])
        func receipt(_ name: String) -> Receipt {
            Receipt { fate in settled.withLock { $0.append("\(name) \(fate)") } }
        }
        let (first, second, third) = (receipt("1"), receipt("2"), receipt("3"))
        try pass(#"{"m":"S1"}"#, through: filter, receipt: first)
        first.settle(.delivered)
        try pass(#"{"m":"a"}"#, through: filter, receipt: second)
        second.settle(.delivered)
        #expect(settled.withLock { $0 } == [])

        // Taken back: everybody waits on.
        try pass(#"{"m":"S2"}"#, through: filter, receipt: third, isTaken: false)
        #expect(settled.withLock { $0 } == [])

        let batch = EventBatch()
        try batch.add(#"{"m":"S2"}"#)
        filter.apply(Events.Batch(Self.tag, receipt: third), storage: &batch.storage, rows: &batch.rows)
        let joined = Receipt.joining(filter.takeReceipts() + [third])
        joined.hold()
        joined.settle(.delivered)
        filter.settle(isTaken: true)
        #expect(settled.withLock { $0 } == [])
        joined.settle(.refused)
        #expect(settled.withLock { $0.sorted() } == ["1 refused", "2 refused"])
        // The third has a piece that still waits.
        third.settle(.delivered)
        #expect(settled.withLock { $0.count } == 2)
        #expect(due(filter, at: 0, isLast: true) == [#"t 1576605304 {"m":"S2"}"#])
        #expect(settled.withLock { $0.count } == 3)
    }

    @Test("what nothing completes leaves after its time, counted from the last piece") func timeout() throws {
        let filter = try filter { $0.timeoutMilliseconds = 1000 }
        try pass(#"{"m":"S1"}"#, through: filter)
        #expect(due(filter, at: 100) == [])
        #expect(due(filter, at: 1000) == [])
        try pass(#"{"m":"a"}"#, through: filter)
        #expect(due(filter, at: 1200) == [])
        #expect(due(filter, at: 2100) == [])
        #expect(due(filter, at: 2200) == [#"t 99 {"m":"S1+a"}"#])
        #expect(filter.heldEvents == 0)
        #expect(try self.filter { $0.timeoutMilliseconds = 0 }.tickMilliseconds == 0)
    }

    @Test("at the end everything leaves, tag by tag, in its order") func end() throws {
        let filter = try filter { $0.identityKey = Array("id".utf8) }
        let other = Events.Tag("u")
        try pass(#"{"m":"S1","id":1}"#, #"{"m":"S2","id":2}"#, through: filter)
        try pass(#"{"m":"S3","id":1}"#, through: filter, tag: other)
        try pass(#"{"m":"S4","id":3}"#, through: filter)
        let lines = due(filter, at: 0, isLast: true)
        #expect(
            lines.filter { $0.hasPrefix("t ") }.map { $0.suffix(17) } == [
                #"{"m":"S1","id":1}"#, #"{"m":"S2","id":2}"#, #"{"m":"S4","id":3}"#,
            ])
        #expect(lines.count == 4 && filter.heldEvents == 0)
    }

    @Test("an event that does not end leaves at its limit") func longEvent() throws {
        let filter = try filter({ $0.separator = [] }, limits: HeldLimits(eventBytes: 10))
        #expect(try pass(#"{"m":"S234"}"#, #"{"m":"5678"}"#, through: filter) == [])
        #expect(
            try pass(#"{"m":"9abc"}"#, #"{"m":"d"}"#, through: filter) == [#"{"m":"S23456789abc"}"#, #"{"m":"d"}"#])
    }

    @Test("beyond the limits the oldest leave, and the count stays true", arguments: [true, false])
    func limits(_ isOfStreams: Bool) throws {
        let limits = isOfStreams ? HeldLimits(streams: 100) : HeldLimits(bytes: 40_000)
        let filter = try filter({ $0.identityKey = Array("id".utf8) }, limits: limits)
        var left: [String] = []
        for number in 0..<1000 {
            try pass(#"{"m":"S","id":\#(number)}"#, through: filter)
            guard filter.isOverLimit else { continue }
            let batch = EventBatch()
            while filter.takeDue(at: nil, storage: &batch.storage, rows: &batch.rows) != nil {
                left += batch.lines
                filter.settle(isTaken: true)
                batch.rows.clear()
            }
            #expect(!filter.isOverLimit && limits.streams <= limits.limitStreams && limits.bytes <= limits.limitBytes)
        }
        #expect(left.first == #"{"m":"S","id":0}"# && left.count + filter.heldEvents == 1000)
        #expect(limits.streams == filter.heldEvents)
        _ = due(filter, at: 0, isLast: true)
        #expect(limits.bytes == 0 && limits.streams == 0)
    }

    @Test("a filter that goes gives back what it has counted") func givenBack() throws {
        let limits = HeldLimits()
        do {
            let filter = try filter(limits: limits)
            try pass(#"{"m":"S1"}"#, through: filter)
            #expect(limits.streams == 1 && limits.bytes > 0)
        }
        #expect(limits.streams == 0 && limits.bytes == 0)
    }

    @Test("an expression that takes too long counts as none that fits") func slow() throws {
        let clock = Atomic<Int64>(0)
        let scratch = MatchScratch { clock.wrappingAdd(1_000_000_000, ordering: .relaxed).newValue }
        let settings = ConcatSettings(
            key: Array("m".utf8), mode: .expressions(first: try Regex("^(a|aa)+$"), last: nil, between: nil))
        let filter = ConcatFilter(settings, limits: HeldLimits(), scratch: scratch)
        let line = #"{"m":"\#(String(repeating: "a", count: 60))b"}"#
        #expect(try pass(line, through: filter) == [line])
    }

    @Test("whoever asks for what is due is told behind each batch that leaves something held, and behind no other")
    func whenHolding() throws {
        let filter = try filter()
        let told = Counter()
        filter.whenHolding { told.count += 1 }
        try pass(#"{"n":1}"#, through: filter)
        #expect(told.count == 0)
        try pass(#"{"m":"S1"}"#, through: filter, isTaken: false)
        #expect(told.count == 0 && filter.heldEvents == 0)
        try pass(#"{"m":"S1"}"#, through: filter)
        #expect(told.count == 1)
        // Held on: it may have waited for so long that nobody asks any more.
        try pass(#"{"n":2}"#, through: filter)
        #expect(told.count == 2)
        #expect(due(filter, at: 100_000, isLast: true).count == 1)
        try pass(#"{"n":3}"#, through: filter)
        #expect(told.count == 2)
    }

    private final class Counter {
        var count = 0
    }
}
