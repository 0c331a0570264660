/// Groups lines by what they have in common.
struct LineClusters {
    /// Groups that are kept; a line that fits none of them is left without one when there are so many.
    static let maximumClusters = 300

    private(set) var templates: [LineTemplate] = []
    /// Which template the last line of a shape went to.
    private var cache: [[UInt8]: Int] = [:]
    private let lenient: Bool

    /// - Parameter lenient: lines whose keys differ may share a group.
    init(lenient: Bool) { self.lenient = lenient }

    /// Takes in a line.
    mutating func add(_ tokens: [SampleToken], in line: [UInt8], number: Int) {
        let shape = Self.shape(tokens, in: line)
        if let index = cache[shape], let fit = templates[index].fit(tokens, in: line, lenient: lenient) {
            templates[index].add(fit, tokens, in: line, number: number)
            return
        }
        var best: (index: Int, fit: LineTemplate.Fit)?
        for index in templates.indices {
            guard let fit = templates[index].fit(tokens, in: line, lenient: lenient) else { continue }
            if let known = best?.fit {
                if (known.isWhole ? 1 : 0, known.score) >= (fit.isWhole ? 1 : 0, fit.score) { continue }
            }
            best = (index, fit)
        }
        if let best {
            templates[best.index].add(best.fit, tokens, in: line, number: number)
            cache[shape] = best.index
        } else if templates.count < Self.maximumClusters {
            templates.append(LineTemplate(tokens, in: line, number: number))
            cache[shape] = templates.count - 1
        }
    }

    /// The kinds of the tokens, with the texts of punctuation and keys: lines of one shape go the same way.
    private static func shape(_ tokens: [SampleToken], in line: [UInt8]) -> [UInt8] {
        var shape: [UInt8] = []
        shape.reserveCapacity(tokens.count * 2)
        for token in tokens {
            shape.append(token.kind.rawValue | (token.blanks > 0 ? 0x40 : 0) | 0x80)
            switch token.kind {
            case .punctuation, .key: shape += line[token.start..<token.end]
            case .timestamp: shape.append(UInt8(token.form))
            default: break
            }
        }
        return shape
    }
}
