internal import Events

/// What the answer for one bulk item means. Source: compatibility.md B6, and what real servers answer (servers/README).
package enum BulkVerdict: Sendable, Equatable {
    case delivered
    /// It may succeed later.
    case retry
    /// It never will.
    case rejected

    package init(status: Int, type: String, operation: ElasticsearchSettings.WriteOperation) {
        switch status {
        case 200...299: self = .delivered
        // A create that finds its id there is an earlier try that was not answered. An update meets a concurrent one.
        case 409: self = operation == .create ? .delivered : operation == .index ? .rejected : .retry
        // 403: the index is blocked (by the disk watermark on version 6), or the account may not write to it.
        // 404: the index is not there and may not be made: somebody has to create it.
        case 401, 403, 404, 408, 429: self = .retry
        case 501: self = .rejected
        case 500...599: self = .retry
        default: self = .rejected
        }
    }

    /// What a whole answer's status means, before its items are looked at: nil when they have to be.
    static func outcome(status: Int, retryAfterSeconds: Double?, _ excerpt: String) -> WholeAnswer? {
        let reason = "HTTP \(status)" + (excerpt.isEmpty ? "" : ": \(excerpt)")
        switch status {
        case 200...299: return nil
        case 413: return .tooLarge(Refusal(.tooLarge, reason))
        case 400: return .refused(Refusal(.invalid, reason))
        case 401, 403:
            return .retry(
                Refusal(.forbidden, "\(reason): the user or the api_key may not write"), retryAfterSeconds)
        default: return .retry(Refusal(.busy, reason), retryAfterSeconds)
        }
    }

    enum WholeAnswer: Equatable {
        case tooLarge(Refusal)
        case refused(Refusal)
        case retry(Refusal, Double?)
    }
}
