internal import EventLoop
internal import Events
internal import HTTPServer

/// Answers what the page asks. Touched on the monitor's loop alone.
struct PageDesk {
    private let daemon: any MonitoredDaemon
    private let worker: PageWorker

    init(_ daemon: any MonitoredDaemon, _ worker: PageWorker) { (self.daemon, self.worker) = (daemon, worker) }

    /// The head of a request has come.
    func began(_ exchange: HTTPExchange, _ route: PageRoute, at endpoint: MonitorEndpoint) {
        do throws(PageRefusal) {
            try Self.access(endpoint).admit(PageAccess.Request(exchange, route))
        } catch {
            respond(exchange, PageAnswer(error))
        }
    }

    private static func access(_ endpoint: MonitorEndpoint) -> PageAccess {
        PageAccess(host: endpoint.host, token: endpoint.token, allowsReplay: endpoint.allowsReplay)
    }

    /// A piece of a body has come: kept up to the limit, then heard and forgotten for a while.
    func takes(_ bytes: Int, of exchange: HTTPExchange) -> BodyDecision {
        if exchange.droppedBytes == 0, exchange.body.count + bytes <= PageRoute.bodyBytes { return .take }
        exchange.droppedBytes += bytes
        return exchange.droppedBytes > 16 * PageRoute.bodyBytes ? .hangUp : .drop
    }

    func ended(
        _ exchange: HTTPExchange, _ route: PageRoute, _ target: HTTPTarget, at endpoint: MonitorEndpoint, on loop: Loop
    ) {
        guard exchange.droppedBytes == 0 else {
            return respond(
                exchange, PageAnswer(PageRefusal(413, "the body is longer than \(PageRoute.bodyBytes) bytes")))
        }
        switch route {
        case .file(let file): respond(exchange, PageAnswer(file))
        case .pipeline:
            let answer = PipelineAnswer(graph: daemon.graph(), report: daemon.report())
            respond(exchange, PageAnswer(json: answer.json()))
        case .tap: respond(exchange, tap(target))
        case .replay: respond(exchange, replay(exchange, Self.access(endpoint).mayReplay))
        default:
            let body = exchange.body.array()
            let pending = Pending(exchange)
            let refusal = worker.run { [self] in
                let answer = answer(route, body)
                loop.submit { respond(pending.exchange, answer) }
            }
            if let refusal { respond(exchange, PageAnswer(refusal)) }
        }
    }

    /// An exchange on its way through another thread, which does not touch it.
    private final class Pending: @unchecked Sendable {
        let exchange: HTTPExchange

        init(_ exchange: HTTPExchange) { self.exchange = exchange }
    }

    private func respond(_ exchange: HTTPExchange, _ answer: PageAnswer) {
        exchange.respond(answer.status, answer.headers, answer.body)
    }

    private func tap(_ target: HTTPTarget) -> PageAnswer {
        do throws(TapRefusal) {
            let answer = try daemon.tap(try TapQuery(target), since: target.value("since").flatMap(Int.init))
            return PageAnswer(json: answer.json())
        } catch {
            return PageAnswer(PageRefusal(400, error.sentence))
        }
    }

    private func replay(_ exchange: HTTPExchange, _ isAllowed: Bool) -> PageAnswer {
        do throws(PageRefusal) {
            if exchange.method == "POST" {
                let wish = try ReplayWish(PageQuestion(exchange.body.array()))
                if let reason = daemon.replay(wish) { throw PageRefusal(409, reason) }
            }
            return PageAnswer(json: daemon.replayState().json(isAllowed: isAllowed))
        } catch {
            return PageAnswer(error)
        }
    }

    // MARK: - On the worker's thread

    private func answer(_ route: PageRoute, _ body: [UInt8]) -> PageAnswer {
        do throws(PageRefusal) {
            switch route {
            case .patterns: return PageAnswer(json: try GrokPlayground(definitions: "").patterns())
            case .match, .explain:
                let question = try PageQuestion(body)
                let playground = try GrokPlayground(definitions: question.text("definitions", default: ""))
                let (expression, lines) = (try question.text("expression"), try question.text("lines"))
                return PageAnswer(
                    json: route == .match
                        ? try playground.match(expression, lines: lines)
                        : try playground.explain(expression, lines: lines))
            case .suggest:
                return PageAnswer(
                    json: try GrokPlayground(definitions: "").suggest(lines: try PageQuestion(body).text("lines")))
            case .check: return PageAnswer(json: daemon.check(try PageQuestion(body).text("configuration")))
            case .deadLetters: return PageAnswer(json: daemon.deadLetters())
            case .file, .pipeline, .tap, .replay: throw PageRefusal(404, "not found")
            }
        } catch {
            return PageAnswer(error)
        }
    }
}
