package import Events

/// How an output that gives events back names them.
package enum TagChange: Sendable, Equatable {
    case tag([UInt8])
    /// `remove_prefix` is taken from the front with the dot behind it, where it stands there, then `add_prefix` put there.
    case prefixes(removed: [UInt8]?, added: [UInt8]?)
    case affixes(TagAffixes)

    package func changed(_ tag: [UInt8]) -> [UInt8] {
        switch self {
        case .tag(let new): return new
        case .affixes(let affixes): return affixes.changed(tag)
        case .prefixes(let removed, let added):
            let dot = UInt8(ascii: ".")
            var rest = tag[...]
            if let removed {
                if tag == removed {
                    rest = []
                } else if tag.starts(with: removed + [dot]), tag.count > removed.count + 1 {
                    rest = tag.dropFirst(removed.count + 1)
                }
            }
            guard let added else { return Array(rest) }
            return rest.isEmpty ? added : added + [dot] + rest
        }
    }
}

/// A filter in an output's place: what it makes of events goes on under other tags, to a router (`<match> @type parser`).
package final class FilteringEmitter: RetaggingEmitter {
    private let filter: any Filter
    private let change: TagChange
    private let target: any Emitter
    private var tags = TagCache()
    private var known: (id: Int, new: Tag)?

    package init(_ filter: any Filter, _ change: TagChange, target: any Emitter) {
        (self.filter, self.change, self.target) = (filter, change, target)
    }

    package var showsOrder: Bool { target.showsOrder }

    package func newTag(
        of record: Record, in batch: Batch, _ storage: inout ByteBuffer, _ rows: inout Rows
    ) -> RewrittenTag { .tag(newTag(batch.tag), target: 0) }

    private func newTag(_ tag: Tag) -> Tag {
        if let known, known.id == tag.id { return known.new }
        let new = tags.tag(change.changed(tag.bytes), wasRefused: tag.wasRefused)
        known = (tag.id, new)
        return new
    }

    package func emit(_ batch: Batch, storage: inout ByteBuffer, rows: inout Rows) -> Acceptance {
        filter.apply(batch, storage: &storage, rows: &rows)
        // They belong to this stage and its tag, and not to those behind.
        let rejections = rows.rejections
        rows.rejections = []
        defer { rows.rejections = rejections }
        if rows.isEmpty { return .accepted }
        let kept = rows.records
        let acceptance = target.emit(
            Batch(newTag(batch.tag), receipt: batch.receipt), storage: &storage, rows: &rows)
        if case .refused = acceptance { rows.records = kept } else { rows.records = [] }
        return acceptance
    }
}
