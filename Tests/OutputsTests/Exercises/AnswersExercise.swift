import Events
import HTTPClient

@testable import Outputs

/// Answers of any bytes, read as those of each server. Fuzzed by `Tests/Fuzz/Answers`, and its findings replayed here.
enum AnswersExercise {
    /// - Parameter input: a byte for the status, a byte for the items that were sent, then the body.
    /// - Returns: what is wrong; nil: nothing.
    static func fault(of input: [UInt8]) -> String? {
        guard input.count > 2 else { return nil }
        let status = statuses[Int(input[0]) % statuses.count]
        let sent = Int(input[1])
        var body = ByteBuffer()
        body.append(Array(input[2...]))
        var items: [(Int, BulkItemAnswer)] = []
        do {
            try BulkResponse.scan(body, sent: sent) { items.append(($0, $1)) }
            guard items.allSatisfy({ (0..<sent).contains($0.0) }) else { return "an item that was not sent" }
            guard zip(items, items.dropFirst()).allSatisfy({ $0.0.0 < $0.1.0 }) else { return "an item twice" }
        } catch {
            if case .malformed(let offset) = error, offset > body.count { return "a place outside the answer" }
        }
        for (_, item) in items {
            let (type, reason) = (body.decoded(item.type), body.decoded(item.reason))
            let cause = body.decoded(item.causeReason)
            let explanation = MappingExplanation(
                type: type, reason: reason, cause: cause, index: "logs", body, document: Slice(offset: 0, length: 0))
            if explanation?.sentence.isEmpty == true { return "an explanation without a word" }
        }
        _ = AffinityHits.read(body)
        _ = ServerVersion(body)
        _ = SplunkAnswer(body)
        let response = HTTPResponse(status: status, body: body)
        if let fault = fault(of: WholeAnswer(response), status) { return fault }
        if status / 100 != 2, StatusVerdict(response) == .delivered { return "\(status) counts as delivered" }
        let error = AWSError(response)
        if status / 100 != 2, AWSError.verdict(response, error) == .delivered { return "\(status) counts as delivered" }
        let xml = XMLAnswer(response)
        for name in ["Code", "Message", "AccessKeyId", "SecretAccessKey", "SessionToken"] { _ = xml.text(name) }
        return nil
    }

    private static func fault(of answer: WholeAnswer, _ status: Int) -> String? {
        switch answer {
        case .items: status / 100 == 2 ? nil : "\(status) counts as an answer for each item"
        case .tooLarge(let refusal), .refused(let refusal), .retry(let refusal, _):
            refusal.sentence.isEmpty ? "refused without a word" : nil
        }
    }

    private static let statuses = [200, 201, 400, 401, 403, 404, 413, 429, 500, 503, 301, 999]
}
