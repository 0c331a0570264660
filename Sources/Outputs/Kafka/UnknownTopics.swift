/// How long a cluster has been saying that it does not have a topic, or a partition that an event names. Pure.
///
/// One such answer proves nothing: brokers that have just started, or have not heard of a new topic yet, give it about
/// topics that are there (https://github.com/confluentinc/librdkafka/issues/3513), and give it while they make one. So it
/// holds when it has been repeated for a time. Times when nobody answered do not count, however long they were.
struct UnknownTopics {
    /// What an answer says is missing.
    enum Missing: Hashable {
        case topic(String)
        /// Any of those that events named: they may name as many as they like.
        case partition(ofTopic: String)
    }

    private struct Answers {
        var lastSeconds: Double
        var countedSeconds = 0.0
    }

    /// How long it must have been said before it holds, in seconds; 0: at once.
    let patienceSeconds: Double
    /// After so long without such an answer the next is a first one.
    static let forgottenSeconds = 600.0
    private var answers: [Missing: Answers] = [:]

    init(patienceSeconds: Double) { self.patienceSeconds = patienceSeconds }

    /// The cluster says that it is missing; returns whether that holds. `now`: seconds of a clock that never jumps.
    mutating func holds(_ missing: Missing, at now: Double) -> Bool {
        guard var found = answers[missing], now - found.lastSeconds < Self.forgottenSeconds else {
            answers[missing] = Answers(lastSeconds: now)
            return patienceSeconds <= 0
        }
        // Between two answers the cluster may have been away: three at least are needed.
        found.countedSeconds += min(now - found.lastSeconds, patienceSeconds / 2)
        found.lastSeconds = now
        answers[missing] = found
        return found.countedSeconds >= patienceSeconds
    }

    /// The topic has taken a message.
    mutating func stored(_ topic: String) {
        if !answers.isEmpty { answers[.topic(topic)] = nil }
    }
}
