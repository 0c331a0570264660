package import Events

/// Why a server refused a document, for the operator: field, value, index, reason, and what to do.
///
/// The rules are in `RefusalRule.table`: the wordings of Elasticsearch 5 to 9 and OpenSearch 1 to 3.
package struct MappingExplanation: Sendable, Equatable {
    /// What it is about, where that is known.
    package var field: String?
    package var value: String?
    package var sentence: String
    /// The names that a field may have whose value does not fit its mapping; empty: it is about something else.
    package var conflicts: [String] = []

    /// nil when nothing more can be said than the server did.
    ///
    /// - reason, cause: the error's own reason and that of its `caused_by`.
    /// - document: where the document is in `bytes`; asked for the value when the server does not show it.
    package init?(
        type: String, reason: String, cause: String, index: String, _ bytes: borrowing ByteBuffer, document: Slice
    ) {
        let reason = Self.withoutPosition(reason)
        let cause = Self.withoutPosition(cause)
        for rule in RefusalRule.table {
            guard let said = rule.words.first(where: { reason.holds($0) || cause.holds($0) }) else { continue }
            let text = reason.holds(said) ? reason : cause
            let field = rule.fields.lazy.compactMap { text.between($0.0, $0.1) }.first
            let shown = text.between("Preview of field's value: '", "'")
            value = rule.showsValue ? shown ?? field.flatMap { Self.value(of: $0, bytes, document) } : nil
            self.field = field
            if rule.isMappingConflict {
                // The longest first: a nested field's own name is the end of its whole one.
                conflicts = Array(Set(rule.fields.compactMap { text.between($0.0, $0.1) }))
                    .sorted { ($1.utf8.count, $0) < ($0.utf8.count, $1) }
            }
            let facts = RefusalRule.Facts(
                index: index, field: field, value: value, mapped: text.between("of type [", "]"), reason: text,
                cause: cause == text ? "" : cause)
            sentence = rule.sentence(facts)
            return
        }
        return nil
    }

    /// What a reason that is not understood is about: the first name in brackets or quotes, so that refusals of different
    /// fields are told apart.
    package static func subject(of reason: String) -> String {
        let text = withoutPosition(reason)
        var best: (start: String.Index, name: String)?
        for (open, close) in [("[", "]"), ("'", "'"), ("\"", "\"")] {
            guard let start = text.utf8.firstIndex(of: open.utf8.first!),
                let name = String(text[start...]).between(open, close), !name.isEmpty, name.utf8.count <= 256
            else { continue }
            if best.map({ start < $0.start }) ?? true { best = (start, name) }
        }
        return best?.name ?? ""
    }

    /// Since version 8 reasons of the parser begin with line and column: `[1:660] `.
    private static func withoutPosition(_ text: String) -> String {
        guard text.utf8.first == UInt8(ascii: "["), let close = text.utf8.firstIndex(of: UInt8(ascii: "]")) else {
            return text
        }
        let inside = text.utf8[text.utf8.index(after: text.startIndex)..<close]
        guard inside.allSatisfy({ $0 &- 0x30 < 10 || $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: "-") }),
            inside.contains(UInt8(ascii: ":"))
        else { return text }
        return String(text[text.utf8.index(after: close)...].drop(while: { $0 == " " }))
    }

    /// The field's value in the document: by its whole name, else by its path.
    private static func value(of field: String, _ bytes: borrowing ByteBuffer, _ document: Slice) -> String? {
        var storage = ByteBuffer(capacity: Int(document.length))
        storage.append(document, of: bytes)
        var rows = Rows(fieldCapacity: 64)
        guard (try? rows.appendFields(json: Slice(offset: 0, length: storage.count), &storage)) != nil else {
            return nil
        }
        let record = Record(time: EventTime(seconds: 0), firstField: 0, fieldCount: rows.fields.count)
        var value: Value?
        if let found = rows.find(Array(field.utf8), in: record, storage) {
            value = rows.fields[found].value
        } else if let path = try? RecordAccessor("$.\(field)") {
            value = rows.value(at: path, in: record, storage)
        }
        guard let value else { return nil }
        var text = ByteBuffer()
        text.appendText(value, storage)
        return text.text(Slice(offset: 0, length: min(text.count, 1000)))
    }
}

extension String {
    /// What stands between two texts, at their first place. Linear.
    func between(_ before: String, _ after: String) -> String? {
        guard let place = place(of: before, from: 0) else { return nil }
        let start = place + before.utf8.count
        guard let end = self.place(of: after, from: start) else { return nil }
        return String(self[utf8.index(startIndex, offsetBy: start)..<utf8.index(startIndex, offsetBy: end)])
    }

    /// The first place of some words, in bytes. By hand: the library's search of collections takes 20 times as long, and a
    /// flood of refusals asks for dozens of words each.
    func place(of words: String, from start: Int) -> Int? {
        let text = utf8.span
        let words = words.utf8.span
        guard words.count > 0 else { return start }
        let first = words[0]
        var place = start
        while place + words.count <= text.count {
            if text[place] == first {
                var length = 1
                while length < words.count, text[place + length] == words[length] { length += 1 }
                if length == words.count { return place }
            }
            place += 1
        }
        return nil
    }

    func shortened(_ limit: Int = 100) -> String { count > limit ? prefix(limit) + "…" : self }
}
