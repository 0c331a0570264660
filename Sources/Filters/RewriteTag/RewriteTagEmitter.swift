package import Events
package import Grok

/// `@type rewrite_tag_filter`: events go on under new tags, to the router of each rule's label; those that no rule fits are
/// dropped.
///
/// Events of one new tag keep their order. Where somebody sees tags one under the other only neighbours share a batch;
/// else all that a batch has of a tag.
package final class RewriteTagEmitter: Emitter {
    private let rewriting: TagRewriting
    private let targets: [any Emitter]
    private var groups: [Group] = []
    private lazy var mayGather = !showsOrder

    private struct Group {
        let tag: Tag
        let target: Int
        var records: [Record]
    }

    /// - Parameters:
    ///   - targets: the routers that rules lead to, by number.
    ///   - scratch: with the time that one record has; tests give it another clock.
    package init(
        _ settings: TagRewriteSettings, targets: [any Emitter], scratch: MatchScratch = MatchScratch(captures: 9)
    ) {
        rewriting = TagRewriting(settings, scratch: scratch)
        self.targets = targets
    }

    package var showsOrder: Bool { targets.contains { $0.showsOrder } }

    /// What becomes of one record.
    package func newTag(
        of record: Record, in batch: Batch, _ storage: borrowing ByteBuffer, _ rows: borrowing Rows
    ) -> RewrittenTag { rewriting.newTag(of: record, batch.tag, storage, rows) }

    package func emit(_ batch: Batch, storage: inout ByteBuffer, rows: inout Rows) -> Acceptance {
        // Of its own: a router of this very label may be on its way through an earlier batch.
        var groups: [Group] = []
        swap(&groups, &self.groups)
        groups.removeAll(keepingCapacity: true)
        var rejections: [Rejection] = []
        sort(rows.records, batch, storage, rows, &groups, &rejections)
        var result = Acceptance.accepted
        var left: [Record] = []
        for group in groups {
            rows.records = group.records
            let acceptance = targets[group.target].emit(
                Batch(group.tag, receipt: batch.receipt), storage: &storage, rows: &rows)
            if case .refused = acceptance { left += group.records }
            result = result.combined(with: acceptance)
        }
        // Whoever drives this stage may have another place for what nobody took.
        rows.records = left
        rows.rejections += rejections
        groups.removeAll(keepingCapacity: true)
        swap(&groups, &self.groups)
        return result
    }

    private func sort(
        _ records: [Record], _ batch: Batch, _ storage: borrowing ByteBuffer, _ rows: borrowing Rows,
        _ groups: inout [Group], _ rejections: inout [Rejection]
    ) {
        var places: [Place: Int] = [:]
        for record in records {
            switch rewriting.newTag(of: record, batch.tag, storage, rows) {
            case .none: continue
            case .refused(let kind, let reason):
                rejections.append(Rejection(record: record, kind: kind, reason: reason))
            case .tag(let tag, let target):
                if let last = groups.last, last.tag === tag, last.target == target {
                    groups[groups.count - 1].records.append(record)
                    continue
                }
                let place = Place(tag: tag.id, target: target)
                if mayGather, let known = places[place] {
                    groups[known].records.append(record)
                    continue
                }
                places[place] = groups.count
                groups.append(Group(tag: tag, target: target, records: [record]))
            }
        }
    }

    private struct Place: Hashable {
        let tag: Int
        let target: Int
    }
}
