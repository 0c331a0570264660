internal import Events
package import HTTPClient

/// Puts events; where their group or stream is missing, makes it and puts them again.
package struct CloudWatchExchange: HTTPExchange {
    private enum Stage { case put, group, retention, stream, putAgain }

    private let settings: CloudWatchSettings
    private let place: LogStreamDay
    /// In the order in which they are sent.
    private let items: [Int]
    private let body: BytesBody
    private var stage = Stage.put

    init(_ settings: CloudWatchSettings, _ place: LogStreamDay, _ items: [Int], _ body: BytesBody) {
        self.settings = settings
        self.place = place
        self.items = items
        self.body = body
    }

    package mutating func next(after answer: HTTPResponse?) throws(HTTPError) -> HTTPStep {
        guard let answer else { return .send(request("PutLogEvents", body)) }
        let error = AWSError(answer)
        switch stage {
        case .put, .putAgain:
            if answer.status / 100 == 2 { return .end(accepted(answer)) }
            if error?.type == "ResourceNotFoundException", stage == .put, settings.createsStreams {
                stage = .group
                return .send(try request("CreateLogGroup") { object in object.append(tags) })
            }
            return .end(verdict(answer, error))
        case .group:
            guard isThere(answer, error) else { return .end(verdict(answer, error)) }
            if answer.status / 100 == 2, let days = settings.retentionDays {
                stage = .retention
                return .send(try request("PutRetentionPolicy") { $0.append(",\"retentionInDays\":\(days)") })
            }
            return try makeStream()
        case .retention:
            guard answer.status / 100 == 2 else { return .end(verdict(answer, error)) }
            return try makeStream()
        case .stream:
            guard isThere(answer, error) else { return .end(verdict(answer, error)) }
            stage = .putAgain
            return .send(request("PutLogEvents", body))
        }
    }

    private mutating func makeStream() throws(HTTPError) -> HTTPStep {
        stage = .stream
        return .send(
            try request("CreateLogStream") { out in
                out.append(",\"logStreamName\":")
                out.appendJSONString(place.stream)
            })
    }

    private func isThere(_ answer: HTTPResponse, _ error: AWSError?) -> Bool {
        answer.status / 100 == 2 || error?.type == "ResourceAlreadyExistsException"
    }

    // MARK: - Requests

    private func request(_ action: String, _ body: BytesBody) -> HTTPRequest {
        var request = HTTPRequest(.post, settings.url + "/", body: body, options: settings.http)
        request.headers = [
            ("Content-Type", "application/x-amz-json-1.1"), ("X-Amz-Target", "Logs_20140328.\(action)"),
        ]
        return request
    }

    /// About the group, with more members.
    private func request(
        _ action: String, _ members: (inout ByteBuffer) -> Void
    ) throws(HTTPError) -> HTTPRequest {
        let body = try RequestBody.make(capacity: 256) { out in
            out.append("{\"logGroupName\":")
            out.appendJSONString(place.group)
            members(&out)
            out.append("}")
        }
        return request(action, body)
    }

    private var tags: String {
        if settings.groupTags.isEmpty { return "" }
        var out = ByteBuffer(capacity: 64)
        for (number, tag) in settings.groupTags.enumerated() {
            out.append(number == 0 ? ",\"tags\":{" : ",")
            out.appendJSONString(tag.name)
            out.append(UInt8(ascii: ":"))
            out.appendJSONString(tag.value)
        }
        out.append("}")
        return out.text(Slice(offset: 0, length: out.count))
    }

    // MARK: - What answers mean

    /// `{"rejectedLogEventsInfo":{"tooNewLogEventStartIndex":3,"tooOldLogEventEndIndex":1,"expiredLogEventEndIndex":0}}`
    private func accepted(_ answer: HTTPResponse) -> DeliveryOutcome {
        guard let object = AnswerObject(answer.body) else { return .delivered }
        let tooNew = object.int("$.rejectedLogEventsInfo.tooNewLogEventStartIndex") ?? items.count
        let tooOld = object.int("$.rejectedLogEventsInfo.tooOldLogEventEndIndex") ?? 0
        let expired = object.int("$.rejectedLogEventsInfo.expiredLogEventEndIndex") ?? 0
        var rejected: [RejectedItem] = []
        for (number, item) in items.enumerated() {
            let kind: (type: String, reason: String)
            if number < expired {
                kind = ("expired", "older than the group's retention")
            } else if number < tooOld {
                kind = ("too_old", "older than 14 days or than the group's retention")
            } else if number >= tooNew {
                kind = ("too_new", "more than 2 hours in the future")
            } else {
                continue
            }
            rejected.append(
                RejectedItem(
                    item: item, status: 200, type: kind.type,
                    reason: "CloudWatch Logs does not take an event that is \(kind.reason)", subject: kind.type,
                    index: String(decoding: place.group, as: UTF8.self)))
        }
        if rejected.isEmpty { return .delivered }
        return .partial(retry: [], reason: Refusal(.busy, ""), rejected: rejected.sorted { $0.item < $1.item })
    }

    private func verdict(_ answer: HTTPResponse, _ error: AWSError?) -> DeliveryOutcome {
        let group = String(decoding: place.group, as: UTF8.self)
        let stream = String(decoding: place.stream, as: UTF8.self)
        return AWSError.verdict(answer, error) { type in
            type == "ResourceNotFoundException"
                ? "there is no log group '\(group)' with a stream '\(stream)': make it, or add 'auto_create_stream true'"
                : nil
        }.outcome
    }
}

/// `{"__type":"ThrottlingException","message":"Rate exceeded"}` of Amazon's services that speak JSON.
struct AWSError: Equatable {
    var type: String
    var message: String

    init?(_ answer: HTTPResponse) {
        guard answer.status / 100 != 2, let object = AnswerObject(answer.body), let type = object.text("__type") else {
            return nil
        }
        self.type = type.split(separator: "#").last.map(String.init) ?? type
        message = object.text("message") ?? object.text("Message") ?? ""
    }

    /// Nearly everything is a 400: its type says what it means ("Common Errors" of the API reference).
    static func verdict(
        _ answer: HTTPResponse, _ error: AWSError?, advice: (String) -> String? = { _ in nil }
    ) -> StatusVerdict {
        guard let error else {
            let verdict = StatusVerdict(answer)
            // Not Amazon's words: a proxy's.
            if case .refused(let reason) = verdict {
                return .retry(Refusal(.unclear, reason.sentence), afterSeconds: nil)
            }
            return verdict
        }
        let said = [error.type, error.message.prefixWords(300)].filter { !$0.isEmpty }.joined(separator: ": ")
        let verdict = StatusVerdict(answer, said: said) { _ in advice(error.type) }
        func later(_ kind: Refusal.Kind) -> StatusVerdict {
            let advice = advice(error.type).map { ": \($0)" } ?? ""
            return .retry(
                Refusal(kind, "HTTP \(answer.status): \(said)\(advice)"), afterSeconds: answer.retryAfterSeconds)
        }
        switch error.type {
        case "ThrottlingException", "Throttling", "LimitExceededException", "ServiceUnavailableException",
            "OperationAbortedException", "InvalidSequenceTokenException", "RequestLimitExceeded":
            return later(.busy)
        case "AccessDeniedException", "UnrecognizedClientException", "ExpiredTokenException", "ExpiredToken",
            "InvalidSignatureException", "IncompleteSignature", "MissingAuthenticationToken",
            "InvalidClientTokenId", "OptInRequired", "RequestExpired":
            return later(.forbidden)
        case "ResourceNotFoundException": return later(.blocked)
        case "DataAlreadyAcceptedException": return .delivered
        default: return verdict
        }
    }
}
