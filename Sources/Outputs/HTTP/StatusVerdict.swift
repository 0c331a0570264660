package import Events
package import HTTPClient

/// What an answer means that says nothing of single items: by its status (RFC 9110), and what its server is known to mean.
package enum StatusVerdict: Equatable {
    case delivered
    /// Later it may be taken, or when somebody has mended what is in the way.
    case retry(Refusal, afterSeconds: Double?)
    case tooLarge(Refusal)
    /// What was sent is the reason, and will be the reason every time.
    case refused(Refusal)

    /// More than this no server may ask for; what is waited at most is the buffer's to say.
    private static let longestRetryAfterSeconds = 86_400.0

    /// - Parameters:
    ///   - said: what the answer says, in words for people; nil: the first words of its body.
    ///   - advice: what to do about a status.
    package init(_ response: HTTPResponse, said: String? = nil, advice: (Int) -> String? = { _ in nil }) {
        let status = response.status
        if status / 100 == 2 {
            self = .delivered
            return
        }
        let words = said ?? response.firstWords()
        let what = "HTTP \(status)" + (words.isEmpty ? "" : ": \(words)")
        func refusal(_ kind: Refusal.Kind, _ usual: String = "") -> Refusal {
            let advice = advice(status) ?? usual
            return Refusal(kind, advice.isEmpty ? what : "\(what): \(advice)")
        }
        let after = response.retryAfterSeconds.map { min(max($0, 0), Self.longestRetryAfterSeconds) }
        switch status {
        case 413: self = .tooLarge(refusal(.tooLarge))
        case 400, 415, 422: self = .refused(refusal(.invalid))
        case 401, 403, 407:
            self = .retry(refusal(.forbidden, "are the credentials right, and may they write?"), afterSeconds: after)
        case 408, 425, 429, 500...: self = .retry(refusal(.busy), afterSeconds: after)
        case 300..<400:
            self = .retry(
                refusal(.unclear, "redirects are not followed; write the URL that it leads to"), afterSeconds: after)
        default: self = .retry(refusal(.unclear, "is the URL right?"), afterSeconds: after)
        }
    }

    package var outcome: DeliveryOutcome {
        switch self {
        case .delivered: .delivered
        case .retry(let reason, let after): .retry(reason: reason, after: after)
        case .tooLarge(let reason): .tooLarge(reason: reason)
        case .refused(let reason): .rejected(reason: reason)
        }
    }
}
