internal import Events
package import HTTPClient
package import Logging
internal import Synchronization
internal import Time

/// Asks the API server of Kubernetes for pods and namespaces (`GET /api/v1/namespaces/{namespace}/pods/{name}`), from a
/// thread of its own. No loop waits for it.
package final class KubernetesAPI: PodLookup {
    package struct Settings: Sendable {
        /// With scheme, host and path, such as `https://10.0.0.1:443/api`.
        package var url: String
        package var version = "v1"
        /// The bearer token, read for each request as kubelet renews it; nil: there is none.
        package var token: (@Sendable () throws -> String)?
        /// Authorities, client certificate, times.
        package var options = HTTPOptions()
        package var directory = PodDirectory.Settings()
        package var selection = MetadataSelection()

        package init(url: String) { self.url = url }
    }

    private struct State {
        var directory: PodDirectory
        var client: HTTPClient?
        var requests: [Int: Task<Void, Never>] = [:]
        var nextRequest = 0
        var users = 0
        /// Begins what is to be tried again, and when; nil: nothing waits for its time.
        var retry: (task: Task<Void, Never>, at: Int64)?
    }

    private let settings: Settings
    private let log: Log
    private let state: Mutex<State>
    private let version = Atomic<Int>(0)
    private let clock: @Sendable () -> Int64

    /// An object of the API has at most so many bytes, as etcd keeps no larger ones (1.5 MiB).
    private static let objectLimitBytes = 4 << 20

    package init(_ settings: Settings, log: Log, clock: @escaping @Sendable () -> Int64 = Clock.monotonicMilliseconds) {
        var settings = settings
        settings.options.responseLimitBytes = Self.objectLimitBytes
        self.settings = settings
        self.log = log
        self.clock = clock
        state = Mutex(State(directory: PodDirectory(settings.directory)))
    }

    // MARK: - PodLookup

    package var generation: Int { version.load(ordering: .acquiring) }

    package func find(_ reference: ContainerReference, at milliseconds: Int64) -> PodDirectory.Finding {
        let finding = state.withLock { $0.directory.find(reference, at: milliseconds) }
        proceed(at: milliseconds)
        return finding
    }

    package func giveUp(_ reference: ContainerReference) { state.withLock { $0.directory.giveUp(reference) } }

    package func enter() { state.withLock { $0.users += 1 } }

    package func leave() {
        let left: (client: HTTPClient?, requests: [Task<Void, Never>]) = state.withLock { state in
            state.users -= 1
            guard state.users == 0 else { return (nil, []) }
            defer {
                state.client = nil
                state.requests.removeAll()
                state.retry = nil
            }
            return (state.client, Array(state.requests.values) + [state.retry?.task].compactMap { $0 })
        }
        for request in left.requests { request.cancel() }
        left.client?.stop()
    }

    /// Begins the requests that are due, and sees to it that those to be tried again begin in their time: nothing wakes
    /// while there are none.
    private func proceed(at milliseconds: Int64) {
        state.withLock { state in
            while state.users > 0, let subject = state.directory.next(at: milliseconds) {
                let number = state.nextRequest
                state.nextRequest += 1
                do {
                    let client = try state.client ?? HTTPClient()
                    state.client = client
                    state.requests[number] = Task { await self.ask(for: subject, client, number) }
                } catch {
                    log.limited(.error, kind: "client", "the API of Kubernetes cannot be asked", ["error": "\(error)"])
                    state.directory.take(.failed(isServer: true), for: subject, at: milliseconds)
                }
            }
            guard state.users > 0, let moment = state.directory.nextMoment, moment != state.retry?.at else { return }
            state.retry?.task.cancel()
            let pause = max(moment, milliseconds + 1) - milliseconds
            let task = Task { [weak self] in
                // Cancelled: another one does it, or nobody is left.
                guard (try? await Task.sleep(for: .milliseconds(pause))) != nil else { return }
                self?.tryAgain(moment)
            }
            state.retry = (task, moment)
        }
    }

    /// The time of a retry has come; its clock's, which a test may have set, if that is later.
    private func tryAgain(_ moment: Int64) {
        state.withLock { state in
            if state.retry?.at == moment { state.retry = nil }
        }
        proceed(at: max(clock(), moment))
    }

    // MARK: - Requests

    private func ask(for subject: PodDirectory.Subject, _ client: HTTPClient, _ number: Int) async {
        let answer = await answer(for: subject, client)
        let now = clock()
        state.withLock { state in
            state.requests[number] = nil
            state.directory.take(answer, for: subject, at: now)
        }
        version.wrappingAdd(1, ordering: .acquiringAndReleasing)
        proceed(at: now)
    }

    private func answer(for subject: PodDirectory.Subject, _ client: HTTPClient) async -> PodDirectory.Answer {
        do {
            // With version 0 the server answers from its memory; what is not there yet may have been written since.
            var response = try await client.send(try request(for: subject, query: "?resourceVersion=0"))
            if response.status == 404 { response = try await client.send(try request(for: subject, query: "")) }
            return judge(response, subject)
        } catch HTTPError.cancelled {
            return .failed(isServer: true)
        } catch {
            fail(subject, "\(error)", "look whether kubernetes_url and ca_file are right, and the server is reachable")
            return .failed(isServer: true)
        }
    }

    private func judge(_ response: HTTPResponse, _ subject: PodDirectory.Subject) -> PodDirectory.Answer {
        switch response.status {
        case 200:
            switch subject {
            case .pod: if let pod = PodObject(response.body, settings.selection) { return .pod(pod) }
            case .namespace:
                if let namespace = NamespaceObject(response.body, settings.selection) { return .namespace(namespace) }
            }
            fail(subject, "the answer is not what was asked for", "kubernetes_url must lead to an API server")
            return .failed(isServer: false)
        case 404:
            log.limited(.info, kind: "404", subject: ["object": subject.text], "the API server does not know it")
            return .missing
        case 401, 403:
            fail(
                subject, "status \(response.status): \(response.excerpt(200))",
                "the service account must be allowed to get pods and namespaces (a ClusterRole), and its token be valid"
            )
            return .failed(isServer: true)
        default:
            fail(subject, "status \(response.status): \(response.excerpt(200))", "it is tried again")
            return .failed(isServer: response.status >= 429)
        }
    }

    private func fail(_ subject: PodDirectory.Subject, _ reason: String, _ advice: String) {
        log.limited(
            .warn, kind: LogKind.constantPart(of: reason), subject: ["object": subject.text],
            "the API server of Kubernetes gives no metadata", ["error": reason, "hint": advice])
    }

    private func request(for subject: PodDirectory.Subject, query: String) throws -> HTTPRequest {
        let path =
            switch subject {
            case .pod(let pod): "/namespaces/\(pod.namespace)/pods/\(pod.name)"
            case .namespace(let name): "/namespaces/\(name)"
            }
        var request = HTTPRequest(.get, "\(settings.url)/\(settings.version)\(path)\(query)", options: settings.options)
        request.headers = [("Accept", "application/json")]
        if let token = settings.token { request.headers.append(("Authorization", "Bearer \(try token())")) }
        return request
    }
}

extension PodDirectory.Subject {
    /// `pod NAMESPACE/NAME`
    fileprivate var text: String {
        switch self {
        case .pod(let name): "pod \(name)"
        case .namespace(let name): "namespace \(name)"
        }
    }
}
