package import HTTPClient

/// What an `@type http` section says, with the defaults of Fluentd's `out_http.rb`.
package struct PlainHTTPSettings: Sendable {
    package var endpoint: ChunkTemplate
    /// The endpoint as it was written, without credentials.
    package var name: String
    package var method = HTTPRequest.Method.post
    package var contentType: String
    package var headers: [(name: String, value: String)] = []
    /// `headers_from_placeholders`.
    package var filledHeaders: [(name: String, value: ChunkTemplate)] = []
    /// `json_array`: the records as one array.
    package var isArray = false
    package var isCompressed = false
    package var http = HTTPOptions()
    /// `retryable_response_codes`; nil: what `StatusVerdict` says.
    package var retryableStatuses: Set<Int>?
    /// `error_response_as_unrecoverable`; nil: what `StatusVerdict` says.
    package var refusesErrors: Bool?
    /// The beginning of the slice that a moment falls into; the moment itself where there are no slices.
    package var slice: @Sendable (_ seconds: Int64) -> Int64 = { $0 }

    package init(endpoint: ChunkTemplate, name: String, contentType: String) {
        self.endpoint = endpoint
        self.name = name
        self.contentType = contentType
    }
}
