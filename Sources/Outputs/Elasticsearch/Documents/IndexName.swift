internal import Events
internal import Expressions
internal import Parsing
internal import Time

/// The name of the index a document goes to: text with places to fill in, compiled once.
///
/// `${tag}`, `${tag[1]}`, `${tag[-1]}` are the tag and its parts, `${key}` and `${$.a.b}` values of the record, `%Y%m%d`
/// the time. With `takesExpressions` what is in `${…}` is Ruby. The result is lower case, as the servers want it.
struct IndexName: ~Copyable {
    enum Part {
        case text([UInt8])
        case tag
        case tagPart(Int)
        case time(TimeFormatter)
        case field(RecordAccessor)
        case expression(Expression)

        /// As it stands in the configuration; nil for text and times, which are never empty.
        var placeholder: String? {
            switch self {
            case .text, .time: nil
            case .tag: "${tag}"
            case .tagPart(let number): "${tag[\(number)]}"
            case .field(let accessor): "${\(accessor.text)}"
            case .expression(let expression): "${\(expression.source)}"
            }
        }
    }

    private(set) var parts: [Part]
    private var evaluator: ExpressionEvaluator
    /// Whether equal tags and equal time spans give equal names, so that a name may be kept.
    let dependsOnRecord: Bool
    let dependsOnTag: Bool
    /// For how many seconds a name stays the same; `Int64.max` when no time is in it.
    let stableSeconds: Int64

    init(_ settings: ElasticsearchSettings) throws(SettingError) {
        var parts: [Part] = []
        var formats: [(text: String, isUTC: Bool)] = []
        if settings.logstashFormat {
            try Self.compile(settings.logstashPrefix, "logstash_prefix", settings, &parts, &formats)
            parts.append(.text(Array(settings.logstashPrefixSeparator.utf8)))
            let zone = settings.utcIndex ? TimeZoneRule.utc : .local
            let format = settings.logstashDateFormat
            parts.append(.time(try TimeFormatter(format, zone: zone, parameter: "logstash_dateformat")))
            formats.append((format, settings.utcIndex))
        } else {
            try Self.compile(settings.indexName, "index_name", settings, &parts, &formats)
        }
        self.parts = parts
        evaluator = ExpressionEvaluator(settings.expressionContext)
        dependsOnRecord = parts.contains {
            switch $0 {
            // What an expression looks at is not known.
            case .field, .expression: true
            default: false
            }
        }
        dependsOnTag = parts.contains {
            switch $0 {
            case .tag, .tagPart: true
            default: false
            }
        }
        stableSeconds = formats.map { Self.stableSeconds($0.text, isUTC: $0.isUTC) }.min() ?? .max
    }

    /// A day in UTC, a quarter of an hour elsewhere (all zones change at its multiples), an hour or a second when the
    /// format shows them.
    private static func stableSeconds(_ format: String, isUTC: Bool) -> Int64 {
        var stable: Int64 = isUTC ? 86_400 : 900
        var isDirective = false
        for letter in format.utf8 {
            if !isDirective {
                isDirective = letter == UInt8(ascii: "%")
                continue
            }
            switch letter {
            case UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "^"), UInt8(ascii: "#"), UInt8(ascii: ":"),
                0x30...0x39:
                continue
            case _ where "YmdjyUWVGgCBbhAauwFDxe%nt".utf8.contains(letter): break
            case _ where "HIklpP".utf8.contains(letter): stable = min(stable, isUTC ? 3600 : 900)
            default: stable = 1
            }
            isDirective = false
        }
        return stable
    }

    private static func compile(
        _ text: String, _ parameter: String, _ settings: ElasticsearchSettings, _ parts: inout [Part],
        _ formats: inout [(text: String, isUTC: Bool)]
    ) throws(SettingError) {
        if settings.takesExpressions {
            for part in try template(text, parameter).parts {
                switch part {
                case .text(let text): parts.append(.text(text))
                case .expression(let expression): parts.append(Self.part(expression))
                }
            }
            return
        }
        var rest = Substring(text)
        while !rest.isEmpty {
            if rest.hasPrefix("${"), let close = rest.firstIndex(of: "}") {
                let name = String(rest[rest.index(rest.startIndex, offsetBy: 2)..<close])
                parts.append(try placeholder(name, parameter))
                rest = rest[rest.index(after: close)...]
                continue
            }
            var literal = String(rest.removeFirst())
            while let next = rest.first, next != "$" { literal.append(rest.removeFirst()) }
            if settings.resolvesTimePlaceholders && literal.contains("%") {
                let zone = settings.placeholderZone
                parts.append(.time(try TimeFormatter(literal, zone: zone, parameter: parameter)))
                formats.append((literal, false))
            } else {
                parts.append(.text(Array(literal.utf8)))
            }
        }
    }

    private static func template(_ text: String, _ parameter: String) throws(SettingError) -> ExpressionTemplate {
        do throws(ExpressionError) {
            return try ExpressionTemplate(text)
        } catch {
            throw SettingError(parameter, error.message, hint: error.hint, offset: error.offset)
        }
    }

    /// Without an evaluation where there is a cheaper way.
    private static func part(_ expression: Expression) -> Part {
        switch expression.simple {
        case .tag: .tag
        case .field(let key): .field(RecordAccessor(key: String(decoding: key, as: UTF8.self)))
        case .tagPart(let number): .tagPart(number)
        default: .expression(expression)
        }
    }

    private static func placeholder(_ name: String, _ parameter: String) throws(SettingError) -> Part {
        if name == "tag" { return .tag }
        if name.hasPrefix("tag["), name.hasSuffix("]"), let number = Int(name.dropFirst(4).dropLast()) {
            return .tagPart(number)
        }
        do {
            return .field(try RecordAccessor(name))
        } catch {
            throw SettingError(parameter, "invalid placeholder ${\(name)}: \(error.message)")
        }
    }

    /// Writes the name, in lower case. Answers the first placeholder that nothing stands for, as it is written.
    mutating func write(
        _ record: Record, _ time: EventTime, _ tag: Tag, _ rows: borrowing Rows, _ storage: inout ByteBuffer,
        to out: inout ByteBuffer
    ) throws(ExpressionFailure) -> String? {
        let start = out.count
        var empty: String?
        var hasBegun = false
        for index in parts.indices {
            let before = out.count
            switch parts[index] {
            case .text(let text): out.append(text)
            case .tag: out.append(tag.bytes)
            case .tagPart(let number):
                let words = tag.bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
                let place = number < 0 ? words.count + number : number
                if words.indices.contains(place) { out.append(Array(words[place])) }
            case .time(var formatter):
                formatter.write(time, to: &out)
                parts[index] = .time(formatter)
            case .field(let accessor):
                if let value = rows.value(at: accessor, in: record, storage) { out.appendText(value, storage) }
            case .expression(let expression):
                if !hasBegun { evaluator.begin(record, tag, rows) }
                hasBegun = true
                try evaluator.appendText(of: expression, &storage, to: &out)
            }
            if out.count == before, empty == nil { empty = parts[index].placeholder }
        }
        out.lowerCase(from: start)
        return empty
    }
}

extension ByteBuffer {
    /// ASCII letters only: index names may hold others, and they have no case rules there.
    mutating func lowerCase(from start: Int) {
        for offset in start..<count where self[offset] &- 0x41 < 26 { self[offset] |= 0x20 }
    }
}
