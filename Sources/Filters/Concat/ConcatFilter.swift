package import Events
package import Grok
package import Logging

/// `@type concat`: joins the pieces of one text again, as the plugin fluent-plugin-concat does. The event has the fields of
/// the first piece and the time of the record that ended it.
///
/// A stream's pieces must come through one loop, as they do over one connection.
package final class ConcatFilter: Filter, EventHolder {
    private let settings: ConcatSettings
    private let held: HeldStreams
    private let scratch: MatchScratch
    private let log: Log
    package let stageName: String
    package let timeoutOutlet: (any Emitter)?
    private var output: [Record] = []
    private var text = ByteBuffer()

    /// A record, and what of it is joined.
    private struct Piece {
        let record: Record
        let field: Int
        let text: Slice
        let tag: Tag
        let stream: [UInt8]
    }

    /// - Parameters:
    ///   - limits: those of the section, for all loops.
    ///   - timeoutOutlet: `timeout_label`.
    ///   - scratch: with the time that one piece has; tests give it another clock.
    package init(
        _ settings: ConcatSettings, limits: HeldLimits, timeoutOutlet: (any Emitter)? = nil, log: Log = .discarding,
        scratch: MatchScratch = MatchScratch(captures: 1)
    ) {
        self.settings = settings
        self.timeoutOutlet = timeoutOutlet
        self.scratch = scratch
        self.log = log
        stageName = log.stageName
        held = HeldStreams(
            limits: limits, timeoutMilliseconds: settings.timeoutMilliseconds, separator: settings.separator,
            removedKeys: settings.removedKeys, usesFirstTime: settings.usesFirstTime, log: log)
    }

    package var takesWholeStreams: Bool { true }
    package var holder: (any EventHolder)? { self }

    package func apply(_ batch: Batch, storage: inout ByteBuffer, rows: inout Rows) {
        // Most batches have no pieces: one look at each record is all that they cost.
        if case .partialMetadata(let fields) = settings.mode, !hasAny(fields.message, storage, rows) { return }
        held.beginBatch(batch.receipt)
        var kept: [Record] = []
        swap(&kept, &output)
        kept.removeAll(keepingCapacity: true)
        for index in 0..<rows.records.count {
            take(rows.records[index], batch.tag, &storage, &rows, &kept)
        }
        swap(&rows.records, &kept)
        swap(&kept, &output)
    }

    private func hasAny(_ key: [UInt8], _ storage: borrowing ByteBuffer, _ rows: borrowing Rows) -> Bool {
        for index in 0..<rows.records.count {
            if rows.find(key, in: rows.records[index], storage) != nil { return true }
        }
        return false
    }

    private func take(
        _ record: Record, _ tag: Tag, _ storage: inout ByteBuffer, _ rows: inout Rows, _ kept: inout [Record]
    ) {
        guard let field = rows.find(settings.key, in: record, storage) else {
            kept.append(record)
            return
        }
        let value = rows.fields[field].value
        if case .expressions = settings.mode, !value.isText, value.kind != .null {
            return refuse(record, "TypeError", "the value is no text", &rows)
        }
        let piece = Piece(
            record: record, field: field, text: textSlice(value, &storage), tag: tag,
            stream: streamKey(record, tag, storage, rows))
        switch settings.mode {
        case .lines(let count):
            let stream = add(piece, storage, rows)
            if stream.pieceCount >= count { finish(stream, piece, &storage, &rows, &kept) }
        case .expressions(let first, let last, let between):
            matched(piece, first, last, between, &storage, &rows, &kept)
        case .partialKey(let name, let value):
            let hasKey = rows.find(name, in: record, storage) != nil
            // Docker's older form: the last piece is one without the field.
            guard hasKey || held.stream(piece.stream) != nil else { return kept.append(record) }
            let stream = add(piece, storage, rows)
            if !has(name, value, record, storage, rows) { finish(stream, piece, &storage, &rows, &kept) }
        case .partialMetadata(let fields):
            guard rows.find(fields.message, in: record, storage) != nil else { return kept.append(record) }
            let stream = add(piece, storage, rows)
            if has(fields.last, Self.yes, record, storage, rows) { finish(stream, piece, &storage, &rows, &kept) }
        case .containerTags(let tagKey, _):
            guard let found = rows.find(tagKey, in: record, storage), rows.fields[found].value.isText else {
                return refuse(
                    record, "NoMethodError",
                    "there is no '\(String(decoding: tagKey, as: UTF8.self))' with P or F (partial_cri_logtag_key)",
                    &rows)
            }
            let stream = add(piece, storage, rows)
            if isFull(rows.fields[found].value, storage) { finish(stream, piece, &storage, &rows, &kept) }
        }
        // A stream without an end must not become an event without one.
        if let stream = held.stream(piece.stream), held.isFull(stream) {
            tellFull(tag)
            finish(stream, piece, &storage, &rows, &kept)
        }
    }

    private static let yes = Array("true".utf8)

    private func matched(
        _ piece: Piece, _ first: Regex?, _ last: Regex?, _ between: Regex?, _ storage: inout ByteBuffer,
        _ rows: inout Rows, _ kept: inout [Record]
    ) {
        scratch.beginText()
        let isFirst = matches(first, piece, &storage)
        let isLast = matches(last, piece, &storage)
        let waiting = held.stream(piece.stream)
        if isFirst {
            if let waiting { finish(waiting, nil, at: piece.record.time, &storage, &rows, &kept) }
            let stream = add(piece, storage, rows)
            if isLast { finish(stream, piece, &storage, &rows, &kept) }
        } else if isLast {
            finish(add(piece, storage, rows), piece, &storage, &rows, &kept)
        } else if let waiting {
            if first == nil || between == nil || matches(between, piece, &storage) {
                _ = add(piece, storage, rows)
            } else {
                finish(waiting, nil, at: piece.record.time, &storage, &rows, &kept)
                kept.append(piece.record)
            }
        } else if first == nil {
            _ = add(piece, storage, rows)
        } else {
            kept.append(piece.record)
        }
    }

    // MARK: - Streams

    private func streamKey(
        _ record: Record, _ tag: Tag, _ storage: borrowing ByteBuffer, _ rows: borrowing Rows
    ) -> [UInt8] {
        let name: [UInt8]? =
            switch settings.mode {
            case .partialMetadata(let fields): fields.id
            case .containerTags(_, let stream): stream
            default: nil
            }
        var key = tag.bytes
        for name in [name, settings.identityKey] {
            guard let name else { continue }
            text.clear()
            if let found = rows.find(name, in: record, storage) {
                text.appendRubyText(rows.fields[found].value, storage)
            }
            key.append(0)
            key += text.array()
        }
        return key
    }

    private func add(_ piece: Piece, _ storage: borrowing ByteBuffer, _ rows: borrowing Rows) -> HeldStream {
        if let stream = held.stream(piece.stream) {
            held.add(piece.text, to: stream, at: piece.record.time, storage)
            return stream
        }
        return held.begin(
            piece.stream, piece.tag, piece.record, textField: piece.field, text: piece.text, storage, rows)
    }

    private func finish(
        _ stream: HeldStream, _ piece: Piece, _ storage: inout ByteBuffer, _ rows: inout Rows, _ kept: inout [Record]
    ) {
        finish(stream, piece, at: piece.record.time, &storage, &rows, &kept)
    }

    /// - Parameter last: its last piece, when that has just come.
    private func finish(
        _ stream: HeldStream, _ last: Piece?, at time: EventTime, _ storage: inout ByteBuffer, _ rows: inout Rows,
        _ kept: inout [Record]
    ) {
        kept.append(
            held.finish(
                stream, time: settings.usesFirstTime ? stream.firstTime : time, origin: last?.record.origin ?? 0,
                &storage, &rows))
    }

    private func tellFull(_ tag: Tag) {
        log.limited(
            .warn, kind: "event_limit_size", subject: ["tag": tag.text],
            "an event does not end: what there is of it goes on; raise event_limit_size, or mend the expressions",
            ["event_limit_size": held.limits.limitEventBytes])
    }

    // MARK: - Values

    private func textSlice(_ value: Value, _ storage: inout ByteBuffer) -> Slice {
        switch value.kind {
        case .string: return value.slice
        case .jsonString: return storage.appendUnescaped(value.slice)
        default:
            text.clear()
            text.appendRubyText(value, storage)
            let start = storage.count
            storage.append(text)
            return Slice(offset: start, length: storage.count - start)
        }
    }

    private func has(
        _ key: [UInt8], _ wanted: [UInt8], _ record: Record, _ storage: borrowing ByteBuffer, _ rows: borrowing Rows
    ) -> Bool {
        guard let found = rows.find(key, in: record, storage), rows.fields[found].value.isText else { return false }
        text.clear()
        text.appendText(rows.fields[found].value, storage)
        return text.equals(Slice(offset: 0, length: text.count), wanted)
    }

    /// `F`, or tags that begin with it: `F:…`.
    private func isFull(_ value: Value, _ storage: borrowing ByteBuffer) -> Bool {
        text.clear()
        text.appendText(value, storage)
        return text.count >= 1 && text[0] == UInt8(ascii: "F") && (text.count == 1 || text[1] == UInt8(ascii: ":"))
    }

    /// Whether an expression fits. One that takes too long fits not: its piece stays with those it came behind.
    private func matches(_ pattern: Regex?, _ piece: Piece, _ storage: inout ByteBuffer) -> Bool {
        guard let pattern else { return false }
        var subject = piece.text
        if storage.kind(of: subject) == .invalid { subject = storage.appendRepaired(subject, replacement: "?") }
        switch Self.match(pattern, subject, storage, scratch) {
        case .matched: return true
        case .noMatch: return false
        case .gaveUp(let reason):
            log.limited(
                .warn, kind: "gave up", subject: ["tag": piece.tag.text],
                "an expression gave up on a piece, which counts as one in between", ["reason": reason.description])
            return false
        }
    }

    private static func match(
        _ pattern: Regex, _ text: Slice, _ storage: borrowing ByteBuffer, _ scratch: MatchScratch
    ) -> MatchOutcome {
        let subject = storage.span.extracting(Int(text.offset)..<text.end)
        return pattern.match(subject, as: SubjectText.classify(subject), scratch, continuing: true)
    }

    private func refuse(_ record: Record, _ kind: String, _ reason: String, _ rows: inout Rows) {
        let key = String(decoding: settings.key, as: UTF8.self)
        rows.rejections.append(Rejection(record: record, kind: kind, reason: "\(key): \(reason)"))
    }

    // MARK: - Holding

    package func takeDue(at moment: StageMoment?, storage: inout ByteBuffer, rows: inout Rows) -> Tag? {
        held.takeDue(at: moment, storage: &storage, rows: &rows)
    }

    package func takeReceipts() -> [Receipt] { held.takeReceipts() }
    package func settle(isTaken: Bool) { held.settle(isTaken: isTaken) }
    package var isOverLimit: Bool { held.isOverLimit }
    package var heldEvents: Int { held.heldEvents }
    package func whenHolding(_ action: @escaping () -> Void) { held.whenHolding = action }
    /// A quarter of the time, so that nothing waits much longer, and neither often nor seldom.
    package var tickMilliseconds: Int64 {
        settings.timeoutMilliseconds > 0 ? min(max(settings.timeoutMilliseconds / 4, 50), 1000) : 0
    }
}
