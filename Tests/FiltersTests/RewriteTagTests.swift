import Events
import Filters
import Grok
import Synchronization
import TestSupport
import Testing

@Suite struct RewriteTagTests {
    private static func rule(_ key: String, _ pattern: String, _ tag: String, target: Int = 0, inverted: Bool = false)
        throws -> TagRewriteRule
    {
        var rule = TagRewriteRule(key: try RecordAccessor(key), pattern: try Regex(pattern), tag: TagTemplate(tag))
        rule.target = target
        rule.isInverted = inverted
        return rule
    }

    private func emitter(_ settings: TagRewriteSettings, _ targets: [any Emitter]) -> RewriteTagEmitter {
        RewriteTagEmitter(settings, targets: targets)
    }

    /// `tag{record}` of each, a blank between batches.
    private func sent(
        _ settings: TagRewriteSettings, _ records: [String], tag: String = "app.web.log", showsOrder: Bool = true
    ) throws -> String {
        let target = Taker(showsOrder: showsOrder)
        let batch = EventBatch(tag: tag)
        for record in records { try batch.add(record) }
        _ = emitter(settings, [target]).emit(Events.Batch(batch.tag), storage: &batch.storage, rows: &batch.rows)
        return target.taken.joined(separator: " ")
    }

    @Test(
        "a template is filled in",
        arguments: [
            ("x.$1.$2", "x.b.c"), ("$1$1", "bb"), ("$10", ""), ("$0", ""), ("$3x", "x"), ("a$", "a$"),
            ("x.${tag}", "x.old.t"),
            ("${tag_parts[1]}.${tag_parts[0]}${tag_parts[2]}", "t.old"), ("${tag_parts[-1]}", "${tag_parts[-1]}"),
            ("${tag_parts[0..1]}", "${tag_parts[0..1]}"), ("__TAG__.__HOSTNAME__.${hostname}", "old.t.h.h"),
            ("__TAG_PARTS[0]__", "__TAG_PARTS[0]__"), ("__NOPE__x", "x"), ("${nope}x", "x"), ("${Nope}", "${Nope}"),
            ("____", "____"), ("__T", "__T"), ("___TAG__", ""), ("__TAG____TAG__", ""), ("${tag", "${tag"),
            ("${}", "${}"),
            ("${tag_parts[99999999999999999999]}", ""), ("é.$1", "é.b"),
        ])
    func templates(_ template: String, _ expected: String) throws {
        var settings = TagRewriteSettings(rules: [try Self.rule("k", "(b)(c)(d)?", template)])
        settings.hostname = Array("h".utf8)
        #expect(try sent(settings, [#"{"k":"abc"}"#], tag: "old.t") == expected + #"{"k":"abc"}"#)
    }

    @Test(
        "the first rule that fits counts; values are compared as Ruby prints them",
        arguments: [
            (#""error""#, "1"), (#""an error""#, "2"), ("503", "5"), ("true", "b"), ("null", "not"), (#""""#, "not"),
            (#"{"a":[1,null,"x#{"],"b":true}"#, "hash"), ("[1, 2]", "list"), ("1.5", "not"), (#""x\u00e9y""#, "é"),
            (#""one\ntwo""#, "line"),
        ])
    func rules(_ value: String, _ expected: String) throws {
        let settings = TagRewriteSettings(rules: [
            try Self.rule("k", "^error$", "1"), try Self.rule("k", "error", "2"), try Self.rule("k", #"^5\d\d$"#, "5"),
            try Self.rule("k", "^true$", "b"), try Self.rule("k", "^$", "empty"),
            try Self.rule("k", ##"^\{"a"=>\[1, nil, "x\\#\{"\], "b"=>true\}$"##, "hash"),
            try Self.rule("k", #"^\[1, 2\]$"#, "list"), try Self.rule("k", "^two$", "line"),
            try Self.rule("k", "x(.)y", "$1"), try Self.rule("k", "^[a-z]", "not", inverted: true),
        ])
        #expect(try sent(settings, ["{\"k\":\(value)}"]).hasPrefix(expected + "{"))
    }

    @Test("what no rule fits is dropped, and so is what would keep its tag") func dropped() throws {
        let settings = TagRewriteSettings(rules: [
            try Self.rule("k", "a", "app.web.log"), try Self.rule("k", "b", "${tag}"), try Self.rule("k", "c", "$1"),
            try Self.rule("$.in.k", "c", "deep"),
        ])
        #expect(
            try sent(settings, [#"{"k":"a"}"#, #"{"k":"b"}"#, #"{"x":1}"#, #"{"in":{"k":"c"}}"#])
                == #"deep{"in":{"k":"c"}}"#)
    }

    @Test(
        "the old tag is shortened by a prefix or by a pattern",
        arguments: [
            ("app", "", "web.log"), ("app.", "", "web.log"), ("ap", "", "p.web.log"), ("other", "", "app.web.log"),
            ("", #"^app\."#, "web.log"), ("", #"\.web"#, "app.log"), ("", "none", "app.web.log"),
        ])
    func shortened(_ prefix: String, _ pattern: String, _ expected: String) throws {
        var settings = TagRewriteSettings(rules: [try Self.rule("k", "a", "x.${tag}.${tag_parts[0]}")])
        if !prefix.isEmpty { settings.removedPrefix = Array(prefix.utf8) }
        if !pattern.isEmpty { settings.removedPattern = try Regex(pattern) }
        let first = expected.split(separator: ".")[0]
        #expect(try sent(settings, [#"{"k":"a"}"#]) == #"x.\#(expected).\#(first){"k":"a"}"#)
    }

    @Test("groups may be capitalized") func capitals() throws {
        var settings = TagRewriteSettings(rules: [try Self.rule("k", "(.*)", "$1")])
        settings.capitalizes = true
        #expect(try sent(settings, [#"{"k":"éCOLE b"}"#]) == #"École b{"k":"éCOLE b"}"#)
    }

    @Test("neighbours share a batch where order is seen, else all of a tag do") func groups() throws {
        let settings = TagRewriteSettings(rules: [try Self.rule("k", "(.)", "$1")])
        let records = ["a", "a", "b", "a"].enumerated().map { #"{"k":"\#($1)","n":\#($0)}"# }
        let ordered = try sent(settings, records)
        #expect(ordered == #"a{"k":"a","n":0}{"k":"a","n":1} b{"k":"b","n":2} a{"k":"a","n":3}"#)
        let gathered = try sent(settings, records, showsOrder: false)
        #expect(gathered == #"a{"k":"a","n":0}{"k":"a","n":1}{"k":"a","n":3} b{"k":"b","n":2}"#)
    }

    @Test("one object stands for each new tag, and a mark of refusal stays") func tagObjects() throws {
        let target = Taker(showsOrder: true)
        let emitter = emitter(TagRewriteSettings(rules: [try Self.rule("k", "(.)", "x.$1")]), [target])
        for (text, wasRefused) in [("t", false), ("u", false), ("v", true)] {
            let batch = EventBatch()
            try batch.add(#"{"k":"a"}"#)
            batch.tag = Events.Tag(Array(text.utf8), wasRefused: wasRefused)
            _ = emitter.emit(Events.Batch(batch.tag), storage: &batch.storage, rows: &batch.rows)
        }
        #expect(target.tags[0] === target.tags[1] && target.tags[0] !== target.tags[2])
        #expect(target.tags.map { $0.wasRefused } == [false, false, true])
    }

    @Test("what a target refuses is left for whoever drives the stage; the answer is the worst, the receipt goes along")
    func answers() throws {
        let (full, refusing) = (Taker(answer: .acceptedFull), Taker(answer: .refused(Refusal(.full, "full"))))
        let rules = [try Self.rule("k", "a", "a"), try Self.rule("k", "b", "b", target: 1)]
        let batch = EventBatch()
        for record in [#"{"k":"a"}"#, #"{"k":"b"}"#] { try batch.add(record) }
        let settled = Mutex<[Receipt.Fate]>([])
        let receipt = Receipt { fate in settled.withLock { $0.append(fate) } }
        let answer = emitter(TagRewriteSettings(rules: rules), [full, refusing]).emit(
            Events.Batch(batch.tag, receipt: receipt), storage: &batch.storage, rows: &batch.rows)
        #expect(answer == .refused(Refusal(.full, "full")))
        #expect(batch.lines == [#"{"k":"b"}"#])
        #expect(full.receipts[0] === receipt && refusing.receipts[0] === receipt)
        receipt.settle(.delivered)
    }

    @Test("a pattern that takes too long, and a tag that gets too long, are refused with their reason") func refused()
        throws
    {
        let clock = Atomic<Int64>(0)
        let scratch = MatchScratch { clock.wrappingAdd(1_000_000_000, ordering: .relaxed).newValue }
        let target = Taker()
        let slow = RewriteTagEmitter(
            TagRewriteSettings(rules: [try Self.rule("k", "(a|aa)+$", "x")]), targets: [target], scratch: scratch)
        let batch = EventBatch()
        try batch.add(#"{"k":"\#(String(repeating: "a", count: 60))b"}"#)
        _ = slow.emit(Events.Batch(batch.tag), storage: &batch.storage, rows: &batch.rows)
        #expect(batch.rows.rejections.map(\.kind) == ["Regexp::TimeoutError"])
        let long = EventBatch()
        try long.add(#"{"k":"\#(String(repeating: "a", count: 5000))"}"#)
        _ = emitter(TagRewriteSettings(rules: [try Self.rule("k", "(.*)", "x.$1")]), [target]).emit(
            Events.Batch(long.tag), storage: &long.storage, rows: &long.rows)
        #expect(
            long.rows.rejections.map(\.reason) == [
                "the new tag has more than 4096 bytes: let the pattern for k take less"
            ])
        #expect(target.taken == [])
    }
}

/// Writes down what it is given.
private final class Taker: Emitter {
    let showsOrder: Bool
    private let answer: Acceptance
    private(set) var taken: [String] = []
    private(set) var tags: [Events.Tag] = []
    private(set) var receipts: [Receipt?] = []

    init(showsOrder: Bool = false, answer: Acceptance = .accepted) {
        (self.showsOrder, self.answer) = (showsOrder, answer)
    }

    func emit(_ batch: Events.Batch, storage: inout ByteBuffer, rows: inout Rows) -> Acceptance {
        var text = batch.tag.text
        for record in rows.records {
            var json = ByteBuffer()
            json.appendJSONObject(record, rows, storage)
            text += json.text
        }
        taken.append(text)
        tags.append(batch.tag)
        receipts.append(batch.receipt)
        rows.records.removeAll()
        return answer
    }
}
