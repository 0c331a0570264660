internal import Events
internal import HTTPClient
internal import Logging

/// What is done at a server before documents go there: templates, lifecycle policies, aliases, data streams.
extension ElasticsearchDestination {
    /// Sets up what is the same for all events, when the output starts. A server that is away is no error: the first chunk
    /// tries again, and waits until it is done.
    package func prepare() async {
        guard !settings.setup.isEmpty, !isSetUpPerIndex, !isSetUpPerTag else { return }
        let (index, server) = pool.pick(at: now())
        var outcome: SetupOutcome
        switch await learn(index, server) {
        case .away(let reason): outcome = .away(reason)
        case .known(let dialect): outcome = await setUp(SetupTarget(), server.host, dialect)
        }
        let reason: String
        switch outcome {
        case .ready, .cancelled: return
        case .refused(let refusal): reason = refusal.sentence
        case .away(let words): reason = words
        }
        log.warn(
            "the server cannot be set up yet; it is tried again before the first documents go there",
            ["host": server.host.baseURL, "reason": reason])
    }

    /// What a group of items needs: all of them go to one index where that makes a difference.
    func target(of items: ItemSet, in chunk: LoadedChunk) -> SetupTarget {
        guard isSetUpPerIndex || isSetUpPerTag, let first = items.first else { return SetupTarget() }
        let label = BulkLabel(bytes: chunk.body.labels[Int(chunk.item(first).label)])
        return settings.setup.target(
            index: isSetUpPerIndex ? String(decoding: label?.index ?? [], as: UTF8.self) : "",
            tag: isSetUpPerTag ? chunk.tag(of: first).text : "")
    }

    func setUp(_ target: SetupTarget, _ host: ElasticsearchHost, _ dialect: BulkDialect) async -> SetupOutcome {
        if settings.setup.isEmpty { return .ready }
        return await gate.pass(target, at: now()) { refusal in
            log.error(
                "documents go on without what they should find", ["host": host.baseURL, "reason": refusal.sentence])
        } _: {
            await self.carryOut(target, host, dialect)
        }
    }

    private func carryOut(
        _ target: SetupTarget, _ host: ElasticsearchHost, _ dialect: BulkDialect
    ) async -> SetupOutcome {
        var progress = SetupProgress(settings.setup.steps(for: target), hasLifecycles: dialect.hasLifecycles)
        while let request = progress.request {
            do throws(HTTPError) {
                if let refusal = progress.take(try await answer(to: request, host)) { return .refused(refusal) }
            } catch .cancelled {
                return .cancelled
            } catch {
                return .away(describe(error, host))
            }
        }
        for what in progress.made { log.info("set up \(what)", ["host": host.baseURL]) }
        if !progress.leftOut.isEmpty {
            log.warn(
                "the server has no index lifecycles, so that nothing rolls over or is deleted by itself; "
                    + "OpenSearch does it with Index State Management",
                ["host": host.baseURL, "left out": progress.leftOut.joined(separator: ", ")])
        }
        return .ready
    }

    private func answer(to setup: SetupRequest, _ host: ElasticsearchHost) async throws(HTTPError) -> SetupAnswer {
        var request = request(setup.method, host, setup.path)
        request.options.responseLimitBytes = 16 << 20
        if let body = setup.body {
            var bytes = ByteBuffer(capacity: body.utf8.count)
            bytes.append(body)
            request.body = BytesBody(bytes)
            request.headers.append(("Content-Type", "application/json"))
        }
        let response = try await send(request)
        guard let error = ServerError.whole(response.body, status: response.status) else {
            return SetupAnswer(status: response.status, reason: response.firstWords(300))
        }
        let words = [error.reason, error.causeReason].map { response.body.decoded($0) }.filter { !$0.isEmpty }
        return SetupAnswer(
            status: response.status, type: response.body.decoded(error.type), reason: words.joined(separator: ": "))
    }
}
