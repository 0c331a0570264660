/// What one pattern of a parser has done, in lines, at one moment.
package struct PatternReading: Sendable, Equatable {
    /// As the configuration names it, or its index.
    package let name: String
    package var counters: PatternCounters

    package init(name: String, counters: PatternCounters = PatternCounters()) {
        (self.name, self.counters) = (name, counters)
    }
}

extension PatternCounters {
    /// Of another loop.
    package mutating func add(_ other: PatternCounters) {
        hits &+= other.hits
        misses &+= other.misses
        gaveUp &+= other.gaveUp
    }
}
