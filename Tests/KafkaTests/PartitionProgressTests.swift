import Testing

@testable import Kafka

@Suite("how far a partition is safe") struct PartitionProgressTests {
    @Test("it moves when everything before is safe, in whatever order batches end")
    func order() {
        var progress = PartitionProgress(assignment: 1)
        for end: Int64 in [10, 20, 30, 40] { progress.began(end) }
        #expect(progress.settled(20) == nil)
        #expect(progress.settled(30) == nil)
        #expect(progress.settled(10) == 30)
        #expect(progress.settled(40) == 40)
    }

    @Test("what was never begun, or is told twice, moves nothing")
    func strangers() {
        var progress = PartitionProgress(assignment: 1)
        #expect(progress.settled(5) == nil)
        progress.began(10)
        progress.began(20)
        #expect(progress.settled(10) == 10)
        #expect(progress.settled(10) == nil)
        #expect(progress.settled(20) == 20)
    }

    @Test("in any order of ends it never says more than what is safe, and in the end all of it", arguments: 1...50)
    func any(_ seed: UInt64) {
        var generator = SystemRandomNumberGenerator()
        let ends = (1...20).map { Int64($0 * 7) }
        var progress = PartitionProgress(assignment: 1)
        for end in ends { progress.began(end) }
        var settled: Set<Int64> = []
        var last: Int64 = 0
        for end in ends.shuffled(using: &generator) {
            settled.insert(end)
            guard let moved = progress.settled(end) else { continue }
            #expect(moved > last)
            #expect(ends.filter { $0 <= moved }.allSatisfy(settled.contains))
            last = moved
        }
        #expect(last == ends.last)
    }
}

@Suite("a consumer's partitions") struct GroupDeskTests {
    private func desk() -> GroupDesk { GroupDesk(onFailure: { _, _ in }, onLog: { _, _ in }) }

    @Test("what was read before a partition was taken away and given back moves nothing")
    func otherAssignment() {
        let desk = desk()
        let place = KafkaPlace(topic: "t", partition: 3)
        desk.assigned([place])
        let first = desk.assignment(of: "t", 3)
        var batch = KafkaBatch(topic: "t", partition: 3, assignment: first)
        batch.nextOffset = 10
        desk.began(batch)
        desk.revoked([place])
        #expect(desk.settled("t", 3, first, 10) == nil)
        desk.assigned([place])
        let second = desk.assignment(of: "t", 3)
        #expect(second != first)
        var again = KafkaBatch(topic: "t", partition: 3, assignment: second)
        again.nextOffset = 10
        desk.began(again)
        #expect(desk.settled("t", 3, first, 10) == nil)
        #expect(desk.settled("t", 3, second, 10) == 10)
    }

    @Test("what is safe is stored before the partition goes")
    func beforeRevocation() async {
        let desk = desk()
        let place = KafkaPlace(topic: "t", partition: 0)
        desk.assigned([place])
        let number = desk.assignment(of: "t", 0)
        var batch = KafkaBatch(topic: "t", partition: 0, assignment: number)
        batch.nextOffset = 5
        desk.began(batch)
        await confirmation { stored in
            desk.beforeRevocation = { [unowned desk] in
                if desk.settled("t", 0, number, 5) == 5 { stored() }
            }
            desk.revoked([place])
        }
        desk.beforeRevocation = nil
    }
}
