/// What is known of pods and namespaces, and what to ask the API server next. A value without a clock and without a
/// socket: it is told who looks, what was answered, and what time it is, in milliseconds that never go back.
///
/// - An answer holds for `cache_ttl`, and is asked for again behind the backs of those who look; that there is no such pod
///   holds for some seconds. A container that an answer does not speak of makes its pod be asked for at once: pods of one
///   name follow each other.
/// - Who looks for something that is being asked for the first time may wait. Once somebody has waited in vain, nobody
///   waits for it until it is answered; and nobody waits at all while the server has failed for so long.
/// - What failed is tried again after ever longer times, and one request at a time while the server fails.
package struct PodDirectory: Sendable {
    package struct Settings: Sendable {
        /// `cache_size`: pods that are remembered, and as many namespaces. Those that are waited for come on top.
        package var capacity = 1000
        /// `cache_ttl`; nil: for ever.
        package var lifeMilliseconds: Int64? = 3_600_000
        /// How long it holds that something is not there.
        package var missingMilliseconds: Int64 = 10_000
        /// How soon a pod is asked for again whose answer did not speak of the container in question yet.
        package var refreshMilliseconds: Int64 = 10_000
        /// `metadata_timeout`: how long events wait.
        package var patienceMilliseconds: Int64 = 5000
        /// Namespaces are asked for.
        package var hasNamespaces = true
        /// Requests at the same time.
        package var requestLimit = 8

        package init() {}
    }

    /// What is asked for.
    package enum Subject: Hashable, Sendable {
        case pod(PodName)
        case namespace(String)
    }

    package enum Answer: Sendable {
        case pod(PodObject)
        case namespace(NamespaceObject)
        /// 404
        case missing
        /// No answer that says anything about the subject.
        ///
        /// - Parameter isServer: others would have failed as well.
        case failed(isServer: Bool)
    }

    /// What becomes of an event.
    package enum Finding {
        /// All there is to know; nil: it is not there.
        case known(PodObject?, NamespaceObject?)
        /// It may be known soon.
        case wait
        /// It is of no use to wait; what is known so far.
        case unavailable(PodObject?, NamespaceObject?)
    }

    private struct Entry {
        var pod: PodObject?
        var namespace: NamespaceObject?
        var isAnswered = false
        /// When it is asked for again.
        var expires: Int64 = 0
        var isWanted = false
        var isAsked = false
        var failures = 0
        var retryAt = Int64.min
        /// Somebody has waited in vain since the last answer.
        var isHopeless = false
        var usedAt: Int64 = 0
        /// Containers that answers were about, whether they spoke of them or not.
        var keys: [String] = []
        /// Containers that the next answer is about.
        var awaitedKeys: [String] = []
        /// Answers in a row that did not speak of the container they were asked for.
        var vagueAnswers = 0

        func covers(_ reference: ContainerReference?) -> Bool {
            guard let reference else { return true }
            return pod?.has(reference) == true || keys.contains(reference.key)
        }
    }

    /// The server's own failures in a row.
    private struct Outage {
        var failures = 0
        var retryAt = Int64.min
        var since: Int64?
    }

    private let settings: Settings
    private var entries: [Subject: Entry] = [:]
    private var wanted: [Subject] = []
    private var requestCount = 0
    private var outage = Outage()
    private var evictedAt = Int64.min

    private static let firstRetryMilliseconds: Int64 = 250
    private static let longestRetryMilliseconds: Int64 = 30_000
    /// What nobody has looked for this long is not tried again.
    private static let forgottenMilliseconds: Int64 = 60_000
    /// What was looked for this lately is not forgotten.
    private static let recentMilliseconds: Int64 = 1000
    private static let keptKeys = 32
    private static let vagueAnswerLimit = 3

    package init(_ settings: Settings = Settings()) { self.settings = settings }

    package var count: Int { entries.count }

    // MARK: - Looking

    package mutating func find(_ reference: ContainerReference, at now: Int64) -> Finding {
        guard reference.pod.isValid else { return .known(nil, nil) }
        let pod = look(for: .pod(reference.pod), of: reference, at: now)
        var (canWait, isKnown) = (pod.mayWait, pod.isKnown)
        var namespace: NamespaceObject?
        if settings.hasNamespaces {
            let found = look(for: .namespace(reference.pod.namespace), of: nil, at: now)
            namespace = found.entry.namespace
            isKnown = isKnown && found.isKnown
            // What is known needs no waiting for, and what is hopeless makes the waiting for the rest useless.
            canWait = (pod.isKnown || pod.mayWait) && (found.isKnown || found.mayWait)
        }
        if isKnown { return .known(pod.entry.pod, namespace) }
        return canWait ? .wait : .unavailable(pod.entry.pod, namespace)
    }

    private mutating func look(
        for subject: Subject, of reference: ContainerReference?, at now: Int64
    ) -> (entry: Entry, isKnown: Bool, mayWait: Bool) {
        var entry = entries[subject] ?? Entry()
        entry.usedAt = now
        let isKnown = entry.isAnswered && entry.covers(reference)
        if !isKnown || now >= entry.expires {
            if let key = reference?.key, !isKnown, !entry.awaitedKeys.contains(key),
                entry.awaitedKeys.count < Self.keptKeys
            {
                entry.awaitedKeys.append(key)
            }
            if !entry.isWanted, !entry.isAsked {
                entry.isWanted = true
                wanted.append(subject)
            }
        }
        if entries.updateValue(entry, forKey: subject) == nil { evict(at: now) }
        return (entry, isKnown, !isKnown && !entry.isHopeless && !isDown(at: now))
    }

    private func isDown(at now: Int64) -> Bool {
        outage.since.map { now - $0 >= settings.patienceMilliseconds } ?? false
    }

    /// Events of the container have waited as long as they may.
    package mutating func giveUp(_ reference: ContainerReference) {
        for subject in [Subject.pod(reference.pod), .namespace(reference.pod.namespace)] {
            guard let entry = entries[subject], entry.isWanted || entry.isAsked else { continue }
            entries[subject]?.isHopeless = true
        }
    }

    // MARK: - Asking

    /// What to ask for now, as a request under way from here on; nil: nothing.
    package mutating func next(at now: Int64) -> Subject? {
        let limit = outage.failures > 0 ? 1 : settings.requestLimit
        guard !wanted.isEmpty, requestCount < limit, now >= outage.retryAt else { return nil }
        wanted.removeAll { subject in
            guard let entry = entries[subject] else { return true }
            guard now - entry.usedAt > Self.forgottenMilliseconds else { return false }
            entries[subject]?.isWanted = false
            return true
        }
        guard let place = wanted.firstIndex(where: { (entries[$0]?.retryAt ?? .min) <= now }) else { return nil }
        let subject = wanted.remove(at: place)
        entries[subject]?.isWanted = false
        entries[subject]?.isAsked = true
        requestCount += 1
        return subject
    }

    /// When `next` has something again; nil: not before somebody looks for something, or a request ends.
    package var nextMoment: Int64? {
        guard requestCount < (outage.failures > 0 ? 1 : settings.requestLimit),
            let first = wanted.compactMap({ entries[$0]?.retryAt }).min()
        else { return nil }
        return max(first, outage.retryAt)
    }

    /// A request has ended.
    package mutating func take(_ answer: Answer, for subject: Subject, at now: Int64) {
        requestCount -= 1
        if case .failed(isServer: true) = answer {
            // Those that were under way together fail together.
            if now >= outage.retryAt {
                outage.failures += 1
                outage.retryAt = now + Self.retryMilliseconds(outage.failures)
            }
            if outage.since == nil { outage.since = now }
        } else {
            outage = Outage()
        }
        guard var entry = entries[subject] else { return }
        entry.isAsked = false
        switch answer {
        case .failed:
            entry.failures += 1
            entry.retryAt = now + Self.retryMilliseconds(entry.failures)
            entry.isWanted = true
            wanted.append(subject)
        case .pod(let pod):
            entry.pod = pod
            entry.expires = expiry(of: pod, &entry, at: now)
            settle(&entry)
        case .namespace(let namespace):
            entry.namespace = namespace
            entry.expires = end(from: now)
            settle(&entry)
        case .missing where entry.pod != nil && entry.awaitedKeys.isEmpty, .missing where entry.namespace != nil:
            // It has gone, and what it was holds for the rest of its log.
            entry.expires = end(from: now)
            settle(&entry)
        case .missing:
            entry.pod = nil
            entry.keys.removeAll()
            entry.expires = now + settings.missingMilliseconds
            settle(&entry)
        }
        entries[subject] = entry
    }

    private func settle(_ entry: inout Entry) {
        entry.isAnswered = true
        entry.isHopeless = false
        (entry.failures, entry.retryAt) = (0, .min)
        entry.keys += entry.awaitedKeys
        entry.keys.removeFirst(max(entry.keys.count - Self.keptKeys, 0))
        entry.awaitedKeys.removeAll()
    }

    /// The status of a container that has just started comes to the server a little later than its first line comes here.
    private func expiry(of pod: PodObject, _ entry: inout Entry, at now: Int64) -> Int64 {
        let isVague = (entry.awaitedKeys + entry.keys).suffix(1).contains { key in
            !pod.containerIDs.contains(key) && !(key == pod.uid && !pod.containers.isEmpty)
        }
        guard isVague, entry.vagueAnswers < Self.vagueAnswerLimit else {
            entry.vagueAnswers = 0
            return end(from: now)
        }
        entry.vagueAnswers += 1
        return min(now + settings.refreshMilliseconds, end(from: now))
    }

    private func end(from now: Int64) -> Int64 { settings.lifeMilliseconds.map { now + $0 } ?? .max }

    private static func retryMilliseconds(_ failures: Int) -> Int64 {
        min(firstRetryMilliseconds << Int64(min(failures - 1, 20)), longestRetryMilliseconds)
    }

    // MARK: - Forgetting

    /// Forgets an eighth of what nobody waits for and nobody has looked for lately: the least lately looked for.
    private mutating func evict(at now: Int64) {
        let limit = 2 * settings.capacity
        guard entries.count > limit, now - Self.recentMilliseconds / 10 >= evictedAt else { return }
        evictedAt = now
        let old = entries.filter { _, entry in
            !entry.isAsked && !entry.isWanted && now - entry.usedAt > Self.recentMilliseconds
        }
        let count = max(entries.count - limit, 1) + limit / 8
        for (subject, _) in old.sorted(by: { $0.value.usedAt < $1.value.usedAt }).prefix(count) {
            entries[subject] = nil
        }
    }
}
