package import HTTPClient
internal import Words

/// A request that looks for something at a server, or puts it there.
///
/// In the path and the body `${tag}`, `${tag[1]}`, `${_index}` and `${_rollover}` stand for what is known of a target.
package struct SetupRequest: Sendable, Equatable {
    package var method: HTTPRequest.Method
    package var path: String
    /// JSON; nil: none is sent.
    package var body: String?
    /// Sent in its place to servers without index lifecycles.
    package var bodyWithoutLifecycles: String?
    /// It is about lifecycles alone: servers that have none do without.
    package var isLifecycle = false

    package init(_ method: HTTPRequest.Method, _ path: String, body: String? = nil) {
        self.method = method
        self.path = path
        self.body = body
    }
}

/// One thing that a server is to have before documents go there.
package indirect enum SetupStep: Sendable, Equatable {
    /// Looked for first: only where it is missing (404) do the steps behind it follow.
    case unlessThere(SetupRequest, what: String, [SetupStep])
    /// Put there, whatever is there.
    case put(SetupRequest, what: String)

    /// For messages: `index template 'logs'`.
    var what: String {
        switch self {
        case .unlessThere(_, let what, _), .put(_, let what): what
        }
    }

    var request: SetupRequest {
        switch self {
        case .unlessThere(let request, _, _), .put(let request, _): request
        }
    }

    /// Whether any text of it holds one of these placeholders.
    func holds(_ placeholders: [String]) -> Bool {
        let request = request
        let texts = [request.path, request.body ?? "", what]
        if texts.contains(where: { text in placeholders.contains { text.holds($0) } }) { return true }
        guard case .unlessThere(_, _, let steps) = self else { return false }
        return steps.contains { $0.holds(placeholders) }
    }

    /// With what stands for the placeholders of a target.
    func filled(for target: SetupTarget) -> SetupStep {
        var request = request
        request.path = target.fill(request.path) { SetupTarget.percentEncoded($0) }
        request.body = request.body.map { target.fill($0) { SetupTarget.jsonEscaped($0) } }
        request.bodyWithoutLifecycles = request.bodyWithoutLifecycles.map {
            target.fill($0) { SetupTarget.jsonEscaped($0) }
        }
        let what = target.fill(what) { $0 }
        return switch self {
        case .unlessThere(_, _, let steps): .unlessThere(request, what: what, steps.map { $0.filled(for: target) })
        case .put: .put(request, what: what)
        }
    }
}
