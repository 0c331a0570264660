package import Events
package import Grok
package import Logging

/// `@type detect_exceptions`: the lines of a stack trace become one event, with the fields and the time of the first line;
/// everything goes on under a shorter tag.
package final class DetectExceptionsEmitter: Emitter, EventHolder {
    package struct Settings: Sendable {
        package var rules: TraceRules
        /// The field with the line; empty: `message`, or else `log`.
        package var message: [UInt8] = []
        /// What is taken from the front of tags, with the dot behind it.
        package var removedPrefix: [UInt8] = []
        /// The field that keeps streams of one tag apart.
        package var stream: [UInt8]?
        package var separator: [UInt8] = []
        package var maximumLines = 1000
        /// Of one trace; 0: only `event_limit_size` holds.
        package var maximumBytes = 0
        /// After so long without a line what there is of a trace leaves; 0: when another line comes.
        package var timeoutMilliseconds: Int64 = 0
        /// Events go to the label that they come from: under the same tag they would come back.
        package var needsNewTag = true

        package init(rules: TraceRules) { self.rules = rules }
    }

    private let settings: Settings
    private let target: any Emitter
    private let held: HeldStreams
    private let scratch: MatchScratch
    package let stageName: String
    private var newTags: [Int: Tag] = [:]
    private var text = ByteBuffer()
    private static let keptTags = 1024

    /// - Parameters:
    ///   - target: takes the events.
    ///   - limits: those of the section, for all loops.
    package init(
        _ settings: Settings, target: any Emitter, limits: HeldLimits, log: Log = .discarding,
        scratch: MatchScratch = MatchScratch(captures: 1)
    ) {
        self.settings = settings
        self.target = target
        self.scratch = scratch
        stageName = log.stageName
        held = HeldStreams(
            limits: limits, timeoutMilliseconds: settings.timeoutMilliseconds, separator: settings.separator,
            usesFirstTime: true, log: log)
    }

    package var showsOrder: Bool { target.showsOrder }

    package func emit(_ batch: Batch, storage: inout ByteBuffer, rows: inout Rows) -> Acceptance {
        guard let tag = newTag(batch.tag) else {
            refuse(&rows)
            return .accepted
        }
        held.beginBatch(batch.receipt)
        var kept: [Record] = []
        for record in rows.records { take(record, tag, &storage, &rows, &kept) }
        let receipts = takeReceipts()
        let receipt = receipts.isEmpty ? batch.receipt : Receipt.joining(receipts + [batch.receipt].compactMap { $0 })
        rows.records = kept
        let acceptance =
            kept.isEmpty ? .accepted : target.emit(Batch(tag, receipt: receipt), storage: &storage, rows: &rows)
        if !receipts.isEmpty { receipt?.settle(.delivered) }
        if case .refused = acceptance {
            rows.records = kept
            settle(isTaken: false)
            return acceptance
        }
        settle(isTaken: true)
        guard isOverLimit else { return acceptance }
        let rest = release(at: nil) { batch, storage, rows in target.emit(batch, storage: &storage, rows: &rows) }
        return rest == .accepted ? acceptance : .acceptedFull
    }

    private func refuse(_ rows: inout Rows) {
        let prefix = String(decoding: settings.removedPrefix, as: UTF8.self)
        let reason = "the tag does not begin with '\(prefix).' (remove_tag_prefix): the event would come back here"
        rows.rejections += rows.records.map { Rejection(record: $0, kind: "ArgumentError", reason: reason) }
        rows.records.removeAll()
    }

    private func take(
        _ record: Record, _ tag: Tag, _ storage: inout ByteBuffer, _ rows: inout Rows, _ kept: inout [Record]
    ) {
        let key = streamKey(record, tag, storage, rows)
        guard let field = lineField(record, storage, rows) else {
            finish(held.stream(key), record, &storage, &rows, &kept)
            return kept.append(record)
        }
        let value = rows.fields[field].value
        let line = value.kind == .string ? value.slice : storage.appendUnescaped(value.slice)
        var waiting = held.stream(key)
        if let stream = waiting, settings.maximumBytes > 0,
            stream.text.count + Int(line.length) > settings.maximumBytes
        {
            finish(stream, record, &storage, &rows, &kept)
            waiting = nil
        }
        let subject = storage.kind(of: line) == .invalid ? storage.appendRepaired(line, replacement: "?") : line
        scratch.beginText()
        let before = waiting?.state ?? 0
        var next = before == 0 ? nil : step(from: before, subject, storage)
        let continues = next != nil
        if next == nil { next = step(from: 0, subject, storage) }
        if !continues {
            finish(waiting, record, &storage, &rows, &kept)
            waiting = nil
        }
        guard continues || (next ?? 0) != 0 else { return kept.append(record) }
        let stream: HeldStream
        if let waiting {
            held.add(line, to: waiting, at: record.time, storage)
            stream = waiting
        } else {
            stream = held.begin(key, tag, record, textField: field, text: line, storage, rows)
        }
        stream.state = next ?? 0
        if stream.state == 0 || settings.maximumLines > 0 && stream.pieceCount >= settings.maximumLines
            || held.isFull(stream)
        {
            finish(stream, record, &storage, &rows, &kept)
        }
    }

    private func finish(
        _ stream: HeldStream?, _ record: Record, _ storage: inout ByteBuffer, _ rows: inout Rows, _ kept: inout [Record]
    ) {
        guard let stream else { return }
        kept.append(held.finish(stream, time: stream.firstTime, &storage, &rows))
    }

    /// Where a line leads; nil: nowhere.
    private func step(from state: Int, _ line: Slice, _ storage: borrowing ByteBuffer) -> Int? {
        for step in settings.rules.steps[state] {
            let subject = storage.span.extracting(Int(line.offset)..<line.end)
            let outcome = step.pattern.match(subject, as: SubjectText.classify(subject), scratch, continuing: true)
            if outcome == .matched { return step.next }
        }
        return nil
    }

    private func lineField(_ record: Record, _ storage: borrowing ByteBuffer, _ rows: borrowing Rows) -> Int? {
        var field: Int?
        if settings.message.isEmpty {
            field = rows.find(Self.messageKey, in: record, storage) ?? rows.find(Self.logKey, in: record, storage)
        } else {
            field = rows.find(settings.message, in: record, storage)
        }
        return field.flatMap { rows.fields[$0].value.isText ? $0 : nil }
    }

    private static let messageKey = Array("message".utf8)
    private static let logKey = Array("log".utf8)

    private func streamKey(
        _ record: Record, _ tag: Tag, _ storage: borrowing ByteBuffer, _ rows: borrowing Rows
    ) -> [UInt8] {
        guard let name = settings.stream else { return tag.bytes }
        text.clear()
        if let found = rows.find(name, in: record, storage) {
            text.appendRubyText(rows.fields[found].value, storage)
        }
        return tag.bytes + [0] + text.array()
    }

    /// Of the events that go on; nil: it is the old one, and would lead back here.
    package func newTag(_ tag: Tag) -> Tag? {
        if let known = newTags[tag.id] { return known }
        let prefix = settings.removedPrefix + [UInt8(ascii: ".")]
        let isLonger = !settings.removedPrefix.isEmpty && tag.bytes.starts(with: prefix)
        if !isLonger { return settings.needsNewTag ? nil : tag }
        let made = Tag(Array(tag.bytes.dropFirst(prefix.count)), wasRefused: tag.wasRefused)
        if newTags.count >= Self.keptTags { newTags.removeAll(keepingCapacity: true) }
        newTags[tag.id] = made
        return made
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
    package var tickMilliseconds: Int64 {
        settings.timeoutMilliseconds > 0 ? min(max(settings.timeoutMilliseconds / 4, 50), 1000) : 0
    }
    package var timeoutOutlet: (any Emitter)? { target }
}
