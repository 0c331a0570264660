import Events
import Foundation
import Parsing
import TestSupport
import Testing
import Time

/// Numbers and times at the ends of what types hold, through every parser and into every form that outputs have.
@Suite("Parsers, extreme values") struct ExtremeValuesTests {
    static func recipes() throws -> [(name: String, recipe: ParserRecipe, templates: [String])] {
        let typed = ParserTests.options {
            $0.types = "a:integer,b:float,c:bool,d:time:%Y-%m-%dT%H:%M:%S.%N%z,e:time:unixtime,f:array:."
        }
        let json = [#"{"time":N,"a":N}"#, #"{"time":"N","a":["N"]}"#, #"[{"time":N},{"b":N}]"#]
        let ltsv = ["time:N\ta:N\tb:N\tc:N\td:N\te:N\tf:N"]
        let timeTypes: [TimeType] = [.string, .unixtime, .float]
        var all: [(String, ParserRecipe, [String])] = [
            (
                "csv", try .csv(keys: ["a", "b", "c", "d", "e", "f"], typed),
                ["N,N,N,N,N,N", "\"N\",\"N\",\"N\",\"N\""]
            ),
            ("syslog", try .syslog(), ["N web-1 app: N", "Dec 17 18:15:04 h app[N]: N"]),
            (
                "format", try .regexp("^(?<time>.*)$", ParserTests.options { $0.timeFormat = "%Y-%m-%dT%H:%M:%S%z" }),
                ["N", "N-12-17T18:15:04Z", "2019-12-17T18:15:04+N"]
            ),
            ("epoch", try .regexp("^(?<time>.*)$", ParserTests.options { $0.timeFormat = "%s.%N" }), ["N", "N.N"]),
            ("ltsv, typed", try .ltsv(typed), ltsv),
        ]
        for type in timeTypes {
            all.append(("json \(type)", try .json(ParserTests.options { $0.timeType = type }), json))
            all.append(("ltsv \(type)", try .ltsv(ParserTests.options { $0.timeType = type }), ltsv))
        }
        all.append(("json", try .json(), json))
        return all
    }

    private static func check(
        _ time: EventTime?, _ fields: Range<Int>, _ rows: borrowing Rows, _ storage: borrowing ByteBuffer
    ) {
        let time = time ?? EventTime(seconds: 0)
        #expect(
            (EventTime.firstSecond...EventTime.lastSecond).contains(time.seconds) && time.nanoseconds < 1_000_000_000)
        let record = Record(time: time, firstField: fields.lowerBound, fieldCount: fields.count)
        var out = ByteBuffer()
        out.appendJSONObject(record, rows, storage)
        #expect(throws: Never.self) { try EventBatch().add(json: out.array()) }
        out.appendMessagePack(time)
        var writer = TimeWriter(.fluentd)
        writer.write(time, to: &out)
    }

    private static func parse(_ parser: any TextParser, _ text: [UInt8]) {
        var storage = ByteBuffer()
        var rows = Rows()
        parser.beginBatch(storage: &storage)
        let place = storage.append(copyOf: text)
        switch parser.parse(place, storage: &storage, rows: &rows) {
        case .matched(let time): check(time, 0..<rows.fields.count, rows, storage)
        case .matchedMany(let records): for record in records { check(record.time, record.fields, rows, storage) }
        case .parts, .noMatch, .invalidTime, .malformed, .gaveUp: break
        }
    }

    @Test("no value traps, times are of the range, and what comes out is JSON") func values() throws {
        for (_, recipe, templates) in try Self.recipes() {
            let parser = recipe.makeParser()
            for template in templates {
                for value in ExtremeNumbers.numbers + ExtremeNumbers.times {
                    Self.parse(parser, Array(template.replacing("N", with: value).utf8))
                }
            }
        }
    }

    @Test(
        "MessagePack's extreme numbers as times",
        arguments: [
            "d3 80 00 00 00 00 00 00 00", "cf ff ff ff ff ff ff ff ff", "cb 7f e1 cc f3 85 eb c8 a0",
            "cb 7f f8 00 00 00 00 00 00", "cb ff f0 00 00 00 00 00 00", "d7 00 ff ff ff ff ff ff ff ff", "c0",
        ]) func messagePack(_ item: String) throws
    {
        for type in [TimeType.float, .unixtime] {
            let parser = try ParserRecipe.messagePack(ParserTests.options { $0.timeType = type }).makeParser()
            Self.parse(parser, hex("81 a4 74 69 6d 65 " + item))
        }
    }

    @Test("the seeds of the fuzzer, and what it found, are parsed") func seeds() throws {
        let folder = GoldenData.tests.appendingPathComponent("Fuzz/Parsing/Corpus")
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        #expect(names.count >= 10)
        var inputs = try names.map { Array(try Data(contentsOf: folder.appendingPathComponent($0))) }
        inputs += GoldenData.failCases("Parsing").map(\.bytes)
        for (_, recipe, _) in try Self.recipes() {
            let parser = recipe.makeParser()
            for input in inputs { Self.parse(parser, Array(input.dropFirst())) }
        }
    }
}
