package import Events

/// One request, and how its connection is to be made.
package struct HTTPRequest: Sendable {
    package enum Method: String, Sendable {
        case get = "GET", head = "HEAD", post = "POST", put = "PUT", delete = "DELETE"
    }

    package var method: Method
    /// Absolute, http or https, everything in it percent-encoded.
    package var url: String
    /// Sent as they are. `Content-Length` and `Host` are the client's to write.
    package var headers: [(name: String, value: String)] = []
    package var body: (any HTTPBody)?
    /// Ask the server whether it wants the body before sending it (`Expect: 100-continue`). It costs a round trip, and
    /// a server that does not know it costs a second; but a refusal (413) then arrives instead of a broken connection.
    package var expectsContinue = false
    package var options: HTTPOptions

    package init(_ method: Method, _ url: String, body: (any HTTPBody)? = nil, options: HTTPOptions = HTTPOptions()) {
        self.method = method
        self.url = url
        self.body = body
        self.options = options
    }
}

/// What is the same for all requests to one server.
package struct HTTPOptions: Sendable {
    /// The lowest TLS version offered (`ssl_version`, `ssl_min_version`).
    package enum TLSVersion: String, Sendable, CaseIterable {
        case tls1_0 = "TLSv1"
        case tls1_1 = "TLSv1_1"
        case tls1_2 = "TLSv1_2"
        case tls1_3 = "TLSv1_3"
    }

    /// For name, connection and TLS handshake together.
    package var connectTimeoutSeconds = 5.0
    /// For everything, from the name to the last byte of the answer.
    package var timeoutSeconds = 5.0
    /// Basic authentication. Neither needs encoding.
    package var user: String?
    package var password: String?
    package var verifiesCertificate = true
    package var minimumTLS: TLSVersion?
    package var maximumTLS: TLSVersion?
    /// PEM files; nil: the system's authorities.
    package var authorityFile: String?
    package var authorityFolder: String?
    package var clientCertificateFile: String?
    package var clientKeyFile: String?
    package var clientKeyPassword: String?
    /// `http://name:port`, with credentials in it or not; nil: what the environment says (`https_proxy` …).
    package var proxy: String?
    /// Signs requests for Amazon's services.
    package var signature: AWSSignature?
    /// An answer with a larger body is an error.
    package var responseLimitBytes = 64 << 20

    package init() {}
}

/// With what requests are signed: Signature Version 4 of Amazon's services, as libcurl makes it.
///
/// Source: "AWS Signature Version 4 for API requests" in Amazon's IAM User Guide. libcurl signs the request's own headers,
/// and the digest of the body only as the header `x-amz-content-sha256` says it: whoever makes the request writes that one.
/// A query must be sorted and percent-encoded already.
package struct AWSSignature: Sendable, Equatable {
    package var accessKey: String
    package var secretKey: String
    /// `us-east-1`
    package var region: String
    /// `s3`, `logs`, `es`
    package var service: String

    package init(accessKey: String, secretKey: String, region: String, service: String) {
        self.accessKey = accessKey
        self.secretKey = secretKey
        self.region = region
        self.service = service
    }
}

/// What is sent as a request's body. Read on the client's thread, by one request at a time.
package protocol HTTPBody: AnyObject, Sendable {
    /// Known before the first byte is sent.
    var byteCount: Int { get }
    /// Writes up to `room` next bytes and answers how many; 0 only at the end.
    @unsafe func read(into target: UnsafeMutablePointer<UInt8>, room: Int) -> Int
    /// Begins again: the connection broke before the server had answered.
    func rewind()
}

/// A body that is in memory.
///
/// Safety: the offset belongs to the one request that sends the body; the client's thread alone moves it.
package final class BytesBody: HTTPBody, @unchecked Sendable {
    package let bytes: ByteBuffer
    private var offset = 0

    package init(_ bytes: consuming ByteBuffer) { self.bytes = bytes }

    package var byteCount: Int { bytes.count }

    @unsafe package func read(into target: UnsafeMutablePointer<UInt8>, room: Int) -> Int {
        let length = min(room, bytes.count - offset)
        unsafe bytes.withUnsafeBytes(Slice(offset: offset, length: length)) { source, count in
            unsafe target.update(from: source, count: count)
        }
        offset += length
        return length
    }

    package func rewind() { offset = 0 }
}

/// A whole answer, whatever its status.
package final class HTTPResponse: Sendable {
    package let status: Int
    package let body: ByteBuffer
    /// The `Retry-After` header, in seconds.
    package let retryAfterSeconds: Double?

    package init(status: Int, body: consuming ByteBuffer, retryAfterSeconds: Double? = nil) {
        self.status = status
        self.body = body
        self.retryAfterSeconds = retryAfterSeconds
    }

    /// The body for messages, at most `limit` bytes of it.
    package func excerpt(_ limit: Int = 500) -> String {
        let text = body.text(Slice(offset: 0, length: min(body.count, limit)))
        return body.count > limit ? text + "…" : text
    }
}
