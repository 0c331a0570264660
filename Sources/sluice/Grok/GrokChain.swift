import CommandLine
import ConfigFile
import Events
import Grok
import Parsing
import Pipeline
import Time

/// The parser filters of a configuration that a tag passes, one after the other: each takes what the one before it made.
struct GrokChain {
    struct Stage {
        /// `<filter app.**> (grok, message)`.
        let title: String
        let key: RecordAccessor
        let grok: GrokOptions?
        let filter: any Filter
        /// Says whether a pattern matched: without one the text passes as it is.
        let parser: GrokParser?
    }

    /// What one stage made of a record.
    struct Passage {
        /// The text that the stage parsed; nil when the record has none at its key.
        var text: [UInt8]?
        /// Records that went on, as JSON.
        var records: [String] = []
        /// Why the record was refused.
        var reasons: [String] = []
        var isRefused: Bool { !reasons.isEmpty || records.isEmpty }
    }

    let tag: String
    let stages: [Stage]

    /// nil when no filter is asked for, or a single one that is grok: that one needs no chain.
    static func read(_ parsed: ParsedCommand) throws(GrokCommand.Failure) -> GrokChain? {
        guard let tag = parsed.value(GrokCommandOptions.filter), !parsed.has(GrokCommandOptions.pattern),
            let path = ConfigurationLoader.path(parsed.value(GrokCommandOptions.config))
        else { return nil }
        let loaded = ConfigurationLoader.load(path)
        let found = loaded.plan.parserFilters(matching: tag)
        guard !loaded.document.diagnostics.hasErrors, found.count > 1 else { return nil }
        var stages: [Stage] = []
        for (pattern, filter) in found {
            guard let key = filter.parsedKey else { continue }
            do {
                stages.append(
                    Stage(
                        title: "<filter \(pattern.text)> (\(filter.summary))", key: key, grok: filter.grok,
                        filter: try filter.makeAlone(),
                        parser: try filter.grok.map { try ParserRecipe.grok($0).makeParser() } as? GrokParser))
            } catch {
                throw GrokCommand.Failure("Error: \(error)\n", ExitStatus.failure)
            }
        }
        return GrokChain(tag: tag, stages: stages)
    }

    private static func matches(_ text: [UInt8], _ parser: GrokParser) -> Bool {
        var storage = ByteBuffer(capacity: text.count + 4096)
        storage.append(text)
        parser.beginBatch(storage: &storage)
        var rows = Rows(fieldCapacity: 64)
        let result = parser.parse(Slice(offset: 0, length: text.count), storage: &storage, rows: &rows)
        if case .matched = result { return parser.lastHit != nil }
        return false
    }

    /// Sends a line through, as far as it comes.
    func run(_ line: [UInt8]) -> [Passage] {
        var storage = ByteBuffer(capacity: line.count + 4096)
        var rows = Rows(fieldCapacity: 64)
        guard let first = stages.first else { return [] }
        let key = storage.place(of: first.key.topLevelKey ?? Array(first.key.text.utf8))
        let text = storage.place(of: line)
        rows.fields.append(Field(key: key, value: .string(text)))
        rows.records.append(Record(time: Clock.now(), firstField: 0, fieldCount: 1))
        let batch = Batch(Tag(tag))
        var passages: [Passage] = []
        for stage in stages {
            var passage = Passage()
            if let record = rows.records.first, let value = rows.value(at: stage.key, in: record, storage) {
                var shown = ByteBuffer(capacity: 256)
                shown.appendText(value, storage)
                passage.text = shown.array(Slice(offset: 0, length: shown.count))
            }
            stage.filter.apply(batch, storage: &storage, rows: &rows)
            for record in rows.records {
                var out = ByteBuffer(capacity: 256)
                out.appendJSONObject(record, rows, storage)
                passage.records.append(out.text(Slice(offset: 0, length: out.count)))
            }
            passage.reasons = rows.rejections.map(\.reason)
            rows.rejections.removeAll()
            if let parser = stage.parser, passage.reasons.isEmpty, let text = passage.text, !Self.matches(text, parser)
            {
                passage.reasons = ["no pattern matches; the text passes as it is"]
            }
            passages.append(passage)
            if passage.isRefused { break }
        }
        return passages
    }
}

extension ByteBuffer {
    /// Puts bytes at the end and says where.
    fileprivate mutating func place(of bytes: [UInt8]) -> Slice {
        let offset = count
        append(bytes)
        return Slice(offset: offset, length: bytes.count)
    }
}

/// `match` with a chain: each line with what each stage did.
struct GrokChainMatch {
    private let chain: GrokChain
    private let asJSON: Bool
    private let progress: GrokProgress

    init(_ chain: GrokChain, asJSON: Bool, _ progress: GrokProgress) {
        self.chain = chain
        self.asJSON = asJSON
        self.progress = progress
    }

    func run(_ source: consuming GrokLines, separator: UInt8) throws(GrokCommand.Failure) -> Int32 {
        var lines = source
        var storage = ByteBuffer(capacity: GrokLines.blockBytes * 2)
        var out = ByteBuffer(capacity: 64 * 1024)
        var (count, matched) = (0, 0)
        do throws(GrokLines.ReadError) {
            while try lines.read(into: &storage) {
                var start = 0
                while start < storage.count {
                    let text = GrokLines.text(storage, from: start, limit: storage.count, separator: separator)
                    start = text.end + 1
                    let line = storage.array(text)
                    let passages = chain.run(line)
                    count += 1
                    if passages.count == chain.stages.count, !passages.contains(where: \.isRefused) { matched += 1 }
                    out.append(asJSON ? json(passages) : Self.text(line, passages, chain))
                    if out.count >= 256 * 1024 { StandardOutput.flush(&out) }
                }
                progress.done = count
                progress.update()
            }
        } catch {
            throw GrokCommand.Failure("Error: \(error)\n", ExitStatus.cannotRead)
        }
        progress.finish()
        if !asJSON {
            out.append(
                "\n\(count) \(count == 1 ? "line" : "lines"): \(matched) passed all \(chain.stages.count) filters\n")
        }
        StandardOutput.flush(&out)
        return matched == count ? GrokCommand.Status.matched : GrokCommand.Status.unmatched
    }

    static func text(_ line: [UInt8], _ passages: [GrokChain.Passage], _ chain: GrokChain) -> String {
        let style = Style(.standardOutput)
        var text = GrokPlaces.visible(line[...]) + "\n"
        for (stage, passage) in zip(chain.stages, passages) {
            text += "  \(style.faint(stage.title))\n"
            for record in passage.records { text += "    \(GrokPlaces.visible(Array(record.utf8)[...]))\n" }
            for reason in passage.reasons {
                text += "    \(style.failure("refused"))  \(GrokPlaces.visible(Array(reason.utf8)[...]))\n"
            }
        }
        let left = chain.stages.count - passages.count
        if left > 0 {
            text += "  \(style.faint("does not come to \(left) more \(left == 1 ? "filter" : "filters")"))\n"
        }
        for remark in GrokRemarks.of(line) where passages.contains(where: \.isRefused) { text += "  note: \(remark)\n" }
        return text
    }

    private func json(_ passages: [GrokChain.Passage]) -> String {
        var out = ByteBuffer(capacity: 512)
        let passed = passages.count == chain.stages.count && !passages.contains(where: \.isRefused)
        out.append("{\"matched\":\(passed)")
        if let record = passages.last?.records.first { out.append(",\"record\":\(record)") }
        out.append(",\"stages\":[")
        for (index, passage) in passages.enumerated() {
            out.append(index > 0 ? ",{\"filter\":" : "{\"filter\":")
            out.appendJSONString(chain.stages[index].title)
            out.append(",\"matched\":\(!passage.isRefused)")
            if let reason = passage.reasons.first {
                out.append(",\"reason\":")
                out.appendJSONString(reason)
            }
            out.append(",\"records\":[\(passage.records.joined(separator: ","))]}")
        }
        out.append("]}\n")
        return out.text(Slice(offset: 0, length: out.count))
    }
}
