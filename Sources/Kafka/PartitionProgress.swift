/// Up to where a partition's messages are safe, as their batches end in any order. Pure.
struct PartitionProgress {
    /// Counts the times that the partition was assigned.
    let assignment: Int
    private var outstanding: [(end: Int64, isSettled: Bool)] = []

    init(assignment: Int) { self.assignment = assignment }

    /// A batch was handed on, of which this would be the next offset.
    mutating func began(_ end: Int64) { outstanding.append((end, false)) }

    /// A batch is safe. Answers where the partition may be read on, when that has moved.
    mutating func settled(_ end: Int64) -> Int64? {
        guard let index = outstanding.firstIndex(where: { $0.end == end && !$0.isSettled }) else { return nil }
        outstanding[index].isSettled = true
        var moved: Int64?
        while let first = outstanding.first, first.isSettled {
            moved = first.end
            outstanding.removeFirst()
        }
        return moved
    }
}
