import Outputs
import TestSupport
import Testing

@Suite("How much a server gets at a time")
struct RequestSizerTests {
    /// A server that takes documents one after the other and finishes what it began, also when nobody waits any more.
    private struct SlowServer {
        var secondsPerDocument: Double
        var documentBytes = 300
        var sizer = RequestSizer(RequestSizer.Settings(largestBytes: 2 << 20, timeoutSeconds: 5))
        var now = 0.0
        var busyUntil = 0.0
        var timeouts = 0
        var requests = 0
        var told: [RequestSizer.Pace] = []

        /// Sends documents until all are confirmed; how often each was stored.
        mutating func deliver(_ count: Int) -> [Int] {
            var stored = Array(repeating: 0, count: count)
            var confirmed = 0
            while confirmed < count && requests < 10_000 {
                let documents = max(
                    min(sizer.limitDocuments, sizer.limitBytes / documentBytes, count - confirmed), 1)
                for document in confirmed..<(confirmed + documents) { stored[document] += 1 }
                requests += 1
                busyUntil = max(now, busyUntil) + Double(documents) * secondsPerDocument
                if busyUntil - now > sizer.timeoutSeconds {
                    now += sizer.timeoutSeconds
                    sizer.timedOut(bytes: documents * documentBytes, documents: documents)
                    timeouts += 1
                    now += 1  // the queue's wait
                } else {
                    let seconds = busyUntil - now
                    now = busyUntil
                    if let pace = sizer.answered(
                        bytes: documents * documentBytes, documents: documents, seconds: seconds)
                    {
                        told.append(pace)
                    }
                    confirmed += documents
                }
            }
            return stored
        }
    }

    @Test(
        "slow servers confirm everything, and nothing is stored more than twice",
        arguments: [(0.000_01, 100_000), (0.000_3, 50_000), (0.001, 8000), (0.001, 50_000), (0.004, 8000)])
    func slow(secondsPerDocument: Double, count: Int) {
        for documentBytes in [40, 300, 20_000] {
            var server = SlowServer(secondsPerDocument: secondsPerDocument, documentBytes: documentBytes)
            let stored = server.deliver(count)
            #expect(stored.min() == 1 && (stored.max() ?? 0) <= 2)
            #expect(server.timeouts == 0)
        }
    }

    @Test(
        "a server that cannot answer the first requests in time gets less, and more time, until it can",
        arguments: [
            // (seconds a document, documents, time-outs, copies of one)
            (0.02, 8000, 2, 3), (0.5, 40, 2, 3),
        ])
    func verySlow(secondsPerDocument: Double, count: Int, timeouts: Int, copies: Int) {
        var server = SlowServer(secondsPerDocument: secondsPerDocument)
        let stored = server.deliver(count)
        #expect((stored.min() ?? 0) >= 1)
        #expect((1...timeouts).contains(server.timeouts))
        #expect((stored.max() ?? 0) <= copies)
    }

    @Test("without request_timeout a server that needs long for its first documents is waited for")
    func cold() {
        var server = SlowServer(secondsPerDocument: 0.02)
        server.sizer = RequestSizer(
            RequestSizer.Settings(
                largestBytes: 2 << 20, timeoutSeconds: ElasticsearchSettings.patientBulkTimeoutSeconds))
        let stored = server.deliver(8000)
        #expect(server.timeouts == 0 && stored.max() == 1)
    }

    @Test("what a server can take is told once, and again only when it becomes much less")
    func told() {
        var server = SlowServer(secondsPerDocument: 0.000_3)
        _ = server.deliver(50_000)
        #expect(server.told.count == 1)
        #expect(
            server.told.first?.description
                == "answers 3,300 documents/s; requests are now at most 3,300 documents and 1.0 MB")
        server.secondsPerDocument = 0.003
        _ = server.deliver(5000)
        #expect(server.told.count == 2)
        var fast = SlowServer(secondsPerDocument: 0.000_01)
        _ = fast.deliver(1_000_000)
        #expect(fast.told.isEmpty && fast.sizer.limitBytes == 2 << 20)
    }

    @Test("a fast server gets whole requests after a few")
    func fast() {
        var server = SlowServer(secondsPerDocument: 0.000_001)
        _ = server.deliver(1_000_000)
        #expect(server.sizer.limitBytes == 2 << 20)
        // 7,000 documents fit into 2 MiB.
        #expect(server.requests < 1_000_000 / 7000 + 8)
    }

    @Test("one slow answer, or one of few documents, changes little")
    func outliers() {
        var sizer = RequestSizer(RequestSizer.Settings())
        _ = sizer.answered(bytes: 900, documents: 3, seconds: 1.5)
        #expect(sizer.limitDocuments == RequestSizer.Settings.firstDocuments)
        for _ in 0..<20 { _ = sizer.answered(bytes: sizer.limitBytes, documents: 1, seconds: 0.01) }
        let before = sizer.limitBytes
        _ = sizer.answered(bytes: before, documents: 1, seconds: 2)
        for _ in 0..<10 { _ = sizer.answered(bytes: sizer.limitBytes, documents: 1, seconds: 0.01) }
        #expect(sizer.limitBytes >= before)
    }

    @Test("a time-out halves, to a floor, and waits longer, to a ceiling; success goes back slowly")
    func setbacks() {
        var sizer = RequestSizer(RequestSizer.Settings(largestBytes: 2 << 20, timeoutSeconds: 5))
        sizer.timedOut(bytes: 200_000, documents: 800)
        #expect(sizer.limitBytes == 100_000 && sizer.limitDocuments == 400 && sizer.timeoutSeconds == 10)
        for _ in 0..<20 { sizer.timedOut(bytes: sizer.limitBytes, documents: sizer.limitDocuments) }
        #expect(sizer.limitBytes == RequestSizer.Settings.smallestBytes && sizer.limitDocuments == 1)
        #expect(sizer.timeoutSeconds == 40)
        let smallest = sizer.limitBytes
        _ = sizer.answered(bytes: smallest, documents: 1, seconds: 0.4)
        #expect(sizer.limitBytes > smallest && sizer.limitBytes < smallest * 2 && sizer.timeoutSeconds == 20)
        for _ in 0..<100 { _ = sizer.answered(bytes: sizer.limitBytes, documents: sizer.limitDocuments, seconds: 0.01) }
        #expect(sizer.limitBytes == 2 << 20 && sizer.timeoutSeconds == 5)
    }

    @Test("what a server has called too large is not sent again for a long time")
    func refused() {
        var sizer = RequestSizer(RequestSizer.Settings(largestBytes: nil, timeoutSeconds: 5))
        sizer.refused(bytes: 1_000_000)
        for _ in 0..<900 { _ = sizer.answered(bytes: sizer.limitBytes, documents: 1, seconds: 0.01) }
        #expect(sizer.limitBytes == 900_000)
        for _ in 0..<200 { _ = sizer.answered(bytes: sizer.limitBytes, documents: 1, seconds: 0.001) }
        #expect(sizer.limitBytes > 1_000_000)
    }

    @Test("the limit of the configuration holds, however small, and the wait never falls below request_timeout")
    func configured() {
        var sizer = RequestSizer(RequestSizer.Settings(largestBytes: 500, timeoutSeconds: 300))
        #expect(sizer.limitBytes == 500)
        for _ in 0..<50 { _ = sizer.answered(bytes: 500, documents: 1, seconds: 0.001) }
        #expect(sizer.limitBytes == 500)
        sizer.timedOut(bytes: 500, documents: 1)
        #expect(sizer.limitBytes == 500 && sizer.limitDocuments == 1 && sizer.timeoutSeconds == 300)
    }
}
