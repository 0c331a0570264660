internal import EventLoop
internal import Events
package import HTTPServer
internal import Logging

extension HTTPInput: HTTPHandler {
    package func admits() -> Bool {
        guard phase == .reading, !isRetired else { return false }
        guard let full = budget.take(descriptors: descriptors) else {
            meter?.connected()
            return true
        }
        log.limited(
            .warn, kind: "full",
            "\(full.limit) connections are open, which is the limit; a client was turned away: \(full.advice)")
        return false
    }

    package func left(_ client: HTTPClient) {
        fullClients[ObjectIdentifier(client)] = nil
        budget.giveBack(descriptors: descriptors)
        meter?.disconnected()
    }

    /// Of one client.
    private var descriptors: Int { HTTPServer.descriptorsOfClient(withTLS: settings.tls != nil) }

    package func failed(_ reason: String, _ client: HTTPClient?) {
        log.limited(
            .warn, kind: "connection", subject: ["client": client?.peer?.host ?? ""], reason,
            ["peer": client?.peer?.description ?? ""])
    }

    package func began(_ exchange: HTTPExchange) {
        if let cors = settings.options.cors, exchange.method != "OPTIONS",
            cors.answer(to: exchange.header("Origin")) == nil
        {
            return exchange.respond(403, [("Content-Type", "text/plain")])
        }
        switch exchange.method {
        case "POST", "PUT", "GET": break
        case "OPTIONS": return preflight(exchange)
        default: return refuse(exchange, HTTPRefusal(400, "events come with POST or PUT"))
        }
        if let length = exchange.header("Content-Length").flatMap({ Int($0) }), length > settings.options.bodyBytes {
            return refuse(exchange, tooLarge)
        }
        if isHeld(exchange.client) { hold(exchange) }
    }

    private var tooLarge: HTTPRefusal {
        HTTPRefusal(
            413, "a body of more than \(settings.options.bodyBytes) bytes; raise body_size_limit if this is wanted")
    }

    private func hold(_ exchange: HTTPExchange) {
        exchange.wait()
        held.append(exchange)
    }

    private func preflight(_ exchange: HTTPExchange) {
        guard let cors = settings.options.cors, let allowed = cors.answer(to: exchange.header("Origin")),
            exchange.header("Access-Control-Request-Method") != nil
        else { return exchange.respond(403, [("Content-Type", "text/plain")]) }
        var headers = [("Content-Type", "text/plain")] + cors.headers(for: allowed)
        headers.append(("Access-Control-Allow-Methods", "POST"))
        headers.append(("Access-Control-Allow-Headers", exchange.header("Access-Control-Request-Headers") ?? ""))
        exchange.respond(200, headers)
    }

    package func takes(_ bytes: Int, of exchange: HTTPExchange) -> BodyDecision {
        let limit = settings.options.bodyBytes
        if exchange.droppedBytes > 0 || exchange.body.count + bytes > limit {
            // The rest is heard, so that the client hears the answer; but not for ever.
            exchange.droppedBytes += bytes
            return exchange.droppedBytes > max(limit, Self.leastDroppedBytes) ? .hangUp : .drop
        }
        guard bodies.takes(bytes, of: exchange) else { return .wait }
        meter?.received(bytes)
        return .take
    }

    package func ended(_ exchange: HTTPExchange) {
        if exchange.droppedBytes > 0 {
            exchange.closesAfterAnswer = true
            return refuse(exchange, tooLarge)
        }
        // A rest or a stop may have begun while the body came.
        guard phase == .reading, !isResting else { return held.append(exchange) }
        take(exchange)
    }

    package func finished(_ exchange: HTTPExchange) {
        bodies.giveBack(exchange.body.count, of: exchange)
        held.removeAll { $0 === exchange }
    }
}

/// An answer that waits for a receipt.
///
/// Safety: what it holds is touched on the input's loop alone.
final class LaterAnswer: @unchecked Sendable {
    private let exchange: HTTPExchange
    private weak var input: HTTPInput?

    init(_ exchange: HTTPExchange, _ input: HTTPInput) { (self.exchange, self.input) = (exchange, input) }

    func settled(_ fate: Receipt.Fate, of moment: Receipt.Moment) {
        let isReached = fate == .refused || fate == .delivered || fate == .safe && moment == .safe
        if isReached {
            input?.answer(exchange)
        } else {
            input?.refuse(exchange, HTTPRefusal(503, "the events could not be kept"))
        }
    }
}
