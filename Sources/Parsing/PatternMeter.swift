package import Grok
internal import Synchronization

/// How often each expression of a parser has matched, not matched, and given up: told by whoever parses, and read by any
/// thread.
package final class PatternMeter: Sendable {
    /// In the order in which they are tried.
    package let names: [String]
    private let counters: Mutex<[PatternCounters]>

    package init(names: [String]) {
        self.names = names
        counters = Mutex([PatternCounters](repeating: PatternCounters(), count: names.count))
    }

    /// What a parser has done since it was made, in the place of what was known: it is the only one.
    package func publish(_ parser: any TextParser) {
        counters.withLock { counters in parser.write(counters: &counters, from: 0) }
    }

    /// What one of several parsers has done since it told it last.
    func add(_ now: [PatternCounters], since told: [PatternCounters]) {
        counters.withLock { counters in
            for index in counters.indices where now[index] != told[index] {
                counters[index].hits &+= now[index].hits &- told[index].hits
                counters[index].misses &+= now[index].misses &- told[index].misses
                counters[index].gaveUp &+= now[index].gaveUp &- told[index].gaveUp
            }
        }
    }

    /// In the order of `names`.
    package var reading: [PatternReading] {
        zip(names, counters.withLock { $0 }).map { PatternReading(name: $0, counters: $1) }
    }
}
