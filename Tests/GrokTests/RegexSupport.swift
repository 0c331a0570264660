import Grok

/// Matches and returns the named groups that took part, for short expectations.
func captures(_ expression: String, _ line: String, options: RubyPattern.Options = []) throws -> [String: String]? {
    let regex = try Regex(expression, options: options)
    let bytes = Array(line.utf8)
    let scratch = MatchScratch()
    guard regex.match(bytes.span, as: SubjectText.classify(bytes.span), scratch) == .matched else { return nil }
    var result: [String: String] = [:]
    for group in regex.groups {
        guard let number = group.numbers.last(where: { scratch.start(of: $0) >= 0 }) else { continue }
        result[group.name] = String(decoding: bytes[scratch.start(of: number)..<scratch.end(of: number)], as: UTF8.self)
    }
    return result
}

/// The text of the whole match, nil when there is none.
func matched(_ expression: String, _ line: String, options: RubyPattern.Options = []) throws -> String? {
    let regex = try Regex(expression, options: options)
    let bytes = Array(line.utf8)
    let scratch = MatchScratch()
    guard regex.match(bytes.span, as: SubjectText.classify(bytes.span), scratch) == .matched else { return nil }
    return String(decoding: bytes[scratch.start(of: 0)..<scratch.end(of: 0)], as: UTF8.self)
}
