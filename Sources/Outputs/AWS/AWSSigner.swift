internal import Events
package import HTTPClient
internal import Synchronization
internal import TLS
internal import Time
internal import Words

/// Signs requests with keys that it gets from their source and renews before they expire.
package final class AWSSigner: Sendable {
    private struct State {
        var credentials: AWSCredentials?
        var validUntil = 0.0
    }

    private let source: AWSCredentialSource
    private let region: String
    private let service: String
    private let client: HTTPClient
    private let state = Mutex(State())
    private let now: @Sendable () -> Double

    /// A role's keys are renewed so long before they expire. Metadata has new keys so long before the old ones end, so what
    /// comes from there, or from a file, is asked for as often.
    private static let renewalSeconds = 300.0
    /// For services that are near by, or not there at all.
    private static let metadataTimeoutSeconds = 2.0

    /// `now`: seconds of a clock that never jumps.
    package init(
        _ source: AWSCredentialSource, region: String, service: String, client: HTTPClient,
        now: @escaping @Sendable () -> Double = { Double(Clock.monotonicMilliseconds()) / 1000 }
    ) {
        self.source = source
        self.region = region
        self.service = service
        self.client = client
        self.now = now
    }

    package func sign(_ request: inout HTTPRequest) async throws(HTTPError) {
        let credentials = try await credentials()
        Self.sign(&request, with: credentials, region: region, service: service)
    }

    private static func sign(
        _ request: inout HTTPRequest, with credentials: AWSCredentials, region: String, service: String
    ) {
        let body = request.body
        // Nobody else reads the body before it is sent, and it is read within the buffer.
        let digest = unsafe SHA256.hexDigest { piece in
            guard let start = piece.baseAddress else { return 0 }
            return unsafe body?.read(into: start.assumingMemoryBound(to: UInt8.self), room: piece.count) ?? 0
        }
        body?.rewind()
        request.url = CanonicalURL.of(request.url)
        request.headers.append(("x-amz-content-sha256", String(decoding: digest, as: UTF8.self)))
        if let token = credentials.sessionToken { request.headers.append(("x-amz-security-token", token)) }
        request.options.signature = AWSSignature(
            accessKey: credentials.accessKey, secretKey: credentials.secretKey, region: region, service: service)
    }

    /// Keys that were refused are got anew for the next request.
    package func note(_ response: HTTPResponse) {
        guard response.status == 403 || response.status == 400 && response.excerpt(2000).holds("xpiredToken") else {
            return
        }
        state.withLock { $0.credentials = nil }
    }

    // MARK: - Keys

    private func credentials() async throws(HTTPError) -> AWSCredentials {
        let now = now()
        if let known = state.withLock({ $0.validUntil > now ? $0.credentials : nil }) { return known }
        let (made, validSeconds) = try await credentials(from: source)
        state.withLock { state in
            state.credentials = made
            state.validUntil = now + validSeconds
        }
        return made
    }

    private func credentials(
        from source: AWSCredentialSource
    ) async throws(HTTPError) -> (AWSCredentials, validSeconds: Double) {
        switch source {
        case .fixed(let credentials): return (credentials, .infinity)
        case .sharedFile(let path, let profile):
            guard let text = SmallFile.text(of: path) else { throw .unusable("cannot read '\(path)'") }
            guard let found = SharedCredentialsFile.credentials(of: profile, in: text) else {
                throw .unusable("'\(path)' has no keys for the profile '\(profile)'")
            }
            return (found, Self.renewalSeconds)
        case .instanceMetadata(let url): return (try await instanceCredentials(url), Self.renewalSeconds)
        case .container(let url, let tokenFile):
            var request = HTTPRequest(.get, url)
            if let tokenFile, let token = SmallFile.firstLine(of: tokenFile) {
                request.headers = [("Authorization", token)]
            }
            return (try Self.credentials(inJSON: try await ask(request, source)), Self.renewalSeconds)
        case .webIdentity(let role, let tokenFile):
            guard let token = SmallFile.text(of: tokenFile) else {
                throw .unusable("cannot read '\(tokenFile)'")
            }
            let request = try Self.request(role, "AssumeRoleWithWebIdentity", [("WebIdentityToken", token)])
            return try Self.credentials(of: role, try await ask(request, source))
        case .role(let role, let base):
            let (own, _) = try await credentials(from: base)
            var request = try Self.request(role, "AssumeRole", role.externalID.map { [("ExternalId", $0)] } ?? [])
            Self.sign(&request, with: own, region: role.region, service: "sts")
            return try Self.credentials(of: role, try await ask(request, source))
        case .first(let sources):
            var reasons: [String] = []
            for source in sources {
                do throws(HTTPError) {
                    return try await credentials(from: source)
                } catch {
                    if error == .cancelled { throw error }
                    reasons.append("\(source.name): \(error)")
                }
            }
            throw .unusable(
                "no AWS keys: set aws_key_id and aws_sec_key, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the "
                    + "environment (tried \(reasons.joined(separator: "; ")))")
        }
    }

    private func instanceCredentials(_ url: String) async throws(HTTPError) -> AWSCredentials {
        let source = AWSCredentialSource.instanceMetadata(url: url)
        var request = HTTPRequest(.put, url + "/latest/api/token", body: BytesBody(ByteBuffer(capacity: 1)))
        request.headers = [("X-aws-ec2-metadata-token-ttl-seconds", "300")]
        let token = ("X-aws-ec2-metadata-token", try await ask(request, source).firstLine)
        let folder = url + "/latest/meta-data/iam/security-credentials/"
        request = HTTPRequest(.get, folder)
        request.headers = [token]
        let role = try await ask(request, source).firstLine
        request = HTTPRequest(.get, folder + PercentEncoding.encoded(role))
        request.headers = [token]
        return try Self.credentials(inJSON: try await ask(request, source))
    }

    private func ask(_ made: HTTPRequest, _ source: AWSCredentialSource) async throws(HTTPError) -> HTTPResponse {
        var request = made
        let isNear =
            switch source {
            case .instanceMetadata, .container: true
            default: false
            }
        request.options.connectTimeoutSeconds = isNear ? Self.metadataTimeoutSeconds : 10
        request.options.timeoutSeconds = isNear ? Self.metadataTimeoutSeconds : 30
        request.options.responseLimitBytes = 1 << 20
        let response = try await client.send(request)
        guard response.status == 200 else {
            throw .unusable("\(source.name): HTTP \(response.status): \(response.firstWords())")
        }
        return response
    }

    // MARK: - What is asked and answered

    private static func request(
        _ role: AWSRole, _ action: String, _ more: [(String, String)]
    ) throws(HTTPError) -> HTTPRequest {
        var pairs = [
            ("Action", action), ("Version", "2011-06-15"), ("RoleArn", role.arn), ("RoleSessionName", role.sessionName),
            ("DurationSeconds", "\(role.durationSeconds)"),
        ]
        if let policy = role.policy { pairs.append(("Policy", policy)) }
        let text = (pairs + more).map { "\($0)=\(PercentEncoding.encoded($1))" }.joined(separator: "&")
        var request = HTTPRequest(.post, role.url + "/")
        request.headers = [("Content-Type", "application/x-www-form-urlencoded")]
        request.body = try RequestBody.make(capacity: text.utf8.count) { $0.append(text) }
        return request
    }

    /// `{"AccessKeyId":"…","SecretAccessKey":"…","Token":"…"}`
    private static func credentials(inJSON response: HTTPResponse) throws(HTTPError) -> AWSCredentials {
        guard let object = AnswerObject(response.body), let key = object.text("AccessKeyId"),
            let secret = object.text("SecretAccessKey")
        else { throw .unusable("an answer without AWS keys") }
        return AWSCredentials(accessKey: key, secretKey: secret, sessionToken: object.text("Token"))
    }

    private static func credentials(
        of role: AWSRole, _ response: HTTPResponse
    ) throws(HTTPError) -> (AWSCredentials, validSeconds: Double) {
        let answer = XMLAnswer(response)
        guard let key = answer.text("AccessKeyId"), let secret = answer.text("SecretAccessKey") else {
            throw .unusable("the Security Token Service answers without keys")
        }
        let made = AWSCredentials(accessKey: key, secretKey: secret, sessionToken: answer.text("SessionToken"))
        return (made, max(Double(role.durationSeconds) - renewalSeconds, 60))
    }
}

extension HTTPResponse {
    fileprivate var firstLine: String {
        let text = body.text(Slice(offset: 0, length: min(body.count, 4096)))
        return String(text.prefix { !$0.isNewline })
    }
}
