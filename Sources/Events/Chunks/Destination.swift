/// Where sealed chunks go. Called by flush workers; safe to call from several at once.
package protocol Destination: AnyObject, Sendable {
    /// Called once when the workers start, beside the first deliveries: what can be done before there are events. It ends
    /// soon, and what fails is done again with a delivery.
    func prepare() async
    /// Sends the named items of a chunk, in order, and says what became of them. Never throws: every failure is an answer.
    func deliver(_ chunk: LoadedChunk, items: ItemSet) async -> DeliveryOutcome
    /// Where it tells how large its requests are; nil: it sends in another way.
    var requests: RequestMeter? { get }
    /// What only it can tell of itself, in the monitor's names.
    var figures: [(name: String, value: Int)] { get }
}

extension Destination {
    package var requests: RequestMeter? { nil }
    package var figures: [(name: String, value: Int)] { [] }
}

extension Destination {
    package func prepare() async {}
}

package enum DeliveryOutcome: Sendable, Equatable {
    case delivered
    /// Some items failed: those in `retry` can succeed later, those in `rejected` never will.
    case partial(retry: ItemSet, reason: Refusal, rejected: [RejectedItem])
    /// Nothing was delivered, and it may work later. `after`: the server asked for that many seconds.
    case retry(reason: Refusal, after: Double?)
    /// The request was too large: send it in smaller parts.
    case tooLarge(reason: Refusal)
    /// Nothing was delivered and it would be in vain to try again.
    case rejected(reason: Refusal)
}

/// An item that its destination refused for good.
package struct RejectedItem: Sendable, Equatable {
    /// Number of the item in its chunk.
    package var item: Int
    package var status: Int
    /// The destination's name for the error: `mapper_parsing_exception`.
    package var type: String
    /// For the operator: what was refused, why, and what to do.
    package var reason: String
    /// What it is about, such as a field, where that is known. Refusals alike in status, type and subject are told once.
    package var subject: String
    /// Where it was to go within the destination, such as an index.
    package var index: String

    package init(item: Int, status: Int, type: String, reason: String, subject: String = "", index: String = "") {
        self.item = item
        self.index = index
        self.status = status
        self.type = type
        self.reason = reason
        self.subject = subject
    }
}
