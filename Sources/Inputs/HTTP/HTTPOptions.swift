package import Parsing
package import Time

/// Parameters of `<source> @type http` that concern requests (Fluentd's `in_http`).
package struct HTTPOptions: Sendable {
    /// `body_size_limit`: bytes of one body, as it comes.
    package var bodyBytes = 32 << 20
    /// `decompression_size_limit`: bytes that a compressed body may become.
    package var decompressedBytes = 256 << 20
    /// `<parse>`: bodies go to it whole, whatever their type; nil: JSON, lines of JSON, MessagePack and forms.
    package var parser: ParserRecipe?
    /// Where the records of a body without `<parse>` say their time.
    package var time = RecordTime()
    /// `add_tag_prefix`
    package var tagPrefix: String?
    /// `add_http_headers`: `HTTP_X_NAME`.
    package var addsHeaders = false
    /// `add_query_params`: `QUERY_NAME`.
    package var addsQuery = false
    /// `add_remote_addr`: `REMOTE_ADDR`.
    package var addsAddress = false
    /// `added_field_limit`: fields that `add_http_headers`, `add_query_params` and `add_remote_addr` may add to all records of
    /// a request together. Many parameters for each of many records would be more than any body.
    package var addedFields = 4 << 20
    /// `respond_with_empty_img`, `use_204_response`
    package var answer = Answer.empty
    package var cors: CORSPolicy?

    package enum Answer: Sendable { case empty, noContent, image }

    /// `time_key`, `keep_time_key`, `time_type`, `time_format`, … of a source that does not say how bodies are parsed.
    package struct RecordTime: Sendable {
        package var key = "time"
        /// Whether the field stays in the record.
        package var isKept = false
        /// nil: a number of seconds, and nothing else.
        package var source: TimeSource?
        package var zone = TimeZoneRule.utc

        package init() {}
    }

    package init() {}
}

/// Which pages of other origins a browser may let send events (Fetch standard, "CORS protocol").
package struct CORSPolicy: Sendable {
    /// `https://host`, `https://*.host` with one star, or `*` for all.
    package var origins: [String]
    package var allowsCredentials = false

    package init(origins: [String], allowsCredentials: Bool = false) {
        (self.origins, self.allowsCredentials) = (origins, allowsCredentials)
    }

    /// What `Access-Control-Allow-Origin` says to this origin; nil: it may not.
    func answer(to origin: String?) -> String? {
        if origins.contains("*") { return "*" }
        guard let origin else { return nil }
        let fits = origins.contains { allowed in
            guard let star = allowed.firstIndex(of: "*") else { return allowed == origin }
            let (front, back) = (allowed[..<star], allowed[allowed.index(after: star)...])
            return origin.count > front.count + back.count && origin.hasPrefix(front) && origin.hasSuffix(back)
        }
        return fits ? origin : nil
    }

    /// The headers of an answer to a page of that origin.
    func headers(for allowed: String) -> [(name: String, value: String)] {
        var headers = [("Access-Control-Allow-Origin", allowed)]
        if allowed != "*" { headers.append(("Vary", "Origin")) }
        if allowsCredentials { headers.append(("Access-Control-Allow-Credentials", "true")) }
        return headers
    }
}
