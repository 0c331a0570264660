internal import Events
internal import Logging
internal import Parsing
internal import Time

/// From the lines of a file to records: joins lines that belong together, parses, and says what could not be parsed. One
/// for each input; a batch is of one file.
final class LineReader {
    private let settings: TailSettings
    private let parser: any TextParser
    private let firstLine: FirstLineMatcher?
    private let joinsUntilMatch: Bool
    private let converter: TextConverter?
    private let log: Log
    /// Hears of each text that makes no record; nil: the log alone does.
    private let refusals: IntakeRefusals?
    let newline: [UInt8]
    private var now = EventTime(seconds: 0)
    private let pathKey: [UInt8]?

    init(_ settings: TailSettings, log: Log, refusals: IntakeRefusals? = nil) {
        self.settings = settings
        self.refusals = refusals
        self.log = log
        parser = settings.parser.makeParser()
        converter = settings.encoding.flatMap { TextConverter(from: $0) }
        newline = converter?.newline ?? [0x0A]
        pathKey = settings.pathKey.map { Array($0.utf8) }
        switch settings.parser.lines {
        case .single: (firstLine, joinsUntilMatch) = (nil, false)
        case .untilMatch: (firstLine, joinsUntilMatch) = (nil, true)
        case .untilFirstLine(let line): (firstLine, joinsUntilMatch) = (line.makeMatcher(), false)
        }
    }

    func beginBatch(_ storage: inout ByteBuffer) {
        now = Clock.now()
        parser.beginBatch(storage: &storage)
    }

    /// Takes a line, without its end, that begins at an offset of the file.
    func take(
        _ line: Slice, at offset: UInt64, of file: JoinedLines, atMilliseconds milliseconds: UInt64,
        _ storage: inout ByteBuffer, _ rows: inout Rows
    ) {
        let line = converter?.convert(line, &storage) ?? line
        if let firstLine {
            if firstLine.matches(line, &storage) {
                flush(file, &storage, &rows)
            } else if file.text == nil {
                return unmatched(line, file, "a line before the first line of a text", &storage, &rows)
            }
        } else if !joinsUntilMatch {
            return parse(line, file, &storage, &rows)
        }
        add(line, at: offset, to: file, milliseconds, storage)
        if joinsUntilMatch { tryText(of: file, &storage, &rows) }
        if file.text?.bytes.count ?? 0 > settings.lineBytes { flush(file, &storage, &rows) }
    }

    /// What belongs together so far is complete.
    func flush(_ file: JoinedLines, _ storage: inout ByteBuffer, _ rows: inout Rows) {
        guard let text = file.text else { return }
        file.text = nil
        parse(storage.append(copyOf: text.bytes), file, &storage, &rows)
    }

    private func add(
        _ line: Slice, at offset: UInt64, to file: JoinedLines, _ milliseconds: UInt64, _ storage: borrowing ByteBuffer
    ) {
        if file.text == nil {
            file.text = JoinedLines.Text(bytes: storage.array(line), start: offset, changedAtMilliseconds: milliseconds)
        } else {
            file.text?.bytes.append(0x0A)
            file.text?.bytes += storage.array(line)
            file.text?.changedAtMilliseconds = milliseconds
        }
    }

    private func tryText(of file: JoinedLines, _ storage: inout ByteBuffer, _ rows: inout Rows) {
        guard let text = file.text else { return }
        let first = rows.fields.count
        let result = parser.parse(storage.append(copyOf: text.bytes), storage: &storage, rows: &rows)
        if case .matched(let time) = result {
            file.text = nil
            add(first..<rows.fields.count, time, file, &storage, &rows)
        }
    }

    // MARK: - Records

    private func parse(_ text: Slice, _ file: JoinedLines, _ storage: inout ByteBuffer, _ rows: inout Rows) {
        let first = rows.fields.count
        let result = parser.parse(text, storage: &storage, rows: &rows)
        if case .matched(let time) = result {
            return add(first..<rows.fields.count, time, file, &storage, &rows)
        }
        take(result, text, first..<rows.fields.count, file, &storage, &rows)
    }

    private func take(
        _ result: ParseResult, _ text: Slice, _ fields: Range<Int>, _ file: JoinedLines, _ storage: inout ByteBuffer,
        _ rows: inout Rows
    ) {
        switch result {
        case .matched(let time): add(fields, time, file, &storage, &rows)
        case .matchedMany(let records): for one in records { add(one.fields, one.time, file, &storage, &rows) }
        case .parts(let parts):
            for part in parts { take(part.result, part.text, part.fields, file, &storage, &rows) }
        case .noMatch: unmatched(text, file, "pattern not matched", &storage, &rows)
        case .gaveUp(let reason): unmatched(text, file, reason, &storage, &rows)
        case .invalidTime(let reason), .malformed(let reason):
            refusals?.note(reason)
            log.limited(
                .warn, kind: "invalid line", subject: ["path": file.path], "invalid line found: it is dropped",
                ["error": reason, "line": shown(text, storage)])
        }
    }

    private func add(
        _ fields: Range<Int>, _ time: EventTime?, _ file: JoinedLines, _ storage: inout ByteBuffer, _ rows: inout Rows
    ) {
        var record = Record(time: time ?? now, firstField: fields.lowerBound, fieldCount: fields.count)
        if let pathKey, rows.find(pathKey, in: record, storage) == nil {
            let first = fields.upperBound == rows.fields.count ? fields.lowerBound : rows.copyFields(of: record)
            let key = storage.append(copyOf: pathKey)
            rows.fields.append(Field(key: key, value: .string(storage.append(copyOf: Array(file.path.utf8)))))
            record = Record(time: record.time, firstField: first, fieldCount: rows.fields.count - first)
        }
        rows.records.append(record)
    }

    private func unmatched(
        _ line: Slice, _ file: JoinedLines, _ reason: String, _ storage: inout ByteBuffer, _ rows: inout Rows
    ) {
        log.limited(
            .warn, kind: "unmatched", subject: ["path": file.path], reason, ["line": shown(line, storage)])
        guard settings.emitsUnmatchedLines else {
            refusals?.note(reason)
            return
        }
        let first = rows.fields.count
        let key = storage.append(copyOf: Self.unmatchedKey)
        rows.fields.append(Field(key: key, value: .string(line)))
        add(first..<rows.fields.count, now, file, &storage, &rows)
    }

    private static let unmatchedKey = Array("unmatched_line".utf8)

    private func shown(_ line: Slice, _ storage: borrowing ByteBuffer) -> String {
        storage.text(Slice(offset: Int(line.offset), length: min(Int(line.length), 200)))
    }
}
