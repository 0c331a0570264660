internal import HTTPServer

/// Memory for bodies that have not come whole, of all clients of one loop's input. When the limit is passed one request
/// goes on, whatever its size, and the others wait in their order; so the memory stays within the limit and one body.
final class BodyBudget {
    private let limitBytes: Int
    private var bytes = 0
    private weak var privileged: HTTPExchange?
    private var line: [HTTPExchange] = []

    init(limitBytes: Int) { self.limitBytes = limitBytes }

    /// Whether a piece may be kept; else its request waits for its turn.
    func takes(_ count: Int, of exchange: HTTPExchange) -> Bool {
        if bytes + count > limitBytes, exchange !== privileged {
            guard privileged == nil else {
                line.append(exchange)
                return false
            }
            privileged = exchange
        }
        bytes += count
        return true
    }

    /// A request with so many bytes is over.
    func giveBack(_ count: Int, of exchange: HTTPExchange) {
        bytes -= count
        if exchange === privileged { privileged = nil }
        line.removeAll { $0 === exchange }
        let waiting = line
        line = []
        for exchange in waiting { exchange.proceed() }
    }
}
