import Foundation

/// Tests that try all of many cases. `swift test` tries some of them, the same ones each time; with `SLUICE_LONG_TESTS=1`
/// in the environment all are tried.
package enum LongTests {
    package static let areOn = ProcessInfo.processInfo.environment["SLUICE_LONG_TESTS"] == "1"

    /// About `count` of the elements in their order, or all.
    package static func sample<Element>(_ elements: some Collection<Element>, count: Int) -> [Element] {
        guard !areOn, elements.count > count else { return Array(elements) }
        var generator = SeededGenerator(seed: UInt64(elements.count))
        return elements.filter { _ in Int.random(in: 0..<elements.count, using: &generator) < count }
    }
}
