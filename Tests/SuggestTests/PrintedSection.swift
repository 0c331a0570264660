import ConfigFile
import Events
import Parsing
import Suggest
import Testing

@testable import Pipeline

/// The parsers that the daemon makes of the text a suggestion prints: read by the configuration's own reader.
final class PrintedSection {
    let types: [String]
    private let parsers: [any TextParser]
    private let faults = ConversionFaults()
    private var storage = ByteBuffer(capacity: 64 * 1024)
    private var rows = Rows(fieldCapacity: 256)

    init(_ text: String) throws {
        let document = ConfigDocument.parse(
            bytes: Array("<filter **>\n@type parser\nkey_name message\n\(text)</filter>\n".utf8),
            environment: ConfigEnvironment(hostname: "host.example"), from: MemoryFiles([:]))
        let sections = document.root.sections(named: "filter").flatMap { $0.sections(named: "parse") }
        let parsed = sections.compactMap { ParseSection.read($0, document.diagnostics) }
        let messages = document.diagnostics.inFileOrder.map(\.message)
        try #require(parsed.count == sections.count && messages.isEmpty, "\(messages)\n\(text)")
        types = parsed.map(\.type)
        parsers = parsed.map { [faults] in $0.recipe.makeParser(noting: faults) }
    }

    /// The fields of a record as text, by the first parser that takes it; nil when none does.
    func fields(_ record: [UInt8]) -> [String: String]? {
        for (type, parser) in zip(types, parsers) {
            storage.clear()
            rows.clear()
            parser.beginBatch(storage: &storage)
            let text = storage.append(copyOf: record)
            let result = parser.parse(text, storage: &storage, rows: &rows)
            guard case .matched = result else { continue }
            guard faults.take().isEmpty else { continue }
            var found: [String: String] = [:]
            for index in 0..<rows.fields.count {
                var value = ByteBuffer()
                value.appendText(rows.fields[index].value, storage)
                found[storage.text(rows.fields[index].key)] = value.text(Slice(offset: 0, length: value.count))
            }
            // A grok parser lets a text pass that no pattern matches.
            if type.hasSuffix("grok"), found == ["message": String(decoding: record, as: UTF8.self)],
                !Self.isTaken(parser)
            {
                continue
            }
            return found
        }
        return nil
    }

    private static func isTaken(_ parser: any TextParser) -> Bool { (parser as? GrokParser)?.lastHit != nil }
}
