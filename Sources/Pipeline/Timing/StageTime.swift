/// What one stage has taken since the counting began.
package struct StageTime: Sendable {
    /// What stands in the log: `@id`, or `filter:12`.
    package let stage: String
    package let type: String
    /// The label around it.
    package let label: String
    /// Events that it was given.
    package internal(set) var eventCount = 0
    package internal(set) var refusedCount = 0
    package internal(set) var nanoseconds: Int64 = 0
    package internal(set) var allocationCount = 0
}
