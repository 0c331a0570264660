package import Events
package import HTTPClient

/// What one kind of service wants to be sent and what its answers mean. A value without sockets: `HTTPDestination` sends.
package protocol HTTPService: Sendable {
    /// Where items go that can stand in one request.
    associatedtype Place: Hashable & Sendable

    /// What log lines call it: its URL, without credentials.
    var name: String { get }
    var sizing: RequestSizing { get }

    /// - Parameters:
    ///   - label: of the item, as this service's writer made it.
    ///   - chunk: by name, where that is a part of the place.
    func place(_ label: ItemLabel, tag: Tag, time: EventTime, chunk: String) -> Place

    /// Beside the bytes of an item, what it needs in a request.
    var bytesPerItem: Int { get }

    /// The requests that deliver these items, all of one place.
    func exchange(_ items: ItemSet, of chunk: LoadedChunk, at place: Place) throws(HTTPError) -> any HTTPExchange
}

/// Requests and answers until it is known what became of some items. Nearly always one of each.
package protocol HTTPExchange {
    /// What comes next: first without an answer, then after each.
    mutating func next(after answer: HTTPResponse?) throws(HTTPError) -> HTTPStep
    /// The exchange ends without an answer to what it asked for last.
    func abandon()
}

extension HTTPExchange {
    package func abandon() {}
}

package enum HTTPStep {
    case send(HTTPRequest)
    case end(DeliveryOutcome)
}

/// One request, and what its answer means.
package struct SingleExchange: HTTPExchange {
    private let request: HTTPRequest
    private let judge: (HTTPResponse) -> DeliveryOutcome

    package init(_ request: HTTPRequest, judge: @escaping (HTTPResponse) -> DeliveryOutcome) {
        self.request = request
        self.judge = judge
    }

    package mutating func next(after answer: HTTPResponse?) -> HTTPStep {
        answer.map { .end(judge($0)) } ?? .send(request)
    }
}

/// How many items one request holds.
package struct RequestSizing: Sendable {
    /// The most bytes, in what the items count; nil: as many as there are.
    package var largestBytes: Int?
    package var largestItems = Int.max
    /// Whether requests become so large as the server's pace allows (`RequestSizer`), or hold all that there is.
    package var followsPace = true

    package init(largestBytes: Int? = nil, largestItems: Int = .max, followsPace: Bool = true) {
        self.largestBytes = largestBytes
        self.largestItems = largestItems
        self.followsPace = followsPace
    }
}
