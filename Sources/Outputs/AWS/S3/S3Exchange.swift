internal import Events
package import HTTPClient

/// Is there the bucket, which name is free, and then the object.
package struct S3Exchange: HTTPExchange {
    private enum Stage: Equatable {
        case start, bucket, creation
        case look(Int)
        case put(Int)
    }

    private let settings: S3Settings
    private let names: S3Names
    private let key: S3Key
    private let body: BytesBody
    private let uuid: String
    private let clock: String
    private var stage = Stage.start

    init(_ settings: S3Settings, _ names: S3Names, _ key: S3Key, _ body: BytesBody, uuid: String, clock: String) {
        self.settings = settings
        self.names = names
        self.key = key
        self.body = body
        self.uuid = uuid
        self.clock = clock
    }

    package mutating func next(after answer: HTTPResponse?) throws(HTTPError) -> HTTPStep {
        guard let answer else {
            guard settings.checksBucket, !names.isBucketKnown else { return look(names.take(key)) }
            stage = .bucket
            return .send(HTTPRequest(.head, settings.bucketURL + "/", options: settings.http))
        }
        switch stage {
        case .start: return .end(Self.verdict(answer).outcome)
        case .bucket: return try afterBucket(answer)
        case .creation:
            // 409: it is there already.
            guard answer.status / 100 == 2 || answer.status == 409 else { return .end(Self.verdict(answer).outcome) }
            names.isBucketKnown = true
            return look(names.take(key))
        case .look(let index): return afterLook(answer, index)
        case .put(let index): return afterPut(answer, index)
        }
    }

    /// The number is free for others; whether the object was made is not known.
    package func abandon() {
        switch stage {
        case .look(let index), .put(let index): names.giveBack(index, of: key, isUsed: false)
        case .start, .bucket, .creation: break
        }
    }

    private mutating func afterBucket(_ answer: HTTPResponse) throws(HTTPError) -> HTTPStep {
        switch answer.status {
        case 404 where settings.createsBucket:
            stage = .creation
            var request = HTTPRequest(.put, settings.bucketURL + "/", options: settings.http)
            let place =
                "<CreateBucketConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><LocationConstraint>"
                + "\(settings.region)</LocationConstraint></CreateBucketConfiguration>"
            let text = settings.region == "us-east-1" ? "" : place
            request.body = try RequestBody.make(capacity: text.utf8.count) { $0.append(text) }
            return .send(request)
        case 404:
            return .end(
                .retry(
                    reason: Refusal(
                        .blocked, "there is no bucket '\(settings.bucket)': make it, or add 'auto_create_bucket true'"),
                    after: nil))
        case 300..<400, 500..., 429: return .end(Self.verdict(answer).outcome)
        default:
            // 403: the keys may not look, and perhaps they may write.
            names.isBucketKnown = true
            return look(names.take(key))
        }
    }

    private mutating func look(_ index: Int) -> HTTPStep {
        guard settings.checksObject, !(settings.overwrites && key.back == nil) else { return put(index) }
        stage = .look(index)
        return .send(HTTPRequest(.head, url(index), options: settings.http))
    }

    private mutating func afterLook(_ answer: HTTPResponse, _ index: Int) -> HTTPStep {
        switch answer.status {
        case 404: return put(index)
        case 200..<300: return another(after: index)
        default:
            names.giveBack(index, of: key, isUsed: false)
            let verdict = Self.verdict(answer) {
                $0 == 403
                    ? "keys need s3:ListBucket to tell a free name from a forbidden one; or set 'check_object false'"
                    : nil
            }
            return .end(verdict.outcome)
        }
    }

    /// The name is taken.
    private mutating func another(after index: Int) -> HTTPStep {
        names.giveBack(index, of: key, isUsed: true)
        if key.back != nil { return look(names.take(key, from: index + 1)) }
        return .end(
            .retry(
                reason: Refusal(
                    .blocked,
                    "there is an object '\(text(index))' already: put %{index} into s3_object_key_format, or add "
                        + "'overwrite true'"), after: nil))
    }

    private mutating func put(_ index: Int) -> HTTPStep {
        stage = .put(index)
        var request = HTTPRequest(.put, url(index), body: body, options: settings.http)
        request.headers = settings.headers + [("Content-Type", settings.content.mediaType)]
        if !settings.overwrites, names.isConditional { request.headers.append(("If-None-Match", "*")) }
        return .send(request)
    }

    private mutating func afterPut(_ answer: HTTPResponse, _ index: Int) -> HTTPStep {
        switch answer.status {
        case 200..<300:
            names.giveBack(index, of: key, isUsed: true)
            return .end(.delivered)
        case 412: return another(after: index)
        case 501 where names.isConditional:
            names.isConditional = false
            return put(index)
        default:
            names.giveBack(index, of: key, isUsed: false)
            return .end(Self.verdict(answer).outcome)
        }
    }

    private func text(_ index: Int) -> String { key.text(index, settings.key.index, uuid: uuid, clock: clock) }

    private func url(_ index: Int) -> String {
        settings.bucketURL + "/" + PercentEncoding.encoded(text(index), keepingSlashes: true)
    }

    /// Nothing that S3 says is about an event: somebody can mend it.
    static func verdict(_ answer: HTTPResponse, advice: (Int) -> String? = { _ in nil }) -> StatusVerdict {
        let xml = XMLAnswer(answer)
        let code = xml.text("Code")
        let said = code.map { code in
            [code, xml.text("Message")?.prefixWords(300)].compactMap { $0 }.joined(separator: ": ")
        }
        let verdict = StatusVerdict(answer, said: said) { status in
            advice(status)
                ?? (status == 301 || status == 307
                    ? "the bucket is in another region: set s3_region"
                    : status == 404 ? "is there such a bucket?" : nil)
        }
        switch (verdict, code) {
        case (.refused(let reason), "ExpiredToken"), (.refused(let reason), "InvalidToken"):
            return .retry(Refusal(.forbidden, reason.sentence), afterSeconds: nil)
        case (.refused(let reason), _), (.tooLarge(let reason), _):
            return .retry(Refusal(.blocked, reason.sentence), afterSeconds: nil)
        default: return verdict
        }
    }
}
