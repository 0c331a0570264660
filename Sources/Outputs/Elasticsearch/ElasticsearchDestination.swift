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
    let settings: ElasticsearchSettings
    private let client: HTTPClient
    private let signer: AWSSigner?
    let pool: ServerPool
    let log: Log
    let gate: SetupGate
    private let forms: BulkForms
    let isSetUpPerIndex: Bool
    let isSetUpPerTag: Bool
    private let headers: [(name: String, value: String)]
    let now: @Sendable () -> Double
    let renames = FieldRenames()
    package let requests: RequestMeter? = RequestMeter()
    /// Bodies from this size on are worth a second try that asks first, when the connection broke while they were sent.
    private static let expectsContinueFromBytes = 1 << 20

    /// - Parameters:
    ///   - signer: signs each request, for Amazon's service.
    ///   - now: seconds of a clock that never jumps.
    package init(
        _ settings: ElasticsearchSettings, client: HTTPClient, signer: AWSSigner? = nil, forms: BulkForms = BulkForms(),
        log: Log = .discarding,
        now: @escaping @Sendable () -> Double = { Double(Time.Clock.monotonicMilliseconds()) / 1000 }
    ) {
        self.settings = settings
        (self.client, self.signer) = (client, signer)
        self.forms = forms
        self.log = log
        self.now = now
        (isSetUpPerIndex, isSetUpPerTag) = (settings.setup.isPerIndex, settings.setup.isPerTag)
        gate = SetupGate(
            againAfterSeconds: settings.setup.againAfterSeconds, attemptLimit: settings.setup.attemptLimit)
        let assumed = settings.assumedMajorVersion.map {
            ServerVersion(major: $0, isOpenSearch: settings.product == .openSearch).dialect(settings)
        }
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
        guard settings.includesIndexInURL || isSetUpPerIndex || isSetUpPerTag else {
            return await deliver(part: items, of: chunk)
        }
        var whole = CombinedOutcome(items)
        for part in BulkParts(chunk, items, byTag: isSetUpPerTag).parts where !whole.isStopped {
            whole.note(await deliver(part: part, of: chunk), for: part)
        }
        return whole.outcome
    }

    /// Items of which each request may hold any.
    private func deliver(part items: ItemSet, of chunk: LoadedChunk) async -> DeliveryOutcome {
        var groups = RequestGroups(items)
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
        switch await learn(index, server) {
        case .away(let reason): return .next(reason)
        case .known(let dialect):
            switch await setUp(target(of: items, in: chunk), server.host, dialect) {
            case .ready: break
            case .refused(let reason): return .outcome(.retry(reason: reason, after: nil))
            case .cancelled: return .outcome(.retry(reason: Refusal(.stopping, "cancelled"), after: nil))
            case .away(let reason):
                pool.markDead(index, at: now(), forget: true)
                return .next(reason)
            }
            var indices: [Int: [UInt8]] = [:]
            if settings.hasIndexAffinity {
                switch await indicesOfDocuments(items, in: chunk, server.host) {
                case .success(let found): indices = found
                case .failure(let failure): return .outcome(.retry(reason: failure.refusal, after: nil))
                }
            }
            return await send(index, server, dialect, chunk, items, indices, mayAdapt: true)
        }
    }

    enum Knowledge {
        case known(BulkDialect)
        case away(String)
    }

    /// How a server is spoken to: as is known, or as it says now.
    func learn(_ index: Int, _ server: ServerPool.Server) async -> Knowledge {
        if let known = server.dialect { return .known(known) }
        do throws(HTTPError) {
            guard let (found, text) = try await ask(server.host) else {
                pool.markDead(index, at: now(), forget: true)
                return .away("\(server.host.baseURL) is not ready")
            }
            // Several workers may have asked at once.
            if pool.know(index, found) { log.info("found \(text)", ["host": server.host.baseURL]) }
            return .known(found)
        } catch {
            pool.markDead(index, at: now(), forget: true)
            return .away(describe(error, server.host))
        }
    }

    private func send(
        _ index: Int, _ server: ServerPool.Server, _ dialect: BulkDialect, _ chunk: LoadedChunk, _ items: ItemSet,
        _ indices: [Int: [UInt8]], mayAdapt: Bool
    ) async -> Attempt {
        forms.note(dialect)
        let isFramed = indices.isEmpty && forms.dialect(chunk.body.form) == dialect
        let body =
            isFramed
            ? BulkBody(framed: chunk, items: items) : BulkBody(chunk, items: items, dialect, indices: indices)
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
                return await send(index, server, other, chunk, items, indices, mayAdapt: false)
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
        let index = body.urlIndex.map { "/" + SetupTarget.percentEncoded(String(decoding: $0, as: UTF8.self)) } ?? ""
        var request = request(.post, server.host, index + "/_bulk?filter_path=errors,items.*.status,items.*.error")
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
        requests?.sent(request.body?.byteCount ?? 0)
        do throws(HTTPError) {
            return try await send(request)
        } catch .reset(_, _) where (request.body?.byteCount ?? 0) > Self.expectsContinueFromBytes {
            // A server that finds a body too large closes the connection while it is being sent, and its 413 is lost.
            request.expectsContinue = true
            return try await send(request)
        }
    }

    func request(_ method: HTTPRequest.Method, _ host: ElasticsearchHost, _ path: String) -> HTTPRequest {
        var request = HTTPRequest(method, host.baseURL + path, options: settings.http)
        request.options.user = host.user
        request.options.password = host.password
        request.headers = headers
        return request
    }

    func send(_ request: HTTPRequest) async throws(HTTPError) -> HTTPResponse {
        guard let signer else { return try await client.send(request) }
        var signed = request
        try await signer.sign(&signed)
        let response = try await client.send(signed)
        signer.note(response)
        return response
    }

    func describe(_ error: HTTPError, _ host: ElasticsearchHost) -> String {
        pool.count > 1 ? "\(host.baseURL): \(error)" : "\(error)"
    }

    /// How many fields were sent again under another name.
    package var renamedFieldCount: Int { renames.count }
}
