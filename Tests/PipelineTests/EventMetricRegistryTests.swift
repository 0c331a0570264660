import Events
import Filters
import Testing

@testable import Pipeline

@Suite struct EventMetricRegistryTests {
    @Test("a metric goes on counting over a reload, and ends with the last filter that has it")
    func life() throws {
        let registry = MetricsRegistry()
        let definition = EventMetricDefinition(name: "m", kind: .counter, help: "h")
        var older: EventMetric? = registry.eventMetric(definition)
        #expect(older?.observe(2, SeriesKey(), limit: 1) == .observed)
        // At a reload the new filters are made before the old ones go.
        var newer: EventMetric? = registry.eventMetric(definition)
        #expect(older === newer)
        older = nil
        try withExtendedLifetime(newer) {
            let reading = try #require(registry.eventMetrics().first)
            #expect(reading.series.map(\.value) == [2])
        }
        newer = nil
        #expect(registry.eventMetrics().isEmpty)
        let again = registry.eventMetric(definition)
        #expect(again.reading.series.isEmpty)
    }

    @Test("a name with another definition begins anew, in its old place")
    func redefined() {
        let registry = MetricsRegistry()
        let (first, other) = (
            registry.eventMetric(EventMetricDefinition(name: "m", kind: .counter, help: "h")),
            registry.eventMetric(EventMetricDefinition(name: "n", kind: .counter, help: "h"))
        )
        let changed = registry.eventMetric(EventMetricDefinition(name: "m", kind: .gauge, help: "h"))
        withExtendedLifetime((first, other, changed)) {
            #expect(registry.eventMetrics().map(\.definition.kind) == [.gauge, .counter])
        }
    }
}
