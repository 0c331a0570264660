package import Events
package import Logging

/// `@type record_reformer`: changes records as record_transformer does, and gives them back under new tags, as the plugin
/// fluent-plugin-record-reformer does.
package final class RecordReformEmitter: RetaggingEmitter {
    private let filter: RecordTransformerFilter
    private let target: any Emitter
    private var tags = TagCache()
    private lazy var groups = TagGroups(gathers: !showsOrder)

    /// - Parameter settings: with the template of the new tag.
    package init(_ settings: RecordTransformerFilter.Settings, target: any Emitter, log: Log = .discarding) {
        filter = RecordTransformerFilter(settings, log: log)
        self.target = target
    }

    package var showsOrder: Bool { target.showsOrder }

    package func newTag(
        of record: Record, in batch: Batch, _ storage: inout ByteBuffer, _ rows: inout Rows
    ) -> RewrittenTag {
        filter.begin(batch.tag)
        let refused = rows.rejections.count
        guard let tag = tag(of: record, batch.tag, &storage, &rows) else {
            let rejection = rows.rejections.removeLast()
            rows.rejections.removeLast(rows.rejections.count - refused)
            return .refused(kind: rejection.kind, reason: rejection.reason)
        }
        return .tag(tag, target: 0)
    }

    package func emit(_ batch: Batch, storage: inout ByteBuffer, rows: inout Rows) -> Acceptance {
        // Of its own: a router of this very label may be on its way through an earlier batch.
        var groups = TagGroups(gathers: !showsOrder)
        swap(&groups, &self.groups)
        filter.begin(batch.tag)
        var constant: Tag?
        for record in rows.records {
            guard let tag = constant ?? tag(of: record, batch.tag, &storage, &rows) else { continue }
            if !filter.newTagVaries { constant = tag }
            guard let new = filter.transformed(record, batch.tag, &storage, &rows) else { continue }
            groups.add(new, tag: tag)
        }
        // They belong to this stage and its tag, and not to those behind.
        let rejections = rows.rejections
        rows.rejections = []
        let result = groups.emit(of: batch, to: [target], storage: &storage, rows: &rows)
        rows.rejections = rejections
        swap(&groups, &self.groups)
        return result
    }

    /// nil: it is refused.
    private func tag(
        of record: Record, _ old: Tag, _ storage: inout ByteBuffer, _ rows: inout Rows
    ) -> Tag? {
        guard let text = filter.newTag(of: record, old, &storage, &rows) else { return nil }
        guard text.length <= TagRewriting.maximumTagBytes else {
            rows.rejections.append(
                Rejection(
                    record: record, kind: "ArgumentError",
                    reason: "the new tag has more than \(TagRewriting.maximumTagBytes) bytes"))
            return nil
        }
        return tags.tag(storage.array(text), wasRefused: old.wasRefused)
    }
}
