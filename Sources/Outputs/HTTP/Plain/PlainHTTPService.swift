package import Events
package import HTTPClient

/// `@type http`: what a `<format>` makes of a chunk is the body of one request (Fluentd's `out_http.rb`).
package struct PlainHTTPService: HTTPService {
    /// What chunks in files are marked with. To be counted up with every change of what an item or a label looks like.
    package static let format = "http-1"

    private let settings: PlainHTTPSettings

    package init(_ settings: PlainHTTPSettings) { self.settings = settings }

    package var name: String { settings.name }
    /// A chunk is a request; one that is too large for the server is halved.
    package var sizing: RequestSizing { RequestSizing(followsPace: false) }
    package var bytesPerItem: Int { 1 }

    package func place(_ label: ItemLabel, tag: Tag, time: EventTime, chunk: String) -> RequestTarget {
        place(
            ChunkTemplate.Values(
                tag: tag.bytes, fields: label.fields, seconds: settings.slice(time.seconds), chunkID: chunk))
    }

    private func place(_ values: ChunkTemplate.Values) -> RequestTarget {
        func text(_ template: ChunkTemplate, _ encode: ([UInt8]) -> [UInt8]) -> String {
            String(decoding: template.filled(values, encode: encode), as: UTF8.self)
        }
        return RequestTarget(
            url: text(settings.endpoint) { PercentEncoding.encoded($0) },
            headers: settings.filledHeaders.map { text($0.value) { $0 } })
    }

    /// Why values of a tag or a record cannot be sent in a URL or a header.
    package func problem(_ values: ChunkTemplate.Values) -> LineWriter.Problem? {
        let place = place(values)
        let path = place.url.split(separator: "?", maxSplits: 1).first ?? ""
        if settings.endpoint.dependsOnTag || settings.endpoint.dependsOnFields,
            path.split(separator: "/").contains(where: { $0 == "." || $0 == ".." })
        {
            return LineWriter.Problem(
                kind: "Fluent::Plugin::HTTPOutput::EndpointError",
                reason: "the endpoint would be '\(place.url.prefix(200))', whose dots lead to another")
        }
        for (header, value) in zip(settings.filledHeaders, place.headers)
        where value.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) {
            return LineWriter.Problem(
                kind: "Fluent::Plugin::HTTPOutput::HeaderError",
                reason: "the header '\(header.name)' would hold a control character")
        }
        return nil
    }

    package func exchange(
        _ items: ItemSet, of chunk: LoadedChunk, at place: RequestTarget
    ) throws(HTTPError) -> any HTTPExchange {
        var request = HTTPRequest(settings.method, place.url, options: settings.http)
        request.headers = settings.headers
        for (header, value) in zip(settings.filledHeaders, place.headers) {
            request.headers.append((header.name, value))
        }
        request.headers.append(("Content-Type", settings.contentType))
        if settings.isCompressed { request.headers.append(("Content-Encoding", "gzip")) }
        let slices = try RequestBody.slices(of: items, chunk)
        let bytes = slices.reduce(2) { $0 + Int($1.length) + 1 }
        request.body = try RequestBody.make(capacity: bytes, compresses: settings.isCompressed) { out in
            if settings.isArray { out.append(UInt8(ascii: "[")) }
            for (number, slice) in slices.enumerated() {
                if settings.isArray, number > 0 { out.append(UInt8(ascii: ",")) }
                out.append(slice, of: chunk.body.bytes)
            }
            if settings.isArray { out.append(UInt8(ascii: "]")) }
        }
        return SingleExchange(request) { judge($0).outcome }
    }

    /// What the answer means: Fluentd's parameters where they are set, and else what the status says.
    ///
    /// Fluentd gives a chunk up for every status but 2xx and 503 unless it is told otherwise, and one that is told so
    /// forgets the chunk.
    package func judge(_ response: HTTPResponse) -> StatusVerdict {
        let verdict = StatusVerdict(response)
        let refusal: Refusal
        var after: Double?
        switch verdict {
        case .delivered, .tooLarge: return verdict
        case .retry(let reason, let seconds): (refusal, after) = (reason, seconds)
        case .refused(let reason): refusal = reason
        }
        if let statuses = settings.retryableStatuses, statuses.contains(response.status) {
            return .retry(refusal, afterSeconds: after)
        }
        switch settings.refusesErrors {
        case true?: return settings.retryableStatuses == nil && response.status == 503 ? verdict : .refused(refusal)
        case false?: return .retry(refusal, afterSeconds: after)
        case nil: return verdict
        }
    }

    /// What would be sent for a chunk's first event, for people.
    package func preview(_ chunk: LoadedChunk) -> (target: String, line: String)? {
        guard let item = chunk.allItems.first, let label = chunk.itemLabel(of: item),
            let slice = try? RequestBody.slice(of: item, chunk)
        else { return nil }
        let place = place(label, tag: chunk.tag(of: item), time: chunk.item(item).time, chunk: chunk.id)
        return ("\(settings.method.rawValue) \(place.url)", chunk.body.bytes.text(slice))
    }
}

/// A URL and headers that a chunk has filled in.
package struct RequestTarget: Hashable, Sendable {
    package var url: String
    /// Values of the headers that are filled in.
    package var headers: [String]
}
