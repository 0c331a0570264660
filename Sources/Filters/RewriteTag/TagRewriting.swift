package import Events
package import Grok

/// `<rule>` of rewrite_tag_filter.
package struct TagRewriteRule: Sendable {
    package var key: RecordAccessor
    package var pattern: Regex
    /// Fits where the pattern does not.
    package var isInverted = false
    package var tag: TagTemplate
    /// The number of the emitter that takes the events.
    package var target = 0

    package init(key: RecordAccessor, pattern: Regex, tag: TagTemplate) {
        (self.key, self.pattern, self.tag) = (key, pattern, tag)
    }
}

/// What `@type rewrite_tag_filter` is told.
package struct TagRewriteSettings: Sendable {
    package var rules: [TagRewriteRule]
    package var hostname: [UInt8] = []
    /// What is taken from the front of the old tag, with the dots behind it, before a rule's template sees it.
    package var removedPrefix: [UInt8]?
    /// What is taken out of the old tag: the first match.
    package var removedPattern: Regex?
    /// What a group has taken begins with a capital letter and goes on with small ones.
    package var capitalizes = false

    package init(rules: [TagRewriteRule]) { self.rules = rules }
}

/// What the rules say about one record.
package enum RewrittenTag {
    case tag(Tag, target: Int)
    /// No rule fits, or the one that does gives the old tag.
    case none
    case refused(kind: String, reason: String)
}

/// Finds the new tags of records by rules, as the plugin fluent-plugin-rewrite-tag-filter does: the first rule that fits.
///
/// A value is compared as text, whatever its type; one that is missing, null or empty fits inverted rules alone.
final class TagRewriting {
    private let settings: TagRewriteSettings
    private let scratch: MatchScratch
    /// The places that rules look at, each once, and which one each rule looks at.
    private let places: [RecordAccessor]
    private let placeOfRule: [Int]
    /// By the identity of the old tag.
    private var known: [Int: OldTag] = [:]
    private var newTags = TagCache()
    private var text = ByteBuffer()
    private var made = ByteBuffer()

    /// Old tags whose templates are kept filled in; when there are more, the cache begins anew.
    private static let keptTags = 1024
    /// Of a tag that is made of what a pattern has taken.
    static let maximumTagBytes = 4096

    /// The rules, with what the old tag decides.
    private final class OldTag {
        var rules: [[TagTemplate.Piece]] = []
        /// Of rules that ask for no group: made once.
        var tags: [Tag?] = []
    }

    init(_ settings: TagRewriteSettings, scratch: MatchScratch) {
        self.settings = settings
        self.scratch = scratch
        var places: [RecordAccessor] = []
        placeOfRule = settings.rules.map { rule in
            if let place = places.firstIndex(where: { $0.steps == rule.key.steps }) { return place }
            places.append(rule.key)
            return places.count - 1
        }
        self.places = places
    }

    func newTag(
        of record: Record, _ tag: Tag, _ storage: borrowing ByteBuffer, _ rows: borrowing Rows
    ) -> RewrittenTag {
        let old = oldTag(tag)
        scratch.beginText()
        var place = -1
        for (number, rule) in settings.rules.enumerated() {
            if placeOfRule[number] != place {
                place = placeOfRule[number]
                readText(of: record, at: places[place], storage, rows)
            }
            if text.isEmpty, !rule.isInverted { continue }
            switch Self.match(rule.pattern, text, scratch) {
            case .gaveUp(let reason):
                return .refused(kind: "Regexp::TimeoutError", reason: "\(rule.key.text): \(reason)")
            case .matched: if rule.isInverted { continue }
            case .noMatch: if !rule.isInverted { continue }
            }
            let new = old.tags[number] ?? filledIn(old.rules[number], rule, wasRefused: tag.wasRefused)
            guard let new else {
                return .refused(
                    kind: "ArgumentError",
                    reason: "the new tag has more than \(Self.maximumTagBytes) bytes: let the pattern for "
                        + "\(rule.key.text) take less")
            }
            return new.bytes == tag.bytes ? .none : .tag(new, target: rule.target)
        }
        return .none
    }

    private static func match(
        _ pattern: Regex, _ text: borrowing ByteBuffer, _ scratch: MatchScratch
    ) -> MatchOutcome {
        let subject = text.span
        return pattern.match(subject, as: SubjectText.classify(subject), scratch, continuing: true)
    }

    private func readText(
        of record: Record, at place: RecordAccessor, _ storage: borrowing ByteBuffer, _ rows: borrowing Rows
    ) {
        text.clear()
        guard let value = rows.value(at: place, in: record, storage) else { return }
        text.appendRubyText(value, storage)
        let whole = Slice(offset: 0, length: text.count)
        if text.kind(of: whole) == .invalid {
            let repaired = text.appendRepaired(whole, replacement: "?")
            text.removePrefix(Int(repaired.offset))
        }
    }

    // MARK: - Tags

    private func oldTag(_ tag: Tag) -> OldTag {
        if let old = known[tag.id] { return old }
        let shown = shortened(tag.bytes)
        var parts = shown.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).map(Array.init)
        while parts.last?.isEmpty == true { parts.removeLast() }
        let old = OldTag()
        for rule in settings.rules {
            let pieces = rule.tag.pieces(tag: shown, tagParts: parts, hostname: settings.hostname)
            old.rules.append(pieces)
            switch pieces.count {
            case 0: old.tags.append(newTags.tag([], wasRefused: tag.wasRefused))
            case 1:
                if case .text(let bytes) = pieces[0] {
                    old.tags.append(newTags.tag(bytes, wasRefused: tag.wasRefused))
                } else {
                    old.tags.append(nil)
                }
            default: old.tags.append(nil)
            }
        }
        if known.count >= Self.keptTags { known.removeAll(keepingCapacity: true) }
        known[tag.id] = old
        return old
    }

    /// The old tag as templates see it.
    private func shortened(_ tag: [UInt8]) -> [UInt8] {
        if let prefix = settings.removedPrefix {
            return tag.starts(with: prefix) ? Array(tag.dropFirst(prefix.count).drop { $0 == UInt8(ascii: ".") }) : tag
        }
        guard let pattern = settings.removedPattern,
            case .matched = pattern.match(tag.span, as: SubjectText.classify(tag.span), scratch)
        else { return tag }
        return Array(tag[..<scratch.start(of: 0)] + tag[scratch.end(of: 0)...])
    }

    /// The tag with what the rule's groups have just taken; nil: it is too long.
    private func filledIn(_ pieces: [TagTemplate.Piece], _ rule: TagRewriteRule, wasRefused: Bool) -> Tag? {
        made.clear()
        for piece in pieces {
            switch piece {
            case .text(let bytes): made.append(bytes)
            case .capture(let number):
                guard !rule.isInverted, number > 0, number <= rule.pattern.captureCount else { continue }
                let start = scratch.start(of: number)
                guard start >= 0 else { continue }
                let taken = Slice(offset: start, length: scratch.end(of: number) - start)
                guard Int(taken.length) <= Self.maximumTagBytes else { return nil }
                if settings.capitalizes {
                    made.append(Self.capitalized(text.text(taken)))
                } else {
                    made.append(taken, of: text)
                }
            }
        }
        return made.count <= Self.maximumTagBytes ? newTags.tag(made, wasRefused: wasRefused) : nil
    }

    private static func capitalized(_ text: String) -> String {
        guard let first = text.unicodeScalars.first else { return text }
        return first.properties.titlecaseMapping + String(text.unicodeScalars.dropFirst()).lowercased()
    }
}
