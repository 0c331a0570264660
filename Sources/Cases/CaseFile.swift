package import Events
internal import Time
package import YAML

/// A file of cases, read and checked (`FORMAT.md`).
package struct CaseFile: Sendable {
    /// From the file's folder; nil: not said.
    package let config: String?
    package let environment: [String: String]
    package let cases: [Case]

    /// Reads a file.
    ///
    /// - Throws: `YAMLError`, also for what is YAML and no case.
    package init(_ bytes: [UInt8]) throws(YAMLError) {
        guard let node = try YAMLDocument.parse(bytes) else {
            throw YAMLError(line: 1, column: 1, sentence: "the file is empty; it needs 'cases'")
        }
        let reader = try MappingReader(node, "a file of cases", knows: ["config", "environment", "cases"])
        config = try reader.text("config")
        var environment: [String: String] = [:]
        for entry in try reader.mapping("environment") ?? [] {
            guard let text = entry.value.text else { throw .at(entry.value, "'\(entry.key)' is a text") }
            environment[entry.key] = text
        }
        self.environment = environment
        guard let list = reader["cases"] else { throw .at(node, "'cases' is missing") }
        guard let items = list.items else { throw .at(list, "'cases' is a list") }
        var cases: [Case] = []
        for item in items { cases.append(try Case(item)) }
        self.cases = cases
    }
}

/// Events, and what must become of them.
package struct Case: Sendable {
    package enum Input: Sendable, Equatable {
        case lines([String])
        /// JSON objects.
        case records([[UInt8]])
        /// From the file's folder: a line each.
        case file(String)
    }

    package static let standardTime = EventTime(seconds: 1_577_836_800)

    package let name: String
    package let line: Int
    /// nil: its source gives it.
    package let tag: String?
    /// The source that texts go through; nil: they become a field.
    package let source: String?
    package let time: EventTime
    package let input: Input
    /// The field that takes a line.
    package let key: String
    package let label: String?
    package let expected: [ExpectedEnd]
    /// Where `expect` stands, or would.
    let expectPlace: CaseRewriting.Place

    init(_ node: YAMLNode) throws(YAMLError) {
        let inputs = ["line", "lines", "record", "records", "file"]
        let reader = try MappingReader(
            node, "a case", knows: ["name", "tag", "source", "time", "key", "label", "expect"] + inputs)
        line = node.place.line
        tag = try reader.text("tag")
        source = try reader.text("source")
        guard let called = tag ?? source else { throw .at(node, "a case needs a 'tag', or a 'source' that gives one") }
        name = try reader.text("name") ?? called
        key = try reader.text("key") ?? "log"
        label = try reader.text("label")
        time = try reader.time("time") ?? Self.standardTime
        let given = inputs.filter { reader[$0] != nil }
        guard given.count == 1, let kind = given.first, let value = reader[kind] else {
            throw .at(node, "a case needs one of \(inputs.joined(separator: ", "))")
        }
        if source != nil {
            if kind.hasPrefix("record") { throw .at(value, "through a 'source' go texts: a line, lines or a file") }
            if let key = reader["key"] { throw .at(key, "through a 'source' go texts: 'key' has no meaning") }
        }
        switch kind {
        case "line": input = .lines([try Self.line(value)])
        case "lines":
            guard let items = value.items else { throw .at(value, "'lines' is a list") }
            var lines: [String] = []
            for item in items { lines.append(try Self.line(item)) }
            input = .lines(lines)
        case "file": input = .file(try Self.line(value))
        default:
            guard let items = kind == "record" ? [value] : value.items else { throw .at(value, "'records' is a list") }
            var records: [[UInt8]] = []
            for item in items {
                guard item.entries != nil else { throw .at(item, "a record is a mapping") }
                records.append(JSONOfYAML.bytes(item))
            }
            input = .records(records)
        }
        var expected: [ExpectedEnd] = []
        if let list = reader["expect"] {
            guard let items = list.items else { throw .at(list, "'expect' is a list") }
            for item in items { expected.append(try ExpectedEnd(item)) }
        }
        self.expected = expected
        expectPlace = CaseRewriting.Place(of: node)
    }

    /// Whether another case is the same but for what it expects.
    func isAlike(_ other: Case) -> Bool {
        (name, tag, time, key, label) == (other.name, other.tag, other.time, other.key, other.label)
            && source == other.source && input == other.input
    }

    private static func line(_ node: YAMLNode) throws(YAMLError) -> String {
        guard let text = node.text else { throw .at(node, "a line is a text") }
        return text
    }
}

/// The entries of a mapping, of which all must be known.
struct MappingReader {
    private let entries: [YAMLNode.Entry]

    init(_ node: YAMLNode, _ what: String, knows keys: [String]) throws(YAMLError) {
        guard let entries = node.entries else { throw .at(node, "\(what) is a mapping") }
        for entry in entries where !keys.contains(entry.key) {
            throw YAMLError(
                line: entry.keyPlace.line, column: entry.keyPlace.column,
                sentence: "\(what) has no '\(entry.key)'; it may have \(keys.joined(separator: ", "))")
        }
        self.entries = entries
    }

    subscript(_ key: String) -> YAMLNode? { entries.first { $0.key == key }?.value }

    func text(_ key: String) throws(YAMLError) -> String? {
        guard let node = self[key] else { return nil }
        guard let text = node.text else { throw .at(node, "'\(key)' is a text") }
        return text
    }

    func mapping(_ key: String) throws(YAMLError) -> [YAMLNode.Entry]? {
        guard let node = self[key] else { return nil }
        guard let entries = node.entries else { throw .at(node, "'\(key)' is a mapping") }
        return entries
    }

    func time(_ key: String) throws(YAMLError) -> EventTime? {
        guard let node = self[key] else { return nil }
        guard let text = node.text else { throw .at(node, "'\(key)' is a time") }
        var storage = ByteBuffer()
        let value = Value.string(storage.append(copyOf: Array(text.utf8)))
        guard case .time(let time) = TimeReader(.lenient, zone: .utc).read(value, &storage) else {
            throw .at(node, "'\(text)' is no time; write it as 2026-03-04T05:06:07Z")
        }
        return time
    }
}

extension YAMLError {
    static func at(_ node: YAMLNode, _ sentence: String) -> YAMLError {
        YAMLError(line: node.place.line, column: node.place.column, sentence: sentence)
    }
}
