package import Events
package import HTTPClient

/// Sends events to Splunk's HTTP Event Collector.
///
/// Sources: Splunk's "HTTP Event Collector REST API endpoints" and "Troubleshoot HTTP Event Collector" (possible error
/// codes). An answer that names one event as invalid refuses that one, and the others are sent again at once: the manual does
/// not say whether those in front of it were kept.
package struct SplunkService: HTTPService {
    /// What chunks in files are marked with. To be counted up with every change of what an item or a label looks like.
    package static let format = "splunk-1"

    private let settings: SplunkSettings

    package init(_ settings: SplunkSettings) { self.settings = settings }

    package var name: String { settings.url }
    package var sizing: RequestSizing { RequestSizing(largestBytes: 4 << 20) }
    package var bytesPerItem: Int { 0 }

    package func place(_ label: ItemLabel, tag: Tag, time: EventTime, chunk: String) -> Bool { true }

    package func exchange(
        _ items: ItemSet, of chunk: LoadedChunk, at place: Bool
    ) throws(HTTPError) -> any HTTPExchange {
        SplunkExchange(items, of: chunk, settings)
    }

    /// What would be sent for a chunk's first event, for people.
    package func preview(_ chunk: LoadedChunk) -> String? { RequestBody.preview(chunk) }
}

/// One batch, less the events that are refused by their number.
package struct SplunkExchange: HTTPExchange {
    /// How many events one batch may lose before the rest waits.
    static let maximumRefusals = 64

    private let all: ItemSet
    private let chunk: LoadedChunk
    private let settings: SplunkSettings
    private var left: ItemSet
    private var refused: [RejectedItem] = []

    package init(_ items: ItemSet, of chunk: LoadedChunk, _ settings: SplunkSettings) {
        all = items
        left = items
        self.chunk = chunk
        self.settings = settings
    }

    package mutating func next(after answer: HTTPResponse?) throws(HTTPError) -> HTTPStep {
        guard let answer else { return .send(try request()) }
        let answered = SplunkAnswer(answer.body)
        let verdict = StatusVerdict(answer, said: answered.map(\.words)) { _ in answered?.advice }
        switch verdict {
        case .delivered:
            return .end(
                refused.isEmpty ? .delivered : .partial(retry: [], reason: Refusal(.busy, ""), rejected: refused))
        case .refused(let reason):
            guard let answered, answered.concernsEvents(indexIsFields: indexIsField) else {
                return .end(
                    later(answered == nil ? Refusal(.unclear, reason.sentence) : Refusal(.blocked, reason.sentence)))
            }
            guard
                let item = try answered.eventNumber.flatMap({ (number) throws(HTTPError) in try item(ofEvent: number) })
            else { return .end(refused.isEmpty ? .rejected(reason: reason) : later(reason)) }
            refused.append(
                RejectedItem(
                    item: item, status: answer.status, type: "code_\(answered.code)", reason: reason.sentence,
                    subject: "\(answered.code)"))
            left = left.subtracting([item])
            if left.isEmpty { return .end(.partial(retry: [], reason: reason, rejected: refused)) }
            if refused.count >= Self.maximumRefusals { return .end(later(reason)) }
            return .send(try request())
        case .retry(let reason, let after):
            return .end(refused.isEmpty ? .retry(reason: reason, after: after) : later(reason))
        case .tooLarge(let reason):
            return .end(refused.isEmpty ? .tooLarge(reason: reason) : later(reason))
        }
    }

    private func later(_ reason: Refusal) -> DeliveryOutcome {
        refused.isEmpty
            ? .retry(reason: reason, after: nil) : .partial(retry: left, reason: reason, rejected: refused)
    }

    private var indexIsField: Bool { if case .field? = settings.index { true } else { false } }

    private func request() throws(HTTPError) -> HTTPRequest {
        var request = HTTPRequest(.post, settings.url + "/services/collector", options: settings.http)
        request.headers =
            settings.headers + [
                ("Authorization", "Splunk \(settings.token)"), ("Content-Type", "application/json"),
            ]
        if settings.isCompressed { request.headers.append(("Content-Encoding", "gzip")) }
        request.body = try RequestBody.joined(left, of: chunk, compresses: settings.isCompressed)
        return request
    }

    /// An item is a line for each event or metric of it.
    private func item(ofEvent number: Int) throws(HTTPError) -> Int? {
        var before = 0
        for item in left {
            let slice = try RequestBody.slice(of: item, chunk)
            for place in Int(slice.offset)..<slice.end where chunk.body.bytes[place] == 0x0A { before += 1 }
            if number < before { return item }
        }
        return nil
    }
}

/// `{"text":"Invalid data format","code":6,"invalid-event-number":2}`
struct SplunkAnswer: Equatable {
    var code = -1
    var text = ""
    /// Counted from 0.
    var eventNumber: Int?

    init?(_ body: borrowing ByteBuffer) {
        guard let object = AnswerObject(body), let code = object.int("code") else { return nil }
        self.code = code
        text = object.text("text") ?? ""
        eventNumber = object.int("invalid-event-number")
    }

    var words: String { "\(text) (code \(code))" }

    /// Whether the events themselves are the reason. `indexIsFields`: the index is an event's own word.
    func concernsEvents(indexIsFields: Bool) -> Bool {
        switch code {
        case 5, 6, 12, 13, 15: true
        case 7: indexIsFields
        default: false
        }
    }

    var advice: String? {
        switch code {
        case 1: "the token is disabled in Splunk"
        case 2, 3, 4: "is 'hec_token' right?"
        case 7: "the token may not write to this index, or there is none of that name"
        case 10, 11, 14: "the token wants acknowledgements by a channel; turn 'Enable indexer acknowledgement' off"
        default: nil
        }
    }
}
