import Events
import Filters
import Foundation
import Grok
import Logging
import Parsing
import TestSupport
import Testing
import Time

enum ParserTestOptions {
    static var dated: ParserOptions {
        var options = ParserOptions()
        options.timeFormat = "%Y-%m-%d"
        return options
    }
    static var unixtime: ParserOptions {
        var options = ParserOptions()
        options.timeType = .unixtime
        return options
    }
}

/// `filter_parser` and its parsers as Fluentd has them (`parser-options-cases.jsonl`).
@Suite struct ParserFilterTests {
    static let now = EventTime(seconds: 1_800_000_000, nanoseconds: 1)

    /// The filters of `config-parser-options.conf`, by the second part of their tag.
    static func filter(_ name: String) throws -> ParserFilter? {
        var settings = ParserFilter.Settings(key: try RecordAccessor(name == "nested" ? "$.a.log" : "log"))
        var options = ParserOptions()
        var recipe: ParserRecipe?
        settings.reservesTime = !["keeptime", "timefmt", "timeiso", "timeunix", "timetz", "noestimate"].contains(name)
        settings.reservesData = ["reserve_data", "remove", "prefix", "hash", "noerr_reserve", "nested"].contains(name)
        switch name {
        case "reserve_time", "reserve_data", "nested": break
        case "remove": settings.removesKey = true
        case "prefix": settings.keyPrefix = Array("p_".utf8)
        case "hash": settings.hashValueField = Array("parsed".utf8)
        case "hashprefix":
            settings.hashValueField = Array("parsed".utf8)
            settings.keyPrefix = Array("p_".utf8)
        case "noerr", "noerr_reserve": settings.emitsInvalidRecords = false
        case "keeptime": options.keepTimeKey = true
        case "timefmt":
            options.timeKey = "timestamp"
            options.timeFormat = "%Y-%m-%d %H:%M:%S"
            options.keepTimeKey = true
        case "timeiso":
            options.timeKey = "ts"
            options.timeType = .string
            options.timeFormat = "%iso8601"
        case "timeunix":
            options.timeKey = "ts"
            options.timeType = .unixtime
        case "timetz":
            options.timeKey = "timestamp"
            options.timeFormat = "%Y-%m-%d %H:%M:%S"
            options.timezone = "+09:00"
        case "noestimate": settings.estimatesCurrentEvent = false
        case "types":
            options.types = "i:integer,f:float,b:bool,a:array"
            recipe = try .regexp(#"/^(?<i>\S+) (?<f>\S+) (?<b>\S+) (?<a>\S+) (?<s>\S*)(?: (?<opt>\S+))?$/"#, options)
        case "rxignore": recipe = try .regexp("/^(?<k>HELLO) (?<rest>.*)$/im", options)
        case "nullempty":
            options.nullEmptyString = true
            options.nullValuePattern = "^-$"
            recipe = try .regexp("/^(?<a>[^,]*),(?<b>[^,]*)$/", options)
        case "grokfail":
            var grok = GrokOptions(
                [
                    .init("%{WORD:w}:%{INT:n:integer}:%{NUMBER:f:float}", name: "first"),
                    .init("%{IP:ip} %{URIPATHPARAM:p}"),
                ],
                library: try PatternLibrary(series: .legacy))
            grok.failureKey = "grokfailure"
            grok.nameKey = "grokname"
            recipe = try .grok(grok)
        case "grokapache":
            recipe = try .grok(
                GrokOptions([.init("%{COMBINEDAPACHELOG}")], library: try PatternLibrary(series: .legacy)))
        case "replace":
            settings.replacesInvalidSequence = true
            recipe = try .grok(
                GrokOptions([.init("%{WORD:a} %{GREEDYDATA:b}")], library: try PatternLibrary(series: .legacy)))
        default: return nil
        }
        let parser = try (recipe ?? .json(options)).makeParser()
        return ParserFilter(settings, parser: parser) { now }
    }

    struct Case: CustomTestStringConvertible, Sendable {
        var id: String
        var line: [UInt8]
        var stdout: [String]
        var errors: [String]
        /// What the deviations allow instead.
        var alternatives: [[String]]
        var testDescription: String { id }
    }

    static let cases: [Case] = {
        guard let lines = try? GoldenData.bytes("parser-options-cases.jsonl").split(separator: 0x0A),
            let data = try? GoldenData.bytes("deviations.json"),
            let deviations = try? JSONSerialization.jsonObject(with: Data(data)) as? [String: [String: Any]]
        else { return [] }
        return lines.compactMap { line in
            guard let object = try? JSONSerialization.jsonObject(with: Data(line)) as? [String: Any],
                let id = object["id"] as? String
            else { return nil }
            let expected = deviations["parser-options/" + id]?["expect"] as? [Any] ?? []
            return Case(
                id: id, line: Array(line),
                stdout: (object["stdout"] as? [String] ?? []).filter { !$0.contains(" fluent.") },
                errors: object["error_label_stdout"] as? [String] ?? [],
                alternatives: expected.compactMap { ($0 as? [String: Any])?["stdout"] as? [String] })
        }
    }()

    @Test("the captured cases are there") func present() { #expect(Self.cases.count == 55) }

    @Test("each case as captured", arguments: cases) func replay(one: Case) throws {
        let source = EventBatch()
        try source.add(json: one.line)
        func input(_ place: String) throws -> String {
            let value = source.rows.value(at: try RecordAccessor(place), in: source.rows.records[0], source.storage)
            var out = ByteBuffer()
            if let value { out.appendText(value, source.storage) }
            return out.text
        }
        let tag = try input("$.input.tag")
        let filter = try #require(try Self.filter(tag.split(separator: ".").last.map(String.init) ?? ""), "\(tag)")
        let batch = EventBatch(tag: tag)
        let time = EventTime(
            seconds: try #require(Int64(try input("$.input.time.sec"))),
            nanoseconds: try #require(UInt32(try input("$.input.time.nsec"))))
        try batch.add(try input("$.input.record"), at: time)
        filter.apply(Events.Batch(batch.tag), storage: &batch.storage, rows: &batch.rows)

        var writer = TimeWriter(.fluentd, offset: 0)
        let lines = batch.rows.records.map { record in
            var out = ByteBuffer()
            writer.write(record.time, to: &out)
            out.append(" \(tag): ")
            out.appendJSONObject(record, batch.rows, batch.storage)
            return out.text
        }
        // A time that Fluentd took from its clock is that of our clock.
        let wanted = one.stdout.map { line in
            guard line.hasPrefix("2026") else { return line }
            return "2027-01-15 08:00:00.000000001 +0000" + line.dropFirst(35)
        }
        let isRight = lines == wanted || one.alternatives.contains(lines)
        #expect(isRight, "\(lines) instead of \(wanted)")
        let errors = batch.rows.rejections.map { batch.text(of: $0.record) }
        if lines == wanted { #expect(errors == one.errors) }
        #expect(batch.rows.rejections.allSatisfy { $0.record.time == time })
    }

    @Test("a list of objects is one record each, the original merged into all of them") func many() throws {
        let filter = try #require(try Self.filter("reserve_data"))
        let batch = EventBatch()
        try batch.add(#"{"log":"[{\"a\":1},{\"x\":2}]","x":0}"#)
        filter.apply(Events.Batch(batch.tag), storage: &batch.storage, rows: &batch.rows)
        #expect(
            batch.lines == [#"{"log":"[{\"a\":1},{\"x\":2}]","x":0,"a":1}"#, #"{"log":"[{\"a\":1},{\"x\":2}]","x":2}"#])
    }

    @Test(
        "of a text of several records, only the part that is none is refused, and reserved", arguments: [true, false])
    func refusedPart(reservesData: Bool) throws {
        var settings = ParserFilter.Settings(key: RecordAccessor(key: "log"))
        settings.reservesData = reservesData
        let recipe = try ParserRecipe.multiline(formats: ["^> (?<n>[0-9]+)$"], firstLine: "^>")
        let filter = ParserFilter(settings, parser: recipe.makeParser())
        let batch = EventBatch()
        try batch.add(#"{"log":"> 1\n> x\n> 3","k":0}"#)
        filter.apply(Events.Batch(batch.tag), storage: &batch.storage, rows: &batch.rows)
        #expect(batch.rows.rejections.map { batch.text(of: $0.record) } == [#"{"log":"> x","k":0}"#])
        let whole = #""log":"> 1\n> x\n> 3","k":0"#
        #expect(
            batch.lines
                == (reservesData
                    ? ["{\(whole),\"n\":\"1\"}", #"{"log":"> x","k":0}"#, "{\(whole),\"n\":\"3\"}"]
                    : [#"{"n":"1"}"#, #"{"n":"3"}"#]))
    }

    @Test("a reason quotes nothing of the record, unless that is asked for") func quotesNothing() throws {
        for (parser, log) in [
            (try ParserRecipe.json(), #""hunter2 zzz""#), (try .json(), "12"),
            (try .regexp("^(?<a>x)"), #""hunter2""#), (try .csv(keys: ["a"]), #""\"hunter2""#),
            (try .regexp("^(?<time>.*)$", ParserTestOptions.dated), #""hunter2""#), (try .ltsv(), #"{"p":"hunter2"}"#),
        ] {
            for showsRecords in [false, true] {
                var settings = ParserFilter.Settings(key: RecordAccessor(key: "log"))
                settings.showsRecords = showsRecords
                let filter = ParserFilter(settings, parser: parser.makeParser())
                let batch = EventBatch()
                try batch.add("{\"log\":\(log)}")
                filter.apply(Events.Batch(batch.tag), storage: &batch.storage, rows: &batch.rows)
                let reason = try #require(batch.rows.rejections.first?.reason)
                let quotes = reason.contains("hunter2") || reason.contains("12")
                #expect(quotes == showsRecords, "\(reason)")
            }
        }
    }

    @Test("a long line is quoted in part, and valid UTF-8") func quotes() throws {
        var settings = ParserFilter.Settings(key: RecordAccessor(key: "log"))
        settings.showsRecords = true
        let filter = ParserFilter(settings, parser: try ParserRecipe.json().makeParser())
        let batch = EventBatch()
        try batch.add("{\"log\":\"\(String(repeating: "\u{e9}", count: 5000))\"}")
        filter.apply(Events.Batch(batch.tag), storage: &batch.storage, rows: &batch.rows)
        let reason = try #require(batch.rows.rejections.first?.reason)
        #expect(reason.utf8.count < 400)
        #expect(reason.hasPrefix("pattern not matched with data '"))
    }

    enum Fate: Sendable { case goesOn, dropped }

    /// Reason, value of `log` (empty: no such field), the parser.
    static let reasons: [(name: String, log: String, isRaised: Bool)] = [
        ("key missing", "", false), ("null", "null", false), ("no match", #""nothing""#, false),
        ("gave up", #""xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx""#, false), ("not a text", "12", true),
        ("not a text, nested", #"{"a":1}"#, true), ("bad time", #""t=soonish""#, true),
    ]

    @Test(
        "what is not parsed: each reason, reserved or not, reported or not, in chains of both kinds",
        arguments: [false, true], [false, true])
    func notParsed(reservesData: Bool, emits: Bool) throws {
        for reason in Self.reasons {
            for raisedGoOn in [true, false] {
                var settings = ParserFilter.Settings(key: RecordAccessor(key: "log"))
                settings.reservesData = reservesData
                settings.emitsInvalidRecords = emits
                var options = ParserOptions()
                options.timeFormat = "%Y-%m-%d"
                options.matchLimits.matchSteps = 5000
                let recipe = try ParserRecipe.regexp(#"^(?:(?:x+x+)+)+y|^t=(?<time>\S+)"#, options)
                let filter = ParserFilter(settings, parser: recipe.makeParser())
                let batch = EventBatch()
                let record = reason.log.isEmpty ? #"{"other":1}"# : "{\"log\":\(reason.log)}"
                try batch.add(record)
                var handed = Events.Batch(batch.tag)
                handed.raisedRecordsGoOn = raisedGoOn
                filter.apply(handed, storage: &batch.storage, rows: &batch.rows)
                let goesOn = reason.isRaised ? emits && raisedGoOn : reservesData
                #expect(batch.lines == (goesOn ? [record] : []), "\(reason.name), \(raisedGoOn)")
                #expect(batch.rows.rejections.count == (emits ? 1 : 0), "\(reason.name)")
            }
        }
    }

    @Test("a text that is none goes by its parser: JSON and several formats do not match, none takes everything")
    func otherValues() throws {
        func lines(_ recipe: ParserRecipe) throws -> [String] {
            let filter = ParserFilter(
                ParserFilter.Settings(key: RecordAccessor(key: "log")), parser: recipe.makeParser())
            let batch = EventBatch()
            try batch.add(#"{"log":12}"#)
            filter.apply(Events.Batch(batch.tag), storage: &batch.storage, rows: &batch.rows)
            return batch.lines
        }
        #expect(try lines(.json()) == [])
        #expect(try lines(.firstMatch([.json(), .ltsv()])) == [])
        #expect(try lines(.firstMatch([.ltsv(), .none()])) == [#"{"message":12}"#])
        #expect(try lines(.none()) == [#"{"message":12}"#])
        for recipe in [try ParserRecipe.ltsv(), try .csv(keys: ["a"]), try .tsv(keys: ["a"]), try .syslog()] {
            #expect(try lines(recipe) == [#"{"log":12}"#])
        }
    }

    @Test("values that do not convert are told once for each field, with a count")
    func faults() throws {
        let recorder = LogRecorder()
        let faults = ConversionFaults()
        var options = ParserOptions()
        options.types = "a:float,b:bool,c:time:%Y-%m-%d,d:integer"
        let recipe = try ParserRecipe.regexp(#"^(?<a>\S+) (?<b>\S+) (?<c>\S+) (?<d>\S+)$"#, options)
        let filter = ParserFilter(
            ParserFilter.Settings(key: RecordAccessor(key: "log")), parser: recipe.makeParser(noting: faults),
            faults: faults, log: Log(handler: recorder).with("filter", "filter:4"))
        let batch = EventBatch(tag: "t.x")
        for _ in 0..<3 { try batch.add(#"{"log":"fast maybe 04.03.2026 big"}"#) }
        try batch.add(#"{"log":"0 false 2026-03-04 0"}"#)
        filter.apply(Events.Batch(batch.tag), storage: &batch.storage, rows: &batch.rows)
        #expect(batch.lines[0] == #"{"a":0.0,"b":false,"c":null,"d":0}"#)
        #expect(recorder.lines.count == 4, "\(recorder.lines)")
        for (example, field) in [
            ("'fast' is no number: 0.0 is stored", "field=a types=float"),
            ("'maybe' is neither true nor false: false is stored", "field=b types=bool"),
            ("'04.03.2026' is no such time: null is stored", "field=c types=time"),
            ("'big' is no number: 0 is stored", "field=d types=integer"),
        ] {
            let isTold = recorder.lines.contains {
                $0.contains(example) && $0.contains(field) && $0.contains("filter=filter:4") && $0.contains("tag=t.x")
                    && $0.contains("values=3")
            }
            #expect(isTold, "\(example): \(recorder.lines)")
        }
    }

    @Test(
        "a number far from any time of a log is told; it is the event's time all the same",
        arguments: [("2019", 2019), ("1500000000000", EventTime.lastSecond)] as [(String, Int64)])
    func absurdTimes(_ number: String, _ seconds: Int64) throws {
        let recorder = LogRecorder()
        let parsers: [(ParserRecipe, before: String, after: String)] = [
            (try .json(), #"{\"time\":"#, "}"), (try .ltsv(ParserTestOptions.unixtime), "time:", ""),
            (try .regexp("^time:(?<time>.*)$", ParserTestOptions.unixtime), "time:", ""),
        ]
        for (recipe, before, after) in parsers {
            let faults = ConversionFaults()
            let filter = ParserFilter(
                ParserFilter.Settings(key: RecordAccessor(key: "log")), parser: recipe.makeParser(noting: faults),
                faults: faults, log: Log(handler: recorder))
            let batch = EventBatch()
            for text in [number, "1500000000", number] {
                try batch.add("{\"log\":\"\(before)\(text)\(after)\"}")
            }
            filter.apply(Events.Batch(batch.tag), storage: &batch.storage, rows: &batch.rows)
            #expect(batch.rows.records.first?.time.seconds == seconds)
            #expect(
                recorder.lines.filter { $0.contains("read as seconds since 1970") && $0.contains("field=time") }.count
                    == 1)
            recorder.clear()
        }
    }

    @Test("invalid bytes are replaced only where that is asked for") func replaced() throws {
        let filter = try #require(try Self.filter("replace"))
        let batch = EventBatch()
        try batch.add(json: Array("{\"log\":\"word a".utf8) + [0xFF, 0xFE] + Array("z\"}".utf8))
        filter.apply(Events.Batch(batch.tag), storage: &batch.storage, rows: &batch.rows)
        #expect(batch.lines == [#"{"a":"word","b":"a??z"}"#])
    }

    @Test("a wide record that is not parsed gets its empty hash", arguments: [20, 31, 32, 33, 40, 100, 300])
    func wideUnparsed(count: Int) throws {
        let filter = try #require(try Self.filter("hash"))
        let batch = EventBatch()
        // The text fails after many fields, which leaves another record's keys in the table.
        let broken = "{" + (0..<count + 7).map { #"\"b\#($0)\":1"# }.joined(separator: ",") + "!"
        try batch.add(FilterRules.wide(count, log: "\"\(broken)\""))
        try batch.add(FilterRules.wide(count + 5, log: "\"\(broken)\"").replacing("\"k3\"", with: "\"parsed\""))
        filter.apply(Events.Batch(batch.tag), storage: &batch.storage, rows: &batch.rows)
        #expect(batch.rows.records.count == 2)
        #expect(batch.lines[0].hasSuffix(",\"parsed\":{}}"))
        #expect(batch.lines[1].contains("\"k2\":2,\"parsed\":{},\"k4\":4"))
    }

    @Test(
        "keeps the rules of filters",
        arguments: [
            "reserve_time", "reserve_data", "remove", "prefix", "hash", "hashprefix", "noerr", "noerr_reserve",
            "nested", "grokfail", "types",
        ])
    func rules(_ name: String) throws {
        try FilterRules.check(FilterRules.shapes) { try #require(try Self.filter(name)) }
    }
}
