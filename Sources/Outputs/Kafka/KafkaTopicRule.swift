package import Events
package import Time

/// To which topic an event goes: a template, else a field of the record, else a name, else the tag.
package struct KafkaTopicRule: Sendable {
    /// `topic`
    package var template: TopicTemplate?
    /// `topic_key`, where it is a chunk key.
    package var key: [UInt8]?
    /// `default_topic`
    package var fallback: [UInt8]?

    package init(template: TopicTemplate? = nil, key: String? = nil, fallback: String? = nil) {
        self.template = template
        self.key = key.map { Array($0.utf8) }
        self.fallback = fallback.map { Array($0.utf8) }
    }

    /// Appends the topic's name.
    mutating func write(
        _ record: Record, _ tag: Tag, _ rows: borrowing Rows, _ storage: borrowing ByteBuffer, to out: inout ByteBuffer
    ) {
        if template != nil {
            template?.write(record, tag, rows, storage, to: &out)
            return
        }
        let start = out.count
        if let key, let place = rows.find(key, in: record, storage) {
            out.appendText(rows.fields[place].value, storage)
            if out.count > start { return }
        }
        out.append(fallback ?? tag.bytes)
    }
}

/// A name with places to fill in: `${tag}`, `${tag[1]}`, `${field}`, `${$.a.b}`, and `%Y%m%d` where there are slices of
/// time. Compiled once.
package struct TopicTemplate: Sendable {
    private enum Part: Sendable {
        case text([UInt8])
        case time(TimeFormatter)
        case tag
        case tagPart(Int)
        case field(RecordAccessor)
    }

    private var parts: [Part] = []

    /// - Parameter zone: of the slices of time; nil: there are none, and `%` is a letter like others.
    package init(_ text: String, zone: TimeZoneRule? = nil) throws(SettingError) {
        var rest = Substring(text)
        var literal = ""
        func flush(_ parts: inout [Part]) throws(SettingError) {
            defer { literal = "" }
            if literal.isEmpty { return }
            if let zone, literal.contains("%") {
                parts.append(.time(try TimeFormatter(literal, zone: zone, parameter: "topic")))
            } else {
                parts.append(.text(Array(literal.utf8)))
            }
        }
        while !rest.isEmpty {
            guard rest.hasPrefix("${"), let close = rest.firstIndex(of: "}") else {
                literal.append(rest.removeFirst())
                continue
            }
            try flush(&parts)
            parts.append(try Self.part(String(rest[rest.index(rest.startIndex, offsetBy: 2)..<close])))
            rest = rest[rest.index(after: close)...]
        }
        try flush(&parts)
    }

    private static func part(_ name: String) throws(SettingError) -> Part {
        if name == "tag" { return .tag }
        if name.hasPrefix("tag["), name.hasSuffix("]"), let number = Int(name.dropFirst(4).dropLast()) {
            return .tagPart(number)
        }
        if name == "chunk_id" {
            throw SettingError("topic", "'${chunk_id}' cannot name a topic", hint: "write ${tag} or ${a field}")
        }
        do throws(RecordAccessor.SyntaxError) {
            return .field(try RecordAccessor(name))
        } catch {
            throw SettingError(
                "topic", "'${\(name)}' is neither the tag nor a place in a record: \(error.message)",
                hint: "write ${tag}, ${tag[1]}, ${field} or ${$.outer.inner}")
        }
    }

    mutating func write(
        _ record: Record, _ tag: Tag, _ rows: borrowing Rows, _ storage: borrowing ByteBuffer, to out: inout ByteBuffer
    ) {
        for index in parts.indices {
            switch parts[index] {
            case .text(let text): out.append(text)
            case .time(var formatter):
                formatter.write(record.time, to: &out)
                parts[index] = .time(formatter)
            case .tag: out.append(tag.bytes)
            case .tagPart(let number):
                let words = tag.bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
                let place = number < 0 ? words.count + number : number
                if words.indices.contains(place) { out.append(Array(words[place])) }
            case .field(let accessor):
                if let value = rows.value(at: accessor, in: record, storage) { out.appendText(value, storage) }
            }
        }
    }
}
