import Events
import Testing

@Suite("Histograms") struct HistogramTests {
    @Test("a value belongs to the first bound that it does not exceed, and what is beyond all to the last place")
    func bounds() {
        var sizes = Histogram.ofBytes
        for value in [0, 1024, 1025, 64 << 20, (64 << 20) + 1] { sizes.observe(Double(value)) }
        #expect(sizes.counts == [2, 1] + [Int](repeating: 0, count: sizes.bounds.count - 3) + [1, 1])
        #expect(sizes.count == 5)
        #expect(sizes.sum == Double(1024 + 1025 + (128 << 20) + 1))
        #expect(sizes.bounds == sizes.bounds.sorted())
    }

    @Test("readings of several loops are added up, field by field")
    func sums() {
        var (one, two) = (IntakeReading(), IntakeReading())
        (one.bytes, one.connections, one.acceptedConnections, one.heldSeconds) = (1, 2, 3, 0.5)
        one.acks.observe(0.2)
        (two.bytes, two.connections, two.acceptedConnections, two.heldSeconds) = (10, 20, 30, 1)
        two.acks.observe(40)
        one.add(two)
        #expect((one.bytes, one.connections, one.acceptedConnections) == (11, 22, 33))
        #expect(one.heldSeconds == 1.5 && one.acks.count == 2 && one.acks.sum == 40.2)
    }

    @Test("requests are counted from any thread")
    func meters() async {
        let meter = RequestMeter()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 { group.addTask { for _ in 0..<1000 { meter.sent(100) } } }
        }
        #expect(meter.reading.count == 8000 && meter.reading.sum == 800_000)
    }
}
