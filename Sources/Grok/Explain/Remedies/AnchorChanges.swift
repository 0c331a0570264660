/// Changes where a line goes on before or behind what an anchor binds.
struct AnchorChanges {
    let line: [UInt8]

    func candidates(_ anchor: Anchor, _ written: String, _ place: Range<Int>) -> [RemedyCandidate] {
        func candidate(_ rank: RemedyCandidate.Rank, _ replacement: String, _ advice: String) -> RemedyCandidate {
            RemedyCandidate(rank: rank, advice: advice, replacement: replacement)
        }
        switch anchor {
        case .lineEnd, .subjectEnd, .subjectEndOrLastNewline:
            let rest = line[place.lowerBound...]
            if rest.allSatisfy(LineTokens.isBlank) {
                return [candidate(.exact, "\\s*\(written)", "allow white space at the end")]
            }
            return [
                candidate(.exact, "%{GREEDYDATA:rest}\(written)", "keep what follows in a field of its own"),
                candidate(.general, "", "leave \(written) out: what follows is then not looked at"),
            ]
        case .lineStart, .subjectStart:
            let head = line[..<place.upperBound]
            if head.allSatisfy(LineTokens.isBlank) {
                return [candidate(.exact, "\(written)\\s*", "allow white space at the beginning")]
            }
            var result: [RemedyCandidate] = []
            if head.first == UInt8(ascii: "<"), head.last == UInt8(ascii: ">"), head.count <= 5,
                head.dropFirst().dropLast().allSatisfy(LineTokens.isDigit)
            {
                result.append(
                    candidate(
                        .exact, "\(written)(?:<%{NONNEGINT:priority}>)?", "allow the priority of syslog before it"))
            }
            return result + [
                candidate(.exact, "\(written)%{DATA:prefix}", "keep what comes before in a field of its own"),
                candidate(.general, "", "leave \(written) out: what comes before is then not looked at"),
            ]
        default: return [candidate(.general, "", "leave \(written) out")]
        }
    }
}
