internal import Events
internal import Synchronization

/// How the output's servers want action lines spelled, as far as they have said: what formatters need to write them into
/// the chunk, so that its bytes are a request's body. Shared by the loops' formatters and the destination.
///
/// A chunk remembers the number of the spelling (`ChunkBody.form`). A server that wants another gets its actions written
/// anew (`BulkBody`), as before any server was asked.
package final class BulkForms: Sendable {
    private let dialects = Mutex<[BulkDialect]>([])
    private let latest = Atomic<Int>(ChunkBody.bare)

    package init() {}

    /// The number of the spelling to write; `ChunkBody.bare`: none is known.
    var form: Int { latest.load(ordering: .relaxed) }

    func dialect(_ form: Int) -> BulkDialect? {
        dialects.withLock { form > 0 && form <= $0.count ? $0[form - 1] : nil }
    }

    /// A server has said what it is.
    func note(_ dialect: BulkDialect) {
        // With the index in the URL a request's actions are those of one index: parts of a chunk.
        guard !dialect.namesIndexInURL else { return }
        let form = dialects.withLock { dialects in
            if let known = dialects.firstIndex(of: dialect) { return known + 1 }
            dialects.append(dialect)
            return dialects.count
        }
        latest.store(form, ordering: .relaxed)
    }
}
