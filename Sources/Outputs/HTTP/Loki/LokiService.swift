package import Events
package import HTTPClient

/// Pushes entries to Loki, those of one stream together and in the order of their times.
///
/// Sources: "Loki HTTP API", `POST /loki/api/v1/push`; Loki's manual on refused entries ("Troubleshooting log ingestion"). An
/// entry that Loki has already, with time, labels and line the same, it takes for one: what is sent again is not there twice.
package struct LokiService: HTTPService {
    /// What chunks in files are marked with. To be counted up with every change of what an item or a label looks like.
    package static let format = "loki-1"

    private let settings: LokiSettings

    package init(_ settings: LokiSettings) { self.settings = settings }

    package var name: String { settings.url }
    package var sizing: RequestSizing { RequestSizing(largestBytes: 4 << 20) }
    package var bytesPerItem: Int { 1 }

    /// The tenant.
    package func place(_ label: ItemLabel, tag: Tag, time: EventTime, chunk: String) -> [UInt8] {
        label.fields.count > 1 ? label.fields[1] : []
    }

    package func exchange(
        _ items: ItemSet, of chunk: LoadedChunk, at tenant: [UInt8]
    ) throws(HTTPError) -> any HTTPExchange {
        var request = HTTPRequest(.post, settings.url + "/loki/api/v1/push", options: settings.http)
        request.headers = settings.headers + [("Content-Type", "application/json")]
        if !tenant.isEmpty { request.headers.append(("X-Scope-OrgID", String(decoding: tenant, as: UTF8.self))) }
        if let file = settings.bearerTokenFile {
            guard let token = SmallFile.firstLine(of: file) else { throw .unusable("cannot read '\(file)'") }
            request.headers.append(("Authorization", "Bearer \(token)"))
        }
        if settings.isCompressed { request.headers.append(("Content-Encoding", "gzip")) }
        request.body = try body(items, chunk)
        let sent = items
        return SingleExchange(request) { Self.judge($0, sent) }
    }

    /// `{"streams":[{"stream":{"app":"shop"},"values":[["1570818238000000000","line"],…]},…]}`
    private func body(_ items: ItemSet, _ chunk: LoadedChunk) throws(HTTPError) -> BytesBody {
        var streams: [(labels: [UInt8], entries: [(time: EventTime, slice: Slice)])] = []
        var numbers: [[UInt8]: Int] = [:]
        var last: (label: UInt32, number: Int)?
        var size = 32
        for item in items {
            let entry = chunk.item(item)
            let slice = try RequestBody.slice(of: item, chunk)
            size += Int(slice.length) + 1
            if last?.label != entry.label {
                let labels = chunk.itemLabel(of: item)?.fields.first ?? Array("{}".utf8)
                let number = numbers[labels] ?? streams.count
                if number == streams.count {
                    numbers[labels] = number
                    streams.append((labels, []))
                    size += labels.count + 32
                }
                last = (entry.label, number)
            }
            if let last { streams[last.number].entries.append((entry.time, slice)) }
        }
        return try RequestBody.make(capacity: size, compresses: settings.isCompressed) { out in
            out.append("{\"streams\":[")
            for (number, stream) in streams.enumerated() {
                out.append(number == 0 ? "{\"stream\":" : ",{\"stream\":")
                out.append(stream.labels)
                out.append(",\"values\":[")
                // Swift's sort is stable: entries of one time keep their order.
                let sorted = stream.entries.sorted { $0.time.isBefore($1.time) }
                for (place, entry) in sorted.enumerated() {
                    if place > 0 { out.append(UInt8(ascii: ",")) }
                    out.append(entry.slice, of: chunk.body.bytes)
                }
                out.append("]}")
            }
            out.append("]}")
        }
    }

    /// Loki takes the entries that it likes and answers 400 with words about the others. Where the words say that it liked
    /// none of these, they are refused; else halves are sent again, and what it has already it leaves out.
    package static func judge(_ response: HTTPResponse, _ items: ItemSet) -> DeliveryOutcome {
        let words = response.firstWords(600)
        let verdict = StatusVerdict(response, said: words) { status in
            switch status {
            case 401, 403: "are username, password and tenant right?"
            case 404: "is 'url' Loki's address, without /loki/api/v1/push?"
            default: nil
            }
        }
        guard case .refused(let reason) = verdict, items.count == 1 || ignoredAll(words, of: items.count) else {
            return verdict.outcome
        }
        return .partial(
            retry: [], reason: reason,
            rejected: items.map {
                RejectedItem(
                    item: $0, status: response.status, type: "entry_refused", reason: reason.sentence,
                    subject: kind(words))
            })
    }

    /// Entries refused for one cause are told of once.
    private static func kind(_ words: String) -> String {
        ["out of order", "too far behind", "too old", "too new", "max entry size", "label"].first { words.holds($0) }
            ?? ""
    }

    /// `… total ignored: 3 out of 3 for stream: {…}`, for every stream that was sent.
    static func ignoredAll(_ words: String, of count: Int) -> Bool {
        var total = 0
        var rest = words[...]
        while let mark = rest.firstRange(of: "total ignored: ") {
            rest = rest[mark.upperBound...]
            let numbers = rest.split(separator: " ", maxSplits: 4)
            guard numbers.count > 3, let ignored = Int(numbers[0]), let all = Int(numbers[3]), ignored == all else {
                return false
            }
            total += all
        }
        return total == count
    }

    /// What would be sent for a chunk's first event, for people.
    package func preview(_ chunk: LoadedChunk) -> (stream: String, entry: String)? {
        guard let item = chunk.allItems.first, let label = chunk.itemLabel(of: item), let stream = label.fields.first,
            let slice = try? RequestBody.slice(of: item, chunk)
        else { return nil }
        return (String(decoding: stream, as: UTF8.self), chunk.body.bytes.text(slice))
    }
}
