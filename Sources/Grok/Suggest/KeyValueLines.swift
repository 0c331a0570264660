/// Lines that are nothing but `key=value` pairs (logfmt, or with bars or commas between them): one expression for all,
/// in which the keys that some lines lack are optional.
struct KeyValueLines {
    /// Keys of one expression.
    static let maximumKeys = 60
    /// Different sequences of keys that are put in one order.
    static let maximumSequences = 500

    /// What stands between two pairs.
    struct Separator: Hashable {
        /// A bar, a comma, a semicolon; nil for blanks alone.
        let byte: UInt8?
        let hasBlankBefore: Bool
        let hasBlankAfter: Bool

        var expression: String {
            (hasBlankBefore ? (byte == nil ? " +" : " ") : "") + (byte.map { ExpressionBuilder.escaped([$0]) } ?? "")
                + (hasBlankAfter ? " " : "")
        }
    }

    /// A line taken apart.
    struct Pairs {
        let keys: [[UInt8]]
        let values: [SampleToken]
        let separator: Separator
    }

    private(set) var lines: [Int] = []
    private var order: [[UInt8]] = []
    private var sequences: [[[UInt8]]] = []
    private var values: [[UInt8]: TemplateColumn] = [:]
    private var counts: [[UInt8]: Int] = [:]
    private let separator: Separator

    init(separator: Separator) { self.separator = separator }

    /// The pairs of a line; nil when anything else is in it, or a key is twice.
    static func pairs(_ tokens: [SampleToken], in line: [UInt8]) -> Pairs? {
        guard tokens.count < LineTokenizer.maximumTokens else { return nil }
        var keys: [[UInt8]] = []
        var values: [SampleToken] = []
        var separator: Separator?
        var index = 0
        while index < tokens.count {
            if !keys.isEmpty {
                let token = tokens[index]
                let found: Separator
                if token.kind == .punctuation {
                    guard [UInt8(ascii: "|"), UInt8(ascii: ","), UInt8(ascii: ";")].contains(line[token.start]),
                        index + 1 < tokens.count
                    else { return nil }
                    found = Separator(
                        byte: line[token.start], hasBlankBefore: token.blanks > 0,
                        hasBlankAfter: tokens[index + 1].blanks > 0)
                    index += 1
                } else {
                    found = Separator(byte: nil, hasBlankBefore: true, hasBlankAfter: false)
                }
                if let separator, separator != found { return nil }
                separator = found
            }
            guard index + 1 < tokens.count, tokens[index].kind == .key else { return nil }
            let value = tokens[index + 1]
            guard value.kind != .key, value.kind != .punctuation else { return nil }
            let key = Array(line[tokens[index].start..<(tokens[index].end - 1)])
            if keys.contains(key) { return nil }
            keys.append(key)
            values.append(value)
            index += 2
        }
        guard keys.count >= 2, let separator else { return nil }
        return Pairs(keys: keys, values: values, separator: separator)
    }

    /// Takes in a line; false when there are more keys or sequences than one expression should have.
    mutating func add(_ pairs: Pairs, in line: [UInt8], number: Int) -> Bool {
        let new = pairs.keys.count { values[$0] == nil }
        guard values.count + new <= Self.maximumKeys else { return false }
        if !sequences.contains(pairs.keys) {
            guard sequences.count < Self.maximumSequences else { return false }
            sequences.append(pairs.keys)
        }
        for (key, token) in zip(pairs.keys, pairs.values) {
            counts[key, default: 0] += 1
            if values[key] == nil {
                values[key] = TemplateColumn(token, in: line)
                order.append(key)
            } else {
                values[key]?.add(token, in: line)
            }
        }
        lines.append(number)
        return true
    }

    /// A key, its value, and whether each line has it.
    struct Pair {
        let key: [UInt8]
        let value: TemplateColumn
        let isOptional: Bool
    }

    /// The pairs in an order that every line keeps; nil when lines disagree or the first key is not in all of them.
    func ordered() -> [Pair]? {
        var before: [[UInt8]: Set<[UInt8]>] = [:]
        for sequence in sequences {
            for index in sequence.indices.dropFirst() {
                before[sequence[index], default: []].insert(sequence[index - 1])
            }
        }
        var result: [Pair] = []
        var placed: Set<[UInt8]> = []
        while placed.count < order.count {
            let next = order.first { key in
                !placed.contains(key) && (before[key] ?? []).isSubset(of: placed)
            }
            guard let key = next, let value = values[key] else { return nil }
            placed.insert(key)
            result.append(Pair(key: key, value: value, isOptional: counts[key] != lines.count))
        }
        return result.first?.isOptional == false ? result : nil
    }

    /// What stands between the pairs, as an expression.
    var separatorExpression: String { separator.expression }
}
