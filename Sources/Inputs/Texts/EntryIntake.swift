package import Events
internal import Time

/// The entries of a systemd source's journal: a text is one of them as `journalctl -o json` prints it, a JSON object
/// (journalctl(1), "json"). A field that an entry has several times is an array of its values, one with bytes that are no
/// text an array of numbers, and one that was left out for its length is null.
package final class EntryIntake: TextIntake {
    private let settings: SystemdSettings
    private let tag: Tag
    private var storage = ByteBuffer(capacity: 4096)
    private var rows = Rows(fieldCapacity: 64)

    package init(_ settings: SystemdSettings) {
        self.settings = settings
        tag = Tag(settings.tag)
    }

    /// Why a text is no entry: a sentence.
    private struct Failure: Error {
        let reason: String
        init(_ reason: String) { self.reason = reason }

        static let noObject = Failure("no entry of a journal: a JSON object is, as 'journalctl -o json' prints it")
        static let noTime = Failure("'__REALTIME_TIMESTAMP' is no number of microseconds")
    }

    private struct Entry {
        var time = Clock.now()
        var data: [(key: Slice, value: Slice)] = []
    }

    package func take(_ text: [UInt8], _ handOn: (Tag, inout ByteBuffer, inout Rows) -> Void) -> [String] {
        storage.clear()
        rows.clear()
        let entry: Entry
        do throws(Failure) { entry = try read(text) } catch { return [error.reason] }
        guard fits(entry) else { return ["the entry fits none of 'matches': it is not read"] }
        let count = settings.entry.append(entry.data, &storage, to: &rows)
        if count > 0 {
            rows.records.append(Record(time: entry.time, firstField: 0, fieldCount: count))
            handOn(tag, &storage, &rows)
        }
        return []
    }

    // MARK: - From JSON to an entry

    /// As MessagePack in the storage, where an item says how long it is.
    private func read(_ text: [UInt8]) throws(Failure) -> Entry {
        var json = ByteBuffer(capacity: text.count)
        json.append(text)
        var start: (pairs: Int, place: Int)?
        if let end = try? JSONTranscoder.transcode(json, at: 0, to: &storage), JSONTranscoder.isBlank(json, from: end),
            let item = try? storage.messagePackItem(at: 0, end: storage.count), item.kind == .map
        {
            start = (item.length, item.body)
        }
        guard let (pairs, first) = start else { throw .noObject }
        let end = storage.count
        var entry = Entry()
        var place = first
        for _ in 0..<pairs {
            let key = try item(&place, end)
            let name = Slice(offset: key.body, length: key.length)
            let values = try values(&place, end, of: name)
            if storage.text(name) == "__REALTIME_TIMESTAMP" {
                guard let text = values.first, let microseconds = UInt64(storage.text(text)) else { throw .noTime }
                entry.time = EventTime(
                    seconds: Int64(microseconds / 1_000_000), nanoseconds: UInt32(microseconds % 1_000_000) * 1000)
            } else if !isAddress(name) {
                // What is longer is left out at work, too.
                entry.data += values.filter { key.length + 1 + Int($0.length) <= Journal.fieldBytes }.map { (name, $0) }
            }
        }
        return entry
    }

    /// `__CURSOR` and its like: they say where the entry is, and are none of its fields.
    private func isAddress(_ name: Slice) -> Bool {
        name.length > 1 && storage[Int(name.offset)] == 0x5F && storage[Int(name.offset) + 1] == 0x5F
    }

    private func item(_ place: inout Int, _ end: Int) throws(Failure) -> MessagePackItem {
        guard let item = try? storage.messagePackItem(at: place, end: end) else { throw .noObject }
        place = item.body + item.bodyLength
        return item
    }

    private func values(_ place: inout Int, _ end: Int, of name: Slice) throws(Failure) -> [Slice] {
        let first = try item(&place, end)
        guard first.kind == .array else { return try value(first, of: name).map { [$0] } ?? [] }
        var values: [Slice] = []
        var bytes: [UInt8] = []
        for _ in 0..<first.length {
            var inner = try item(&place, end)
            if inner.kind == .int, let byte = UInt8(exactly: inner.intValue) {
                bytes.append(byte)
            } else if inner.kind == .array {
                // Bytes that are no text, once more.
                var own: [UInt8] = []
                let count = inner.length
                for _ in 0..<count {
                    inner = try item(&place, end)
                    guard inner.kind == .int, let byte = UInt8(exactly: inner.intValue) else { throw noText(name) }
                    own.append(byte)
                }
                values.append(storage.append(copyOf: own))
            } else if let value = try value(inner, of: name) {
                values.append(value)
            }
        }
        if !bytes.isEmpty {
            guard bytes.count == first.length else { throw noText(name) }
            return [storage.append(copyOf: bytes)]
        }
        return values
    }

    /// nil: there is none.
    private func value(_ item: MessagePackItem, of name: Slice) throws(Failure) -> Slice? {
        switch item.kind {
        case .null: return nil
        case .string: return Slice(offset: item.body, length: item.length)
        // As people write them who write an entry by hand.
        case .int: return storage.append(copyOf: Array("\(item.intValue)".utf8))
        case .uint: return storage.append(copyOf: Array("\(item.bits)".utf8))
        default: throw noText(name)
        }
    }

    private func noText(_ name: Slice) -> Failure {
        Failure("the field '\(storage.text(name))' is no text, and no array of texts: a journal has no other values")
    }

    // MARK: - Matches

    /// Whether an entry is one of those that are asked for: it has one of the values given for each field of a match.
    private func fits(_ entry: Entry) -> Bool {
        settings.matches.isEmpty
            || settings.matches.contains { match in
                match.allSatisfy { wanted in
                    let given = match.filter { $0.field.uppercased() == wanted.field.uppercased() }.map(\.value)
                    return entry.data.contains { key, value in
                        storage.text(key) == wanted.field.uppercased() && given.contains(storage.text(value))
                    }
                }
            }
    }
}
