import Events
import HTTPClient
import Outputs
import TestSupport

/// What a service asks for and ends with when it is given these answers, without sockets.
struct Conversation {
    var requests: [HTTPRequest] = []
    /// nil: it asks for more than it was answered.
    var outcome: DeliveryOutcome?

    init<Service: HTTPService>(
        _ service: Service, _ chunk: LoadedChunk, items: ItemSet? = nil, _ answers: [HTTPResponse]
    )
        throws
    {
        let items = items ?? chunk.allItems
        let first = items.first ?? 0
        let label = chunk.itemLabel(of: first) ?? ItemLabel()
        let place = service.place(
            label, tag: chunk.tag(of: first), time: chunk.item(first).time, chunk: chunk.id)
        var exchange = try service.exchange(items, of: chunk, at: place)
        var answer: HTTPResponse?
        let following: [HTTPResponse?] = answers.map { $0 } + [nil]
        for next in following {
            switch try exchange.next(after: answer) {
            case .send(let request): requests.append(request)
            case .end(let outcome):
                self.outcome = outcome
                return
            }
            answer = next
        }
        exchange.abandon()
    }

    /// `PUT http://name/path?query`
    var lines: [String] { requests.map { "\($0.method.rawValue) \($0.url)" } }
    var bodies: [String] {
        requests.map { String(decoding: ($0.body as? BytesBody)?.bytes.array() ?? [], as: UTF8.self) }
    }

    func header(_ name: String, of number: Int = 0) -> String? {
        requests[number].headers.last { $0.name.lowercased() == name.lowercased() }?.value
    }
}

func answer(_ status: Int, _ body: String = "", after seconds: Double? = nil) -> HTTPResponse {
    HTTPResponse(status: status, body: ByteBuffer(Array(body.utf8)), retryAfterSeconds: seconds)
}

/// A chunk of records given as JSON, a second apart.
func items<Writer: ItemWriter>(
    _ writer: Writer, _ lines: [String], tag: String = "app.web", id: String = "c1", seconds: Int64 = 1_715_000_000
) throws -> LoadedChunk {
    var batch = SampleBatch(tag)
    for (number, line) in lines.enumerated() {
        try batch.add(line, EventTime(seconds: seconds + Int64(number), nanoseconds: 500_000_000))
    }
    return batch.format(with: ItemFormatter(writer), id: id)
}

/// Why records are refused when they are written.
func refusals<Writer: ItemWriter>(_ writer: Writer, _ lines: [String], tag: String = "app.web") throws -> [String] {
    var batch = SampleBatch(tag)
    for line in lines { try batch.add(line) }
    _ = batch.format(with: ItemFormatter(writer))
    return batch.rows.rejections.map(\.reason)
}
