package import Events
package import Grok

/// `@type rewrite_tag_filter`: events go on under new tags, to the router of each rule's label; those that no rule fits are
/// dropped.
///
/// Events of one new tag keep their order. Where somebody sees tags one under the other only neighbours share a batch;
/// else all that a batch has of a tag.
package final class RewriteTagEmitter: RetaggingEmitter {
    private let rewriting: TagRewriting
    private let targets: [any Emitter]
    private lazy var groups = TagGroups(gathers: !showsOrder)

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
        of record: Record, in batch: Batch, _ storage: inout ByteBuffer, _ rows: inout Rows
    ) -> RewrittenTag { rewriting.newTag(of: record, batch.tag, storage, rows) }

    package func emit(_ batch: Batch, storage: inout ByteBuffer, rows: inout Rows) -> Acceptance {
        // Of its own: a router of this very label may be on its way through an earlier batch.
        var groups = TagGroups(gathers: !showsOrder)
        swap(&groups, &self.groups)
        var rejections: [Rejection] = []
        for record in rows.records {
            switch rewriting.newTag(of: record, batch.tag, storage, rows) {
            case .none: continue
            case .refused(let kind, let reason):
                rejections.append(Rejection(record: record, kind: kind, reason: reason))
            case .tag(let tag, let target): groups.add(record, tag: tag, target: target)
            }
        }
        let result = groups.emit(of: batch, to: targets, storage: &storage, rows: &rows)
        rows.rejections += rejections
        swap(&groups, &self.groups)
        return result
    }
}
