internal import Events
internal import Logging
internal import Parsing
internal import Time

/// From the messages of one read to batches: finds the priority of syslog messages (RFC 5424, 6.2.1), parses, and adds
/// who sent it. One for each input. Messages of different tags keep their order.
final class SocketMessageReader {
    /// Takes the records of a tag, which are then gone.
    typealias HandOn = (Tag, inout ByteBuffer, inout Rows) -> Void

    private let settings: SocketSettings
    private let parser: any TextParser
    private let log: Log
    /// Hears of each message that makes no record; nil: the log alone does.
    private let refusals: IntakeRefusals?
    private let extractor: Extractor?
    private let plainTag: Tag
    private let unmatchedTag: Tag
    /// By priority, made when they are first needed.
    private var tags: [Tag?] = Array(repeating: nil, count: SyslogPriority.count)
    private var storage = ByteBuffer(capacity: 64 * 1024)
    private var rows = Rows(fieldCapacity: 256)
    private var tag: Tag
    private let addsFields: Bool
    private var now = EventTime(seconds: 0)
    private var isEmpty = true

    init(_ settings: SocketSettings, log: Log, refusals: IntakeRefusals? = nil) {
        self.settings = settings
        self.refusals = refusals
        self.log = log
        parser = settings.parser.makeParser()
        extractor = settings.extraction.map { Extractor($0) }
        plainTag = Tag(settings.tag)
        unmatchedTag = Tag(settings.tag + ".unmatched")
        tag = plainTag
        addsFields =
            settings.sourceAddressKey != nil || settings.sourceHostnameKey != nil
            || settings.syslog?.severityKey != nil || settings.syslog?.facilityKey != nil
            || settings.gelf?.stripsUnderscores == true
    }

    /// Takes a message from elsewhere.
    func take(_ message: Slice, of bytes: borrowing ByteBuffer, from sender: String, _ handOn: HandOn) {
        begin(handOn)
        let start = storage.count
        storage.append(message, of: bytes)
        read(Slice(offset: start, length: storage.count - start), sender, handOn)
    }

    @unsafe func take(_ message: UnsafeRawBufferPointer, from sender: String, _ handOn: HandOn) {
        begin(handOn)
        let start = storage.count
        unsafe storage.append(copying: message)
        read(Slice(offset: start, length: storage.count - start), sender, handOn)
    }

    /// Hands on what has been taken.
    func flush(_ handOn: HandOn) {
        if !rows.records.isEmpty { handOn(tag, &storage, &rows) }
        storage.clear()
        storage.shrink(toAtMost: Self.keptBytes)
        rows.clear()
        isEmpty = true
    }

    private static let keptBytes = 1 << 20
    /// Records that are taken before they are handed on.
    private static let batchRecords = 4096

    private func begin(_ handOn: HandOn) {
        if rows.records.count >= Self.batchRecords || storage.count > Self.keptBytes { flush(handOn) }
        guard isEmpty else { return }
        isEmpty = false
        now = Clock.now()
        parser.beginBatch(storage: &storage)
    }

    // MARK: - One message

    private func read(_ message: Slice, _ sender: String, _ handOn: HandOn) {
        guard let syslog = settings.syslog else {
            return parse(message, message, as: plainTag, nil, sender, handOn)
        }
        guard let (priority, rest) = SyslogPriority.read(message, storage) else {
            return unmatched(message, sender, handOn)
        }
        let text = syslog.parserTakesPriority ? message : rest
        parse(text, message, as: tag(of: priority), priority, sender, handOn)
    }

    private func tag(of priority: Int) -> Tag {
        if let known = tags[priority] { return known }
        let made = Tag(
            "\(settings.tag).\(SyslogPriority.facility(priority)).\(SyslogPriority.severity(priority))")
        tags[priority] = made
        return made
    }

    private func parse(
        _ text: Slice, _ message: Slice, as tag: Tag, _ priority: Int?, _ sender: String, _ handOn: HandOn
    ) {
        let first = rows.fields.count
        switch parser.parse(text, storage: &storage, rows: &rows) {
        case .matched(nil) where settings.syslog?.parserTakesPriority == true:
            // RFC 5424's `-`: as in Fluentd, a message without a time is none.
            rows.fields.truncate(to: first)
            unmatched(message, sender, handOn, "a message without a time")
        case .matched(let time):
            add(first..<rows.fields.count, time, tag, priority, sender, handOn)
        case .matchedMany(let records):
            for one in records { add(one.fields, one.time, tag, priority, sender, handOn) }
        case .parts(let parts):
            for part in parts {
                if case .matched(let time) = part.result {
                    add(part.fields, time, tag, priority, sender, handOn)
                } else {
                    unmatched(part.text, sender, handOn)
                }
            }
        case .noMatch: unmatched(message, sender, handOn)
        case .invalidTime(let reason), .malformed(let reason), .gaveUp(let reason):
            unmatched(message, sender, handOn, reason)
        }
    }

    private static let priorityKey = Array("pri".utf8)

    private func add(
        _ fields: Range<Int>, _ time: EventTime?, _ tag: Tag, _ priority: Int?, _ sender: String, _ handOn: HandOn
    ) {
        var (tag, parsed) = (tag, Record(time: time ?? now, firstField: fields.lowerBound, fieldCount: fields.count))
        if settings.gelf?.truncatesTime == true, let time {
            parsed.time = EventTime(seconds: time.seconds)
        }
        if let extractor {
            tag = extractor.tag(of: parsed, rows, storage) ?? tag
            if time == nil, !settings.parserGivesTime {
                switch extractor.time(of: parsed, rows, &storage) {
                case nil: break
                case .time(let read): parsed.time = read
                case .invalid(let reason):
                    refusals?.note(reason)
                    return log.limited(
                        .warn, kind: "time", subject: ["client": sender], "a message is dropped: \(reason)")
                }
            }
        }
        let left =
            settings.syslog?.parserTakesPriority == true ? rows.find(Self.priorityKey, in: parsed, storage) : nil
        // Most records stay as they were parsed.
        guard left != nil || addsFields else { return append(parsed, tag, handOn) }
        let first = rows.fields.count
        let strips = settings.gelf?.stripsUnderscores == true
        for index in fields where index != left && !(strips && isMarked(rows.fields[index].key)) {
            rows.fields.append(rows.fields[index])
        }
        var seen: UInt64 = .max
        // As in the plugin, they stand behind all others, or in the place of one of their name.
        if strips {
            for index in fields where isMarked(rows.fields[index].key) {
                let (key, value) = (rows.fields[index].key, rows.fields[index].value)
                let name = Slice(offset: Int(key.offset) + 1, length: Int(key.length) - 1)
                rows.set(name, value, first: first, seen: &seen, storage)
            }
        }
        func set(_ key: String?, _ value: String) {
            guard let key else { return }
            let name = storage.append(copyOf: Array(key.utf8))
            let text = storage.append(copyOf: Array(value.utf8))
            rows.set(name, .string(text), first: first, seen: &seen, storage)
        }
        if let priority, let syslog = settings.syslog {
            set(syslog.severityKey, SyslogPriority.severity(priority))
            set(syslog.facilityKey, SyslogPriority.facility(priority))
        }
        set(settings.sourceAddressKey, sender)
        set(settings.sourceHostnameKey, sender)
        append(
            Record(time: parsed.time, firstField: first, fieldCount: rows.fields.count - first), tag, handOn)
    }

    /// A field of the sender's own: GELF puts an underscore in front of its name.
    private func isMarked(_ key: Slice) -> Bool { key.length > 1 && storage[Int(key.offset)] == UInt8(ascii: "_") }

    /// Records of one tag that stand together leave together.
    private func append(_ record: Record, _ next: Tag, _ handOn: HandOn) {
        if next !== tag, !rows.records.isEmpty {
            handOn(tag, &storage, &rows)
            rows.records.removeAll(keepingCapacity: true)
        }
        tag = next
        rows.records.append(record)
    }

    private func unmatched(
        _ message: Slice, _ sender: String, _ handOn: HandOn, _ reason: String = "pattern not matched"
    ) {
        let shown = storage.text(Slice(offset: Int(message.offset), length: min(Int(message.length), 200)))
        log.limited(.warn, kind: "unmatched", subject: ["client": sender], reason, ["message": shown])
        guard settings.syslog?.emitsUnmatchedLines == true else {
            refusals?.note(reason)
            return
        }
        let first = rows.fields.count
        rows.fields.append(
            Field(key: storage.append(copyOf: Array("unmatched_line".utf8)), value: .string(message)))
        add(first..<rows.fields.count, now, unmatchedTag, nil, sender, handOn)
    }
}

/// The number in front of a syslog message: facility times eight and severity (RFC 5424, 6.2.1; names as syslog(3)'s).
enum SyslogPriority {
    static let count = 192

    private static let facilities = [
        "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp", "ntp",
        "audit", "alert", "at", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
    ]
    private static let severities = ["emerg", "alert", "crit", "err", "warn", "notice", "info", "debug"]

    static func facility(_ priority: Int) -> String { facilities[priority >> 3] }
    static func severity(_ priority: Int) -> String { severities[priority & 7] }

    /// `<PRI>` and what follows it; nil: there is none, or it is no number up to 191.
    static func read(_ message: Slice, _ bytes: borrowing ByteBuffer) -> (priority: Int, rest: Slice)? {
        var place = Int(message.offset)
        guard place < message.end, bytes[place] == UInt8(ascii: "<") else { return nil }
        place += 1
        let start = place
        var priority = 0
        while place < message.end, (0x30...0x39).contains(bytes[place]), place - start < 3 {
            priority = priority * 10 + Int(bytes[place] - 0x30)
            place += 1
        }
        guard place > start, priority < count, place < message.end, bytes[place] == UInt8(ascii: ">") else {
            return nil
        }
        return (priority, Slice(offset: place + 1, length: message.end - place - 1))
    }
}
