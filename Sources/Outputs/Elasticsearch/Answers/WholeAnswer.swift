internal import Events
internal import HTTPClient

/// What a whole answer to a bulk request means, before its items are looked at.
///
/// Only the servers' own error refuses documents for good. Anything else (a proxy's page, a login, another API) says
/// something about the way there, which somebody can mend.
enum WholeAnswer: Equatable {
    /// Its items decide.
    case items
    case tooLarge(Refusal)
    case refused(Refusal)
    case retry(Refusal, afterSeconds: Double?)

    /// More than this no server may ask for; what is waited at most is the buffer's to say.
    static let longestRetryAfterSeconds = 86_400.0

    init(_ response: HTTPResponse) {
        let status = response.status
        if status / 100 == 2 {
            self = .items
            return
        }
        let error = ServerError.whole(response.body, status: status)
        let type = error.map { response.body.decoded($0.type) } ?? ""
        let reason = error.map { response.body.decoded($0.reason) } ?? ""
        let said = error == nil ? response.firstWords() : [type, reason.prefixWords(300)].joinedSaid()
        let what = "HTTP \(status)" + (said.isEmpty ? "" : ": \(said)")
        let after = response.retryAfterSeconds.map { min(max($0, 0), Self.longestRetryAfterSeconds) }
        if status == 413 {
            self = .tooLarge(Refusal(.tooLarge, what))
        } else if error != nil, let condition = ClusterCondition(type: type, reason: reason) {
            let advice = condition.advice.isEmpty ? "" : ": \(condition.advice)"
            self = .retry(Refusal(condition.kind, what + advice), afterSeconds: after)
        } else if status == 400 && error != nil {
            self = .refused(Refusal(.invalid, what))
        } else {
            self = .retry(
                Refusal(Self.kind(status), what + Self.advice(status, isServers: error != nil)), afterSeconds: after)
        }
    }

    private static func kind(_ status: Int) -> Refusal.Kind {
        switch status {
        case 401, 403, 407: .forbidden
        case 408, 429, 500...: .busy
        default: .unclear
        }
    }

    private static func advice(_ status: Int, isServers: Bool) -> String {
        switch status {
        case 401, 403: ": the user or the api_key may not write"
        case 300..<400: ": redirects are not followed; set host, port, scheme and path to where they lead"
        case 400..<500 where !isServers && status != 408 && status != 429:
            ": no search server says so; are host, port, scheme and path right?"
        default: ""
        }
    }
}

extension [String] {
    fileprivate func joinedSaid() -> String { filter { !$0.isEmpty }.joined(separator: ": ") }
}

extension String {
    /// For a sentence that goes on: cut, without the full stop or semicolon at its end.
    func prefixWords(_ limit: Int) -> String {
        if utf8.count > limit { return prefix(limit) + "…" }
        var text = self[...]
        while let last = text.last, last == "." || last == ";" || last == " " { text.removeLast() }
        return String(text)
    }

    func holds(_ words: String) -> Bool { place(of: words, from: 0) != nil }
}

extension HTTPResponse {
    /// The first words of a body that is for people, for messages: without markup, on one line.
    func firstWords(_ limit: Int = 120) -> String {
        let text = body.text(Slice(offset: 0, length: min(body.count, 2000)))
        var words = ""
        var isMarkup = false
        for letter in text.unicodeScalars {
            if letter == "<" { isMarkup = true }
            let isSpace = isMarkup || letter.value <= 0x20 || (0x7F...0x9F).contains(letter.value)
            if letter == ">" { isMarkup = false }
            if !isSpace {
                words.unicodeScalars.append(letter)
            } else if !words.isEmpty && words.last != " " {
                words.append(" ")
            }
            if words.utf8.count > limit { break }
        }
        return words.prefixWords(limit)
    }
}
