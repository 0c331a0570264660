package import Events
package import HTTPClient
package import Logging
internal import Time
internal import Words

/// Sends chunks of documents to Elasticsearch or OpenSearch with the bulk API, and says of every item what became of it.
///
/// The server's version is asked when the first chunk is to go, not at start-up, and again after it was away. Until it is
/// known nothing is sent, which counts as a failure that may be retried.
package final class ElasticsearchDestination: Destination {
    private let settings: ElasticsearchSettings
    private let client: HTTPClient
    private let pool: ServerPool
    let log: Log
    private let headers: [(name: String, value: String)]
    private let now: @Sendable () -> Double
    let renames = FieldRenames()
    /// Bodies from this size on are worth a second try that asks first, when the connection broke while they were sent.
    private static let expectsContinueFromBytes = 1 << 20

    /// `now`: seconds of a clock that never jumps.
    package init(
        _ settings: ElasticsearchSettings, client: HTTPClient, log: Log = .discarding,
        now: @escaping @Sendable () -> Double = { Double(Time.Clock.monotonicMilliseconds()) / 1000 }
    ) {
        self.settings = settings
        self.client = client
        self.log = log
        self.now = now
        let assumed = settings.assumedMajorVersion.map { ServerVersion(major: $0).dialect(settings) }
        pool = ServerPool(
            settings.hosts, dialect: assumed, resurrectAfterSeconds: settings.resurrectAfterSeconds,
            sizes: RequestSizer.Settings(
                largestBytes: settings.requestLimitBytes,
                timeoutSeconds: settings.bulkTimeoutSeconds ?? settings.http.timeoutSeconds))
        var headers: [(name: String, value: String)] = [("User-Agent", "sluice"), ("Accept", "application/json")]
        if let key = settings.apiKey {
            headers.append(
                (
                    "Authorization",
                    "ApiKey \(key.contains(":") ? String(decoding: Base64.encoded(Array(key.utf8)), as: UTF8.self) : key)"
                ))
        }
        self.headers = headers + settings.customHeaders
    }

    /// What log lines call it: the servers without their credentials.
    package var name: String {
        let urls = settings.hosts.map(\.baseURL)
        return urls.isEmpty ? ElasticsearchHost().baseURL : urls.joined(separator: ",")
    }

    package func deliver(_ chunk: LoadedChunk, items: ItemSet) async -> DeliveryOutcome {
        var groups = BulkGroups(items)
        let sizes = BulkSizes(chunk)
        while true {
            let limits = pool.requestLimits(at: now())
            let group = groups.next(limitBytes: limits.bytes, limitDocuments: limits.documents) { sizes.bytes(of: $0) }
            guard let group else { return groups.outcome }
            let bytes = group.count > 1 ? .max : group.first.map { sizes.bytes(of: $0) } ?? 0
            groups.note(
                await deliver(group, of: chunk), for: group, isSmall: bytes < RequestSizer.Settings.smallestBytes)
        }
    }

    /// One request, to whichever server takes it.
    private func deliver(_ items: ItemSet, of chunk: LoadedChunk) async -> DeliveryOutcome {
        var outcome = DeliveryOutcome.retry(reason: Refusal(.unreachable, "no server is configured"), after: nil)
        for _ in 0..<pool.count {
            let (index, server) = pool.pick(at: now())
            switch await attempt(index, server, chunk, items) {
            case .outcome(let final): return final
            case .next(let reason): outcome = .retry(reason: Refusal(.unreachable, reason), after: nil)
            }
            if !pool.hasAlive(at: now()) { break }
        }
        return outcome
    }

    // MARK: - One server

    private enum Attempt {
        case outcome(DeliveryOutcome)
        /// Nothing was sent: another server may be asked.
        case next(String)
    }

    private func attempt(
        _ index: Int, _ server: ServerPool.Server, _ chunk: LoadedChunk, _ items: ItemSet
    ) async -> Attempt {
        let dialect: BulkDialect
        if let known = server.dialect {
            dialect = known
        } else {
            do throws(HTTPError) {
                guard let (found, text) = try await ask(server.host) else {
                    pool.markDead(index, at: now(), forget: true)
                    return .next("\(server.host.baseURL) is not ready")
                }
                dialect = found
                // Several workers may have asked at once.
                if pool.know(index, found) { log.info("found \(text)", ["host": server.host.baseURL]) }
            } catch {
                pool.markDead(index, at: now(), forget: true)
                return .next(describe(error, server.host))
            }
        }
        return await send(index, server, dialect, chunk, items, mayAdapt: true)
    }

    private func send(
        _ index: Int, _ server: ServerPool.Server, _ dialect: BulkDialect, _ chunk: LoadedChunk, _ items: ItemSet,
        mayAdapt: Bool
    ) async -> Attempt {
        let body = BulkBody(chunk, items: items, dialect)
        let bytes = body.byteCount
        let response: HTTPResponse
        let start = now()
        do throws(HTTPError) {
            response = try await post(server, body, responseLimitBytes: Self.responseLimitBytes(items: items.count))
        } catch {
            return failed(error, index, server.host, bytes, items.count)
        }
        pool.markAlive(index)
        switch WholeAnswer(response) {
        case .items:
            let seconds = now() - start
            let pace = pool.measure(index) { $0.answered(bytes: bytes, documents: items.count, seconds: seconds) }
            if let pace { log.info("the server \(pace)", ["host": server.host.baseURL]) }
            var judgement = judge(response, chunk, items)
            if settings.renamesConflicts { await resend(&judgement, chunk, server, dialect) }
            return .outcome(judgement.outcome(of: items.count))
        case .tooLarge(let reason):
            pool.measure(index) { $0.refused(bytes: bytes) }
            return .outcome(.tooLarge(reason: reason))
        case .retry(let reason, let after): return .outcome(.retry(reason: reason, after: after))
        case .refused(let reason):
            if mayAdapt, let other = adapted(dialect, reason.sentence) {
                pool.know(index, other)
                return await send(index, server, other, chunk, items, mayAdapt: false)
            }
            return .outcome(.rejected(reason: reason))
        }
    }

    private func failed(
        _ error: HTTPError, _ index: Int, _ host: ElasticsearchHost, _ bytes: Int, _ documents: Int
    ) -> Attempt {
        let isUnsent = if case .unreachable = error { true } else { false }
        if error != .cancelled { pool.markDead(index, at: now(), forget: isUnsent) }
        let reason = describe(error, host)
        if isUnsent { return .next(reason) }
        guard case .timeout = error else {
            return .outcome(.retry(reason: Refusal(error == .cancelled ? .stopping : .unreachable, reason), after: nil))
        }
        pool.measure(index) { $0.timedOut(bytes: bytes, documents: documents) }
        return .outcome(
            .retry(
                reason: Refusal(
                    .timeout, "\(reason); perhaps it was stored all the same: the next requests are smaller"),
                after: nil))
    }

    /// An answer with more for each item than any reason needs is none.
    static func responseLimitBytes(items: Int) -> Int { (1 << 20) + items * 8192 }

    func post(
        _ server: ServerPool.Server, _ body: BulkBody, responseLimitBytes: Int
    ) async throws(HTTPError) -> HTTPResponse {
        var request = request(.post, server.host, "/_bulk?filter_path=errors,items.*.status,items.*.error")
        request.options.timeoutSeconds = server.sizer.timeoutSeconds
        request.options.responseLimitBytes = responseLimitBytes
        request.headers.append(("Content-Type", "application/x-ndjson"))
        request.body = body
        if let level = settings.compressionLevel {
            do {
                request.body = try body.compressed(level: level)
            } catch {
                throw .unusable("\(error)")
            }
            request.headers.append(("Content-Encoding", "gzip"))
        }
        do throws(HTTPError) {
            return try await client.send(request)
        } catch .reset(_, _) where (request.body?.byteCount ?? 0) > Self.expectsContinueFromBytes {
            // A server that finds a body too large closes the connection while it is being sent, and its 413 is lost.
            request.expectsContinue = true
            return try await client.send(request)
        }
    }

    private func request(_ method: HTTPRequest.Method, _ host: ElasticsearchHost, _ path: String) -> HTTPRequest {
        var request = HTTPRequest(method, host.baseURL + path, options: settings.http)
        request.options.user = host.user
        request.options.password = host.password
        request.headers = headers
        return request
    }

    func describe(_ error: HTTPError, _ host: ElasticsearchHost) -> String {
        pool.count > 1 ? "\(host.baseURL): \(error)" : "\(error)"
    }

    // MARK: - What the server is

    /// nil: it answers, but is not ready.
    private func ask(_ host: ElasticsearchHost) async throws(HTTPError) -> (BulkDialect, String)? {
        var request = request(.get, host, "/")
        request.options.responseLimitBytes = 1 << 20
        let response = try await client.send(request)
        if response.status == 429 || response.status >= 500 { return nil }
        if let version = ServerVersion(response.body) {
            return (version.dialect(settings), version.description)
        }
        // A proxy, or an account that may write but not look: go on as with a present-day server; a server that wants
        // something else says so in its first answer.
        log.warn(
            "cannot tell the server's version, assuming a present-day one",
            ["host": host.baseURL, "status": response.status])
        return (ServerVersion(major: 8).dialect(settings), "a server of unknown version")
    }

    /// The other spelling, when a whole request was refused because of `_type`.
    private func adapted(_ dialect: BulkDialect, _ reason: String) -> BulkDialect? {
        var other = dialect
        if dialect.type == nil && reason.contains("type is missing") {
            other.type = settings.typeName ?? ServerVersion.defaultType
        } else if dialect.type != nil && reason.contains("unknown parameter [_type]") {
            other.type = nil
        } else {
            return nil
        }
        return other
    }

    // MARK: - What the answer means

    func judge(_ response: HTTPResponse, _ chunk: LoadedChunk, _ sent: ItemSet) -> BulkJudgement {
        let items = Array(sent)
        var judgement = BulkJudgement()
        do throws(BulkResponseError) {
            try BulkResponse.scan(response.body, sent: items.count) { place, answer in
                guard place < items.count else { return }
                // Nearly all of them, a million a second: nothing is decoded.
                if !answer.hasError, let status = answer.status, (200..<300).contains(status) { return }
                let item = items[place]
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

    /// How many fields were sent again under another name.
    package var renamedFieldCount: Int { renames.count }
}
