internal import Events

/// The records of a batch by the tags under which they go on. Events of one new tag keep their order.
struct TagGroups {
    private struct Group {
        let tag: Tag
        let target: Int
        var records: [Record]
    }

    private struct Place: Hashable {
        let tag: Int
        let target: Int
    }

    private var groups: [Group] = []
    private var places: [Place: Int] = [:]
    /// Whether all records of a tag share a batch, and not only neighbours: where nobody sees tags one under the other.
    private let gathers: Bool

    init(gathers: Bool) { self.gathers = gathers }

    mutating func add(_ record: Record, tag: Tag, target: Int = 0) {
        if let last = groups.last, last.tag === tag, last.target == target {
            groups[groups.count - 1].records.append(record)
            return
        }
        let place = Place(tag: tag.id, target: target)
        if gathers, let known = places[place] {
            groups[known].records.append(record)
            return
        }
        places[place] = groups.count
        groups.append(Group(tag: tag, target: target, records: [record]))
    }

    /// Hands each group on. What nobody took is left in `rows.records`: whoever drives the stage may have another place.
    mutating func emit(
        of batch: Batch, to targets: [any Emitter], storage: inout ByteBuffer, rows: inout Rows
    ) -> Acceptance {
        var result = Acceptance.accepted
        var left: [Record] = []
        for group in groups {
            rows.records = group.records
            let acceptance = targets[group.target].emit(
                Batch(group.tag, receipt: batch.receipt), storage: &storage, rows: &rows)
            if case .refused = acceptance { left += group.records }
            result = result.combined(with: acceptance)
        }
        rows.records = left
        groups.removeAll(keepingCapacity: true)
        places.removeAll(keepingCapacity: true)
        return result
    }
}
