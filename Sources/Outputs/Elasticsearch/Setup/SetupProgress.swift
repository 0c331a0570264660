package import Events
internal import HTTPClient

/// What a server answered to one request of a setup.
package struct SetupAnswer: Sendable, Equatable {
    package var status: Int
    /// Of the server's error: `resource_already_exists_exception`; empty when it names none.
    package var type: String
    /// Its words.
    package var reason: String

    package init(status: Int, type: String = "", reason: String = "") {
        self.status = status
        self.type = type
        self.reason = reason
    }

    /// The server has no such function: another product, or a build without it.
    var knowsNoSuchPath: Bool { (status == 400 || status == 405) && reason.holds("no handler found") }
}

/// How far a setup has come: it is asked for the next request and fed with the answer.
package struct SetupProgress: Sendable {
    /// The next one last.
    private var pending: [SetupStep]
    private(set) var hasLifecycles: Bool
    /// What was put there, in order.
    package private(set) var made: [String] = []
    /// What this server can do without, because it knows nothing of the kind.
    package private(set) var leftOut: [String] = []

    /// - Parameter hasLifecycles: false for a server that is known to have no index lifecycles.
    package init(_ steps: [SetupStep], hasLifecycles: Bool = true) {
        pending = steps.reversed()
        self.hasLifecycles = hasLifecycles
        leaveOut()
    }

    /// What to send now; nil: all is there.
    package var request: SetupRequest? {
        guard var request = pending.last?.request else { return nil }
        if !hasLifecycles, let body = request.bodyWithoutLifecycles { request.body = body }
        return request
    }

    /// Goes on with the answer to `request`. Answers why it cannot, and then stays where it was.
    package mutating func take(_ answer: SetupAnswer) -> Refusal? {
        guard let step = pending.last else { return nil }
        let isTaken = (200..<300).contains(answer.status)
        if hasLifecycles, isAboutLifecycles(answer, step.request) {
            hasLifecycles = false
            leaveOut()
            return nil
        }
        switch step {
        case .unlessThere(_, _, let steps):
            guard isTaken || answer.status == 404 else { return refusal(step, answer, "cannot be looked for") }
            pending.removeLast()
            if !isTaken { pending += steps.reversed() }
        case .put:
            // Somebody else was faster.
            let isThere = answer.type == "resource_already_exists_exception"
            guard isTaken || isThere else { return refusal(step, answer, "is not taken") }
            pending.removeLast()
            if isTaken { made.append(step.what) }
        }
        leaveOut()
        return nil
    }

    private func isAboutLifecycles(_ answer: SetupAnswer, _ request: SetupRequest) -> Bool {
        if request.isLifecycle { return answer.knowsNoSuchPath }
        return request.bodyWithoutLifecycles != nil && answer.status == 400
            && answer.reason.holds("unknown setting [index.lifecycle")
    }

    /// Passes over what is about lifecycles alone where there are none.
    private mutating func leaveOut() {
        while !hasLifecycles, let step = pending.last, step.request.isLifecycle {
            if !leftOut.contains(step.what) { leftOut.append(step.what) }
            pending.removeLast()
        }
    }

    private func refusal(_ step: SetupStep, _ answer: SetupAnswer, _ verb: String) -> Refusal {
        let said = [answer.type, answer.reason.prefixWords(300)].filter { !$0.isEmpty }.joined(separator: ": ")
        let what = "\(step.what) \(verb): HTTP \(answer.status)" + (said.isEmpty ? "" : ": \(said)")
        if let condition = ClusterCondition(type: answer.type, reason: answer.reason) {
            return Refusal(condition.kind, what + (condition.advice.isEmpty ? "" : ": \(condition.advice)"))
        }
        return switch answer.status {
        case 401, 403, 407: Refusal(.forbidden, what + ": the user or the api_key may not")
        case 408, 429, 500...: Refusal(.busy, what)
        case 400: Refusal(.blocked, what + ": correct it and start again; documents wait so long")
        default: Refusal(.unclear, what)
        }
    }
}
