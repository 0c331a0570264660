internal import Events
internal import HTTPClient

/// `target_index_affinity`: in which index the documents are that an update is about.
extension ElasticsearchDestination {
    struct AffinityFailure: Error {
        var refusal: Refusal
    }

    /// How many documents one search is for: half of what `index.max_result_window` allows at least.
    private static let searchedAtOnce = 5000

    /// The indices of those items whose document is there. With several of one id the oldest index counts.
    func indicesOfDocuments(
        _ items: ItemSet, in chunk: LoadedChunk, _ host: ElasticsearchHost
    ) async -> Result<[Int: [UInt8]], AffinityFailure> {
        let labels = chunk.body.labels.map { BulkLabel(bytes: $0) }
        // By their text; the server takes numbers for text.
        var places: [String: [Int]] = [:]
        var ids: [String] = []
        for number in items {
            let item = chunk.item(number)
            guard let label = labels[Int(item.label)],
                let id = BulkItemFront(flags: label.flags, item.source, chunk.body.bytes).id
            else { continue }
            let json = chunk.body.bytes.text(id)
            let isText = json.hasPrefix("\"")
            let text =
                isText ? chunk.body.bytes.decoded(Slice(offset: Int(id.offset) + 1, length: Int(id.length) - 2)) : json
            if places[text] == nil { ids.append(isText ? json : "\"\(json)\"") }
            places[text, default: []].append(number)
        }
        var found: [Int: [UInt8]] = [:]
        for start in stride(from: 0, to: ids.count, by: Self.searchedAtOnce) {
            let some = ids[start..<min(start + Self.searchedAtOnce, ids.count)]
            do throws(HTTPError) {
                let response = try await search(some, host)
                guard response.status == 200 else {
                    return .failure(AffinityFailure(refusal: refusal(response)))
                }
                guard let hits = AffinityHits.read(response.body) else {
                    return .failure(AffinityFailure(refusal: Refusal(.unclear, "the answer to a search is no JSON")))
                }
                for (id, index) in hits {
                    for place in places[id] ?? [] { found[place] = index }
                }
            } catch {
                let kind: Refusal.Kind = error == .cancelled ? .stopping : .unreachable
                return .failure(AffinityFailure(refusal: Refusal(kind, describe(error, host))))
            }
        }
        return .success(found)
    }

    private func refusal(_ response: HTTPResponse) -> Refusal {
        switch WholeAnswer(response) {
        case .retry(let reason, _), .refused(let reason), .tooLarge(let reason): reason
        case .items: Refusal(.unclear, "HTTP \(response.status) to a search")
        }
    }

    private func search(_ ids: ArraySlice<String>, _ host: ElasticsearchHost) async throws(HTTPError) -> HTTPResponse {
        let pattern = SetupTarget.percentEncoded(settings.affinityPattern).replacing("%2A", with: "*")
        var request = request(
            .post, host,
            "/\(pattern)/_search?ignore_unavailable=true&allow_no_indices=true&filter_path=hits.hits._id,hits.hits._index"
        )
        request.headers.append(("Content-Type", "application/json"))
        var body = ByteBuffer(capacity: 64 * ids.count)
        body.append("{\"query\":{\"ids\":{\"values\":[")
        body.append(ids.joined(separator: ","))
        // Twice as many: one id may be in several indices.
        body.append("]}},\"_source\":false,\"sort\":[{\"_index\":{\"order\":\"desc\"}}],\"size\":\(2 * ids.count)}")
        request.body = BytesBody(body)
        return try await send(request)
    }
}

extension ElasticsearchSettings {
    /// All indices that `logstash_format` may have made: what is filled into the prefix is any text.
    var affinityPattern: String {
        var pattern = ""
        var depth = 0
        for letter in logstashPrefix {
            switch letter {
            case "$": pattern += "*"
            case "{": depth += 1
            case "}": depth -= 1
            default: if depth == 0 { pattern.append(letter) }
            }
        }
        return pattern.lowercased() + logstashPrefixSeparator + "*"
    }
}

/// `{"hits":{"hits":[{"_index":"logs-2024.05.06","_id":"x1"}]}}`
enum AffinityHits {
    /// In the order of the answer; nil when it is none.
    static func read(_ body: borrowing ByteBuffer) -> [(id: String, index: [UInt8])]? {
        var reader = JSONSteps(end: body.count)
        var hits: [(id: String, index: [UInt8])] = []
        do throws(BulkResponseError) {
            try reader.open(body, UInt8(ascii: "{"))
            while let key = try reader.nextKey(body) {
                guard body.holds("hits", at: key), reader.peek(body) == UInt8(ascii: "{") else {
                    try reader.skip(body)
                    continue
                }
                try reader.open(body, UInt8(ascii: "{"))
                while let inner = try reader.nextKey(body) {
                    guard body.holds("hits", at: inner), reader.peek(body) == UInt8(ascii: "[") else {
                        try reader.skip(body)
                        continue
                    }
                    try reader.open(body, UInt8(ascii: "["))
                    while try reader.nextElement(body) { if let hit = try one(body, &reader) { hits.append(hit) } }
                }
            }
            try reader.finish(body)
        } catch {
            return nil
        }
        return hits
    }

    private static func one(
        _ body: borrowing ByteBuffer, _ reader: inout JSONSteps
    ) throws(BulkResponseError) -> (id: String, index: [UInt8])? {
        var id: String?
        var index: [UInt8]?
        try reader.open(body, UInt8(ascii: "{"))
        while let key = try reader.nextKey(body) {
            let isText = reader.peek(body) == 0x22
            if isText, body.holds("_id", at: key) {
                id = body.decoded(try reader.string(body))
            } else if isText, body.holds("_index", at: key) {
                index = Array(body.decoded(try reader.string(body)).utf8)
            } else {
                try reader.skip(body)
            }
        }
        guard let id, let index else { return nil }
        return (id, index)
    }
}
