internal import Events
internal import HTTPClient

/// What the answer to a bulk request means.
extension ElasticsearchDestination {
    func judge(_ response: HTTPResponse, _ chunk: LoadedChunk, _ sent: ItemSet) -> BulkJudgement {
        var places = ItemSet.Places(sent)
        var judgement = BulkJudgement()
        do throws(BulkResponseError) {
            try BulkResponse.scan(response.body, sent: sent.count) { place, answer in
                // Nearly all of them, a million a second: nothing is decoded.
                if !answer.hasError, let status = answer.status, (200..<300).contains(status) { return }
                guard let item = places.item(at: place) else { return }
                let label = BulkLabel(bytes: chunk.body.labels[Int(chunk.item(item).label)])
                let type = response.body.decoded(answer.type)
                let reason = response.body.decoded(answer.reason)
                let verdict = BulkVerdict(
                    status: answer.status, hasError: answer.hasError, type: type, reason: reason,
                    operation: label?.operation ?? .index)
                switch verdict {
                case .delivered: break
                case .retry(let condition):
                    judgement.noteRetry(item) {
                        condition.refusal(status: answer.status, type: type, reason: reason)
                    }
                case .rejected:
                    judgement.refused.append(reject(item, answer, type, reason, response, chunk, label))
                }
            }
        } catch {
            let said = response.firstWords()
            let isPage = if case .itemCount = error { false } else { !said.isEmpty }
            judgement = BulkJudgement()
            judgement.unreadable = Refusal(.unclear, isPage ? "\(error): \(said)" : "\(error)")
        }
        return judgement
    }

    private func reject(
        _ item: Int, _ answer: BulkItemAnswer, _ type: String, _ said: String, _ response: HTTPResponse,
        _ chunk: LoadedChunk, _ label: BulkLabel?
    ) -> RefusedDocument {
        let index = String(decoding: label?.index ?? [], as: UTF8.self)
        var reason = said
        let cause = response.body.decoded(answer.causeReason)
        let explanation = MappingExplanation(
            type: type, reason: reason, cause: cause, index: index, chunk.body.bytes,
            document: BulkBody.document(of: item, in: chunk))
        if !cause.isEmpty { reason += ": \(cause)" }
        let rejected = RejectedItem(
            item: item, status: answer.status ?? 0, type: type,
            reason: explanation?.sentence
                ?? (index.isEmpty ? reason.prefixWords(1000) : "index '\(index)': \(reason.prefixWords(1000))"),
            subject: explanation.map { $0.field ?? "" } ?? MappingExplanation.subject(of: said), index: index)
        return RefusedDocument(item: rejected, conflicts: explanation?.conflicts ?? [])
    }
}
