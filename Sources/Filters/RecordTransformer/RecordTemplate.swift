package import Events
package import Expressions

/// A value of `<record>` with its placeholders: `"${hostname}: ${record["level"]}"`, or a JSON object or array of such.
///
/// Placeholders: `${tag}`, `${tag_parts[n]}` (n may be negative, or a range `a..b`), `${tag_prefix[n]}`,
/// `${tag_suffix[n]}`, `${hostname}`, `${time}`, `${record["key"]}`. What is not there (a part beyond the tag's end, a key)
/// and what is not known is null when it is the whole value, and nothing inside text. With `enable_ruby` they are
/// expressions.
package indirect enum RecordTemplate: Sendable {
    case text(TextTemplate)
    case array([RecordTemplate])
    case object([(key: TextTemplate, value: RecordTemplate)])
    /// A number, true, false or null of a JSON value, as it is written.
    case literal([UInt8])
}

package struct TextTemplate: Sendable {
    package enum Part: Sendable {
        case text([UInt8])
        case tag
        /// Negative numbers count from the end.
        case tagParts(from: Int, to: Int)
        /// The first n + 1 parts.
        case tagPrefix(Int)
        /// The parts from n on.
        case tagSuffix(Int)
        case hostname
        case time
        case field(RecordAccessor)
        /// With `enable_ruby`, whatever is none of the above.
        case expression(Expression)
        /// Not known: empty, and null when alone.
        case unknown(String)
    }

    package let parts: [Part]
    /// Whether it was read as Ruby, in which `to_s` makes text of values.
    let isRuby: Bool
    /// Names in expressions that nothing is known by.
    package let unknownVariables: [Expression.UnknownName]

    /// A template of expressions, for `enable_ruby true`.
    package init(expressions text: String) throws(ExpressionError) {
        let template = try ExpressionTemplate(text)
        parts = template.parts.map { part in
            switch part {
            case .text(let text): .text(text)
            case .expression(let expression): Self.part(expression)
            }
        }
        unknownVariables = template.expressions.flatMap(\.unknownNames)
        isRuby = true
    }

    private static func part(_ expression: Expression) -> Part {
        switch expression.simple {
        case .tag: .tag
        case .hostname: .hostname
        case .time: .time
        case .field(let key): .field(RecordAccessor(key: String(decoding: key, as: UTF8.self)))
        case .tagPart(let number): .tagParts(from: number, to: number)
        case .tagPrefix(let number): .tagPrefix(number)
        case .tagSuffix(let number): .tagSuffix(number)
        case nil: .expression(expression)
        }
    }

    /// - Parameter bareFields: whether `${name}` is a field where nothing else has that name, and `tags` are `tag_parts`.
    package init(_ text: String, bareFields: Bool = false) {
        var parts: [Part] = []
        let bytes = Array(text.utf8)
        var literal: [UInt8] = []
        var index = 0
        while index < bytes.count {
            if bytes[index] == UInt8(ascii: "$"), index + 1 < bytes.count, bytes[index + 1] == UInt8(ascii: "{"),
                let close = bytes[index...].firstIndex(of: UInt8(ascii: "}"))
            {
                if !literal.isEmpty { parts.append(.text(literal)) }
                literal = []
                let name = String(decoding: bytes[(index + 2)..<close], as: UTF8.self)
                var part = Self.placeholder(
                    bareFields && name.hasPrefix("tags[") ? "tag_parts" + name.dropFirst(4) : name)
                if bareFields, case .unknown = part { part = .field(RecordAccessor(key: name)) }
                parts.append(part)
                index = close + 1
            } else {
                literal.append(bytes[index])
                index += 1
            }
        }
        if !literal.isEmpty || parts.isEmpty { parts.append(.text(literal)) }
        self.parts = parts
        isRuby = false
        unknownVariables = []
    }

    /// The names that are not known, for a warning when the configuration is read.
    package var unknownNames: [String] {
        parts.compactMap { if case .unknown(let name) = $0 { name } else { nil } }
    }

    private static func placeholder(_ name: String) -> Part {
        switch name {
        case "tag": return .tag
        case "hostname": return .hostname
        case "time": return .time
        default: break
        }
        if let key = recordKey(name) { return .field(key) }
        if let inside = inside(name, "tag_parts") {
            if let number = Int(inside) { return .tagParts(from: number, to: number) }
            if let (from, to) = split(inside) { return .tagParts(from: from, to: to) }
        }
        if let inside = inside(name, "tag_prefix"), let number = Int(inside) { return .tagPrefix(number) }
        if let inside = inside(name, "tag_suffix"), let number = Int(inside) { return .tagSuffix(number) }
        return .unknown(name)
    }

    /// The largest number that a placeholder asks of the tag's parts, counted from 0.
    package var farthestTagPart: Int? {
        parts.compactMap { part in
            switch part {
            case .tagParts(let from, _): from
            case .tagPrefix(let number), .tagSuffix(let number): number
            default: nil
            }
        }.max()
    }

    var usesTagParts: Bool {
        parts.contains { part in
            switch part {
            case .tagParts, .tagPrefix, .tagSuffix: true
            default: false
            }
        }
    }

    /// Whether two records of one tag may have different texts.
    var dependsOnRecord: Bool {
        parts.contains { part in
            switch part {
            case .text, .tag, .tagParts, .tagPrefix, .tagSuffix, .hostname, .unknown: false
            case .time, .field, .expression: true
            }
        }
    }

    /// Whether an evaluator is needed.
    var usesExpressions: Bool { isRuby && parts.contains { if case .text = $0 { false } else { true } } }

    /// `record["key"]`. nil: anything else, also what has more behind it.
    private static func recordKey(_ name: String) -> RecordAccessor? {
        // A method's name would be a key to the accessor, and what Ruby puts into a text would be part of one.
        guard name.hasPrefix("record[\""), !name.contains("]."), !name.contains("#{"), !name.contains("\\"),
            let place = try? RecordAccessor("$" + name.dropFirst("record".count))
        else { return nil }
        return place.steps.count == 1 ? place : nil
    }

    private static func inside(_ name: String, _ function: String) -> String? {
        guard name.hasPrefix(function + "["), name.hasSuffix("]") else { return nil }
        return String(name.dropFirst(function.count + 1).dropLast())
    }

    private static func split(_ text: String) -> (Int, Int)? {
        let bytes = Array(text.utf8)
        guard let dot = bytes.firstIndex(of: UInt8(ascii: ".")), dot + 1 < bytes.count,
            bytes[dot + 1] == UInt8(ascii: "."),
            let from = Int(String(decoding: bytes[..<dot], as: UTF8.self)),
            let to = Int(String(decoding: bytes[(dot + 2)...], as: UTF8.self))
        else { return nil }
        return (from, to)
    }
}

extension RecordTemplate {
    var usesTagParts: Bool {
        switch self {
        case .text(let text): text.usesTagParts
        case .array(let items): items.contains(where: \.usesTagParts)
        case .object(let members): members.contains { $0.key.usesTagParts || $0.value.usesTagParts }
        case .literal: false
        }
    }

    var usesExpressions: Bool {
        switch self {
        case .text(let text): text.usesExpressions
        case .array(let items): items.contains(where: \.usesExpressions)
        case .object(let members): members.contains { $0.key.usesExpressions || $0.value.usesExpressions }
        case .literal: false
        }
    }

    package var unknownVariables: [Expression.UnknownName] {
        switch self {
        case .text(let text): text.unknownVariables
        case .array(let items): items.flatMap(\.unknownVariables)
        case .object(let members): members.flatMap { $0.key.unknownVariables + $0.value.unknownVariables }
        case .literal: []
        }
    }

    /// See `TextTemplate.farthestTagPart`.
    package var farthestTagPart: Int? {
        switch self {
        case .text(let text): text.farthestTagPart
        case .array(let items): items.compactMap(\.farthestTagPart).max()
        case .object(let members):
            members.flatMap { [$0.key.farthestTagPart, $0.value.farthestTagPart] }.compactMap { $0 }.max()
        case .literal: nil
        }
    }

    package var unknownNames: [String] {
        switch self {
        case .text(let text): text.unknownNames
        case .array(let items): items.flatMap(\.unknownNames)
        case .object(let members): members.flatMap { $0.key.unknownNames + $0.value.unknownNames }
        case .literal: []
        }
    }
}
