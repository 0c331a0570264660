internal import Events
internal import HTTPClient
internal import Logging
internal import Synchronization

/// `on_mapping_conflict rename`: what is done about fields that do not fit.
extension ElasticsearchDestination {
    /// Sends the documents again that were refused for one field, with that field renamed, until they are taken or refused
    /// for something else. What fails on the way is sent again as a whole, later.
    func resend(
        _ judgement: inout BulkJudgement, _ chunk: LoadedChunk, _ server: ServerPool.Server, _ dialect: BulkDialect
    ) async {
        var final: [RefusedDocument] = []
        var refused = judgement.refused
        var source = chunk
        var originals: [Int]?
        var made: [String: Int] = [:]
        for _ in 0..<RenamedDocuments.maximumRounds where !refused.isEmpty {
            func original(_ item: Int) -> Int { originals?[item] ?? item }
            var rest: [RefusedDocument] = []
            // A new name that does not fit either is made longer once.
            func depth(_ field: RefusedDocument) -> Int { field.conflicts.map { made[$0] ?? 0 }.max() ?? .max }
            let open = refused.filter { depth($0) < Self.renamingDepth }
            rest += refused.filter { depth($0) >= Self.renamingDepth }
            let renamed = RenamedDocuments(open, of: source, original: original, rest: &rest)
            final += rest.map { $0.numbered(original($0.item.item)) }
            refused = []
            guard let renamed else { break }
            for one in renamed.renamed {
                made[one.name] = max(made[one.name] ?? 0, (made[one.field] ?? 0) + 1)
                renames.tell(one, log)
            }
            let answer = await judgeAgain(renamed.chunk, server, dialect)
            let later = ItemSet(answer.retry.map { renamed.originals[$0] }.sorted())
            if !later.isEmpty { judgement.noteRetry(later, answer.reason) }
            (source, originals, refused) = (renamed.chunk, renamed.originals, answer.refused)
        }
        final += refused.map { $0.numbered(originals?[$0.item.item] ?? $0.item.item) }
        judgement.refused = final
    }

    /// Sends a few documents; when that fails as a whole, all of them are to be sent again.
    private func judgeAgain(
        _ chunk: LoadedChunk, _ server: ServerPool.Server, _ dialect: BulkDialect
    ) async -> BulkJudgement {
        let items = chunk.allItems
        func later(_ reason: Refusal) -> BulkJudgement {
            var judgement = BulkJudgement()
            judgement.noteRetry(items, reason)
            return judgement
        }
        do throws(HTTPError) {
            let response = try await post(
                server, BulkBody(chunk, items: items, dialect),
                responseLimitBytes: Self.responseLimitBytes(items: items.count))
            switch WholeAnswer(response) {
            case .items:
                let judgement = judge(response, chunk, items)
                return judgement.unreadable.map(later) ?? judgement
            case .tooLarge(let reason), .retry(let reason, _), .refused(let reason): return later(reason)
            }
        } catch {
            return later(Refusal(error == .cancelled ? .stopping : .unreachable, describe(error, server.host)))
        }
    }

    private static let renamingDepth = 2
}

/// Which fields were sent again under another name: each is told of once for an index, and all are counted.
final class FieldRenames: Sendable {
    private let state = Mutex<(count: Int, told: Set<String>)>((0, []))
    /// Fields and indices are strangers' words: they are not remembered for ever.
    private static let remembered = 10_000

    var count: Int { state.withLock { $0.count } }

    func tell(_ one: (index: String, field: String, name: String, reason: String), _ log: Log) {
        let isNew = state.withLock { state in
            state.count += 1
            if state.told.count >= Self.remembered { state.told.removeAll() }
            return state.told.insert("\(one.index)\0\(one.field)").inserted
        }
        guard isNew else { return }
        log.limited(
            .warn, kind: "mapping conflict", subject: ["field": one.field, "index": one.index],
            "a field does not fit the index and is sent again as '\(one.name)'; documents like it are not told of",
            ["reason": one.reason])
    }
}
