package import Grok
internal import Synchronization

/// How often each expression of a parser has matched, not matched, and given up: told by the loop that parses, once a batch,
/// and read by any thread.
package final class PatternMeter: Sendable {
    /// In the order in which they are tried.
    package let names: [String]
    private let counters: Mutex<[PatternCounters]>

    package init(names: [String]) {
        self.names = names
        counters = Mutex([PatternCounters](repeating: PatternCounters(), count: names.count))
    }

    package func publish(_ parser: any TextParser) {
        counters.withLock { counters in parser.write(counters: &counters, from: 0) }
    }

    package var reading: [PatternCounters] { counters.withLock { $0 } }
}
