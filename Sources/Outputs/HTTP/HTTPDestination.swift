package import Events
package import HTTPClient
package import Logging
internal import Synchronization
internal import Time

/// Sends chunks to a service that speaks HTTP, in requests as large as it takes, and says of every item what became of it.
package final class HTTPDestination<Service: HTTPService>: Destination {
    private let service: Service
    private let client: HTTPClient
    private let signer: AWSSigner?
    private let log: Log
    private let now: @Sendable () -> Double
    private let sizer: Mutex<RequestSizer>
    package let requests: RequestMeter? = RequestMeter()
    /// Bodies from this size on are worth a second try that asks first, when the connection broke while they were sent.
    private var expectsContinueFromBytes: Int { 1 << 20 }

    /// `timeoutSeconds`: of one request; `now`: seconds of a clock that never jumps.
    package init(
        _ service: Service, client: HTTPClient, signer: AWSSigner? = nil, timeoutSeconds: Double,
        log: Log = .discarding, now: @escaping @Sendable () -> Double = { Double(Clock.monotonicMilliseconds()) / 1000 }
    ) {
        self.service = service
        self.client = client
        self.signer = signer
        self.log = log
        self.now = now
        sizer = Mutex(
            RequestSizer(
                RequestSizer.Settings(largestBytes: service.sizing.largestBytes, timeoutSeconds: timeoutSeconds)))
    }

    package var name: String { service.name }

    package func deliver(_ chunk: LoadedChunk, items: ItemSet) async -> DeliveryOutcome {
        var whole = CombinedOutcome(items)
        guard let parts = PlacedItems.grouped(items, of: chunk, by: service) else {
            return .retry(reason: Refusal(.storage, "an event cannot be read back from its chunk"), after: nil)
        }
        for part in parts where !whole.isStopped {
            var groups = RequestGroups(part.items)
            while let group = groups.next(
                limitBytes: limits.bytes, limitDocuments: limits.items, size: { bytes(of: $0, chunk) })
            {
                let bytes = group.reduce(0) { $0 + self.bytes(of: $1, chunk) }
                let outcome = await deliver(group, of: chunk, at: part.place, bytes: bytes)
                let isSmall = group.count == 1 && bytes < RequestSizer.Settings.smallestBytes
                groups.note(outcome, for: group, isSmall: isSmall)
            }
            whole.note(groups.outcome, for: part.items)
        }
        return whole.outcome
    }

    private var limits: (bytes: Int, items: Int) {
        let sizing = service.sizing
        guard sizing.followsPace else { return (sizing.largestBytes ?? .max, sizing.largestItems) }
        return sizer.withLock { ($0.limitBytes, min($0.limitDocuments, sizing.largestItems)) }
    }

    private func bytes(of item: Int, _ chunk: LoadedChunk) -> Int {
        Int(chunk.item(item).source.length) + service.bytesPerItem
    }

    private func deliver(
        _ items: ItemSet, of chunk: LoadedChunk, at place: Service.Place, bytes: Int
    ) async -> DeliveryOutcome {
        let start = now()
        do throws(HTTPError) {
            var exchange = try service.exchange(items, of: chunk, at: place)
            var answer: HTTPResponse?
            while true {
                let step: HTTPStep
                do throws(HTTPError) {
                    step = try exchange.next(after: answer)
                } catch {
                    exchange.abandon()
                    throw error
                }
                switch step {
                case .end(let outcome):
                    note(outcome, items.count, bytes, seconds: now() - start)
                    return outcome
                case .send(let request):
                    do throws(HTTPError) {
                        answer = try await send(request)
                    } catch {
                        exchange.abandon()
                        throw error
                    }
                }
            }
        } catch {
            return failed(error, items.count, bytes)
        }
    }

    private func note(_ outcome: DeliveryOutcome, _ items: Int, _ bytes: Int, seconds: Double) {
        guard service.sizing.followsPace else { return }
        if case .tooLarge = outcome {
            sizer.withLock { $0.refused(bytes: bytes) }
        } else {
            let pace = sizer.withLock { $0.answered(bytes: bytes, documents: items, seconds: seconds) }
            if let pace { log.info("the server \(pace)", ["url": name]) }
        }
    }

    private func failed(_ error: HTTPError, _ items: Int, _ bytes: Int) -> DeliveryOutcome {
        switch error {
        case .cancelled: return .retry(reason: Refusal(.stopping, "\(error)"), after: nil)
        case .timeout:
            sizer.withLock { $0.timedOut(bytes: bytes, documents: items) }
            return .retry(
                reason: Refusal(.timeout, "\(error); perhaps it was taken all the same, and comes twice"), after: nil)
        case .responseTooLarge: return .retry(reason: Refusal(.unclear, "\(error)"), after: nil)
        case .unreachable, .tls, .reset, .unusable:
            return .retry(reason: Refusal(.unreachable, "\(error)"), after: nil)
        }
    }

    private func send(_ made: HTTPRequest) async throws(HTTPError) -> HTTPResponse {
        var request = made
        if service.sizing.followsPace { request.options.timeoutSeconds = sizer.withLock { $0.timeoutSeconds } }
        // Proxies change it, so it is not signed.
        if signer == nil { request.headers.append(("User-Agent", "sluice")) }
        // The answer to a request of ours is a few words, or one for each item.
        request.options.responseLimitBytes = 16 << 20
        if let signer { try await signer.sign(&request) }
        requests?.sent(request.body?.byteCount ?? 0)
        let response: HTTPResponse
        do throws(HTTPError) {
            response = try await client.send(request)
        } catch .reset(_, _) where (request.body?.byteCount ?? 0) > expectsContinueFromBytes {
            // A server that finds a body too large closes the connection while it is being sent, and its 413 is lost.
            request.expectsContinue = true
            response = try await client.send(request)
        }
        signer?.note(response)
        return response
    }
}
