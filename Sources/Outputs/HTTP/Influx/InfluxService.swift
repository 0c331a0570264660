package import Events
package import HTTPClient

/// Writes points to InfluxDB.
///
/// Source: "Troubleshoot issues writing data". A write that is refused for some of
/// its points (400, 422) has kept the others; a point that comes twice is one point, so halves are sent again until those
/// that are to blame stand alone.
package struct InfluxService: HTTPService {
    /// What chunks in files are marked with. To be counted up with every change of what an item or a label looks like.
    package static let format = "influx-1"

    private let settings: InfluxSettings

    package init(_ settings: InfluxSettings) { self.settings = settings }

    package var name: String { settings.url }
    package var sizing: RequestSizing { RequestSizing(largestBytes: 4 << 20) }
    package var bytesPerItem: Int { 0 }

    package func place(_ label: ItemLabel, tag: Tag, time: EventTime, chunk: String) -> Bool { true }

    package func exchange(
        _ items: ItemSet, of chunk: LoadedChunk, at place: Bool
    ) throws(HTTPError) -> any HTTPExchange {
        var request = HTTPRequest(
            .post, settings.url + settings.store.target(settings.precision), options: settings.http)
        request.headers = [
            ("Authorization", settings.store.authorization), ("Content-Type", "text/plain; charset=utf-8"),
        ]
        if settings.isCompressed { request.headers.append(("Content-Encoding", "gzip")) }
        request.body = try RequestBody.joined(items, of: chunk, compresses: settings.isCompressed)
        return SingleExchange(request) { [store = settings.store] in Self.judge($0, store).outcome }
    }

    /// `{"code":"invalid","message":"…"}` of version 2, `{"error":"…"}` of version 1.
    package static func judge(_ response: HTTPResponse, _ store: InfluxStore) -> StatusVerdict {
        let object = AnswerObject(response.body)
        let said = (object?.text("message") ?? object?.text("error")).map { $0.prefixWords(300) }
        let verdict = StatusVerdict(response, said: said) { status in store.advice(status) }
        if case .refused(let reason) = verdict, said == nil {
            return .retry(Refusal(.unclear, reason.sentence), afterSeconds: nil)
        }
        return verdict
    }

    /// What would be sent for a chunk's first event, for people.
    package func preview(_ chunk: LoadedChunk) -> String? { RequestBody.preview(chunk) }
}
