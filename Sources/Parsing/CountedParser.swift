internal import Events
internal import Grok

/// A parser that tells a meter after each text what its grok patterns have done: for inputs, whose parsers are many and
/// come and go, where a parser filter tells it once a batch.
final class CountedParser: TextParser {
    private let inner: any TextParser
    private let meter: PatternMeter
    private var told: [PatternCounters]
    private var now: [PatternCounters]

    init(_ inner: any TextParser, _ meter: PatternMeter) {
        (self.inner, self.meter) = (inner, meter)
        told = [PatternCounters](repeating: PatternCounters(), count: meter.names.count)
        now = told
    }

    var patternNames: [String] { meter.names }

    func write(counters: inout [PatternCounters], from place: Int) { inner.write(counters: &counters, from: place) }

    func beginBatch(storage: inout ByteBuffer) { inner.beginBatch(storage: &storage) }

    func parse(_ text: Slice, storage: inout ByteBuffer, rows: inout Rows) -> ParseResult {
        defer { tell() }
        return inner.parse(text, storage: &storage, rows: &rows)
    }

    func parse(other value: Value, storage: inout ByteBuffer, rows: inout Rows) -> ParseResult {
        inner.parse(other: value, storage: &storage, rows: &rows)
    }

    private func tell() {
        inner.write(counters: &now, from: 0)
        meter.add(now, since: told)
        swap(&now, &told)
    }
}
