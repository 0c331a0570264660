import Events
import ForwardProtocol
import Outputs
import TestSupport
import Testing

@Suite("Forward: lines and maps to events")
struct ForwardReaderTests {
    /// Reads all; answers the records as JSON and the problems.
    static func read(
        _ bytes: [UInt8], as format: ForwardEventReader.Format, _ feeding: Feeding
    ) throws -> (records: [String], problems: [ForwardInputProblem]) {
        var reader = ForwardEventReader(format)
        var encoder = ForwardEncoder(tag: [0x74])
        var problems: [ForwardInputProblem] = []
        let receiver = Receiver()
        func seal(_ encoder: inout ForwardEncoder) {
            guard let message = encoder.seal() else { return }
            do { try receiver.decode(message.bytes) } catch { Issue.record("\(error)") }
        }
        func take(_ reader: inout ForwardEventReader, _ encoder: inout ForwardEncoder) {
            while true {
                switch reader.next(into: &encoder, time: EventTime(seconds: 1)) {
                case .event: continue
                case .otherTag: seal(&encoder)
                case .problem(let problem): problems.append(problem)
                case .wantsBytes: return
                }
            }
        }
        for piece in feeding.pieces(of: bytes) {
            reader.receive(piece)
            take(&reader, &encoder)
        }
        reader.finish()
        take(&reader, &encoder)
        seal(&encoder)
        let prefix = format == .kept ? "" : "t 1.0 "
        return (receiver.collector.lines.map { String($0.dropFirst(prefix.count)) }, problems)
    }

    @Test("good JSON lines get through between bad ones", arguments: Feeding.allCases)
    func json(_ feeding: Feeding) throws {
        let input =
            "{\"a\":1}\n\n{\"message\": hello}\r\n  \r\n{\"time\":5,\"b\":\"x\"}\r\n[2]\n{\"c\":\n{\"last\":\"ü\"}"
        let (records, problems) = try Self.read(Array(input.utf8), as: .json, feeding)
        #expect(records == [#"{"a":1}"#, #"{"time":5,"b":"x"}"#, #"{"last":"ü"}"#])
        try #require(problems.count == 3)
        #expect(problems[0].message == "line 3: not JSON at column 13")
        #expect(problems[0].excerpt == "  {\"message\": hello}\n              ^")
        #expect(problems[1].message.hasPrefix("line 6: JSON, but no object"))
        #expect(problems[2].message == "line 7: JSON ends too early at column 6")
        #expect(problems.allSatisfy { !$0.isEnd })
    }

    @Test("lines of a backup file keep their tags, times and order", arguments: Feeding.allCases)
    func kept(_ feeding: Feeding) throws {
        func line(_ tag: String, _ fraction: String, _ record: String) -> String {
            #"{"tag":"\#(tag)","time":"2019-12-17T17:55:04\#(fraction)+00:00","record":\#(record)}"# + "\n"
        }
        let input =
            line("a", ".123456789", #"{"n":1,"o":{"x":[1,"ü"]}}"#) + line("a", "", #"{"n":2}"#) + line("b", ".5", "{}")
            + #"{"record":{"n":4},"time":"2019-12-17T17:55:05Z","tag":"a"}"#
            + "\n{\"tag\":\"a\",\"time\":\"x\",\"record\":{}}\n"
            + line("a", "", "[1]") + "{\"tag\":\"a\"}\nno\n" + line("c\\n", "", #"{"last":"ü"}"#).dropLast()
        let (events, problems) = try Self.read(Array(input.utf8), as: .kept, feeding)
        #expect(
            events == [
                #"a 1576605304.123456789 {"n":1,"o":{"x":[1,"ü"]}}"#, #"a 1576605304.0 {"n":2}"#,
                #"b 1576605304.500000000 {}"#, #"a 1576605305.0 {"n":4}"#, "c\n 1576605304.0 {\"last\":\"ü\"}",
            ])
        #expect(
            problems.map(\.message).map { $0.prefix(30) } == [
                "line 5: 'time' is no time; it ", "line 6: 'record' is no object", "line 7: no 'time'; a line of a",
                "line 8: not JSON at column 1",
            ])
    }

    @Test("a long line is cut around the place, counted in characters, and cannot move the caret")
    func excerpt() throws {
        let long =
            "{\"ä\":\"" + String(repeating: "ö", count: 100) + "\",\u{1b}\u{7}" + String(repeating: "z", count: 200)
        let (_, problems) = try Self.read(Array(long.utf8), as: .json, .whole)
        let problem = try #require(problems.first)
        #expect(problem.message == "line 1: not JSON at column 109")
        let lines = try #require(problem.excerpt).split(separator: "\n")
        #expect(lines[0].unicodeScalars.count == 2 + 1 + 30 + 30 + 1)
        #expect(lines[1].unicodeScalars.count == 2 + 1 + 30 + 1)
        #expect(!problem.excerpt!.unicodeScalars.contains("\u{1b}"))
    }

    @Test("plain lines become one field, blank ones too", arguments: Feeding.allCases)
    func plain(_ feeding: Feeding) throws {
        let (records, problems) = try Self.read(Array("one\r\n\n{three\nfour".utf8), as: .text(key: [0x6B]), feeding)
        #expect(records == [#"{"k":"one"}"#, #"{"k":""}"#, #"{"k":"{three"}"#, #"{"k":"four"}"#])
        #expect(problems == [])
    }

    @Test("MessagePack maps follow each other, others are left out", arguments: Feeding.allCases)
    func messagePack(_ feeding: Feeding) throws {
        let input: [UInt8] = [0x81, 0xA1, 0x61, 1, 0x05, 0x81, 0xA1, 0x62, 0x91, 0x80, 0x81, 0xA1]
        let (records, problems) = try Self.read(input, as: .messagePack, feeding)
        #expect(records == [#"{"a":1}"#, #"{"b":[{}]}"#])
        #expect(
            problems.map(\.message) == [
                "event 2: MessagePack, but no map", "event 4: the input ends within it, after 2 bytes",
            ])
        #expect(problems.map(\.isEnd) == [false, true])
    }

    @Test("what is no MessagePack ends the reading")
    func brokenMessagePack() throws {
        let (records, problems) = try Self.read([0x80, 0xC1, 0x80], as: .messagePack, .whole)
        #expect(records == ["{}"])
        #expect(problems.map(\.message) == ["event 2: not MessagePack; what follows it cannot be read"])
    }

    @Test("no input is no event and no problem")
    func empty() throws {
        for format in [ForwardEventReader.Format.json, .messagePack, .text(key: [])] {
            let (records, problems) = try Self.read([], as: format, .whole)
            #expect(records == [] && problems == [])
        }
    }

    @Test("a line without an end is not kept for ever")
    func endless() throws {
        var reader = ForwardEventReader(.json)
        var encoder = ForwardEncoder(tag: [0x74])
        reader.receive([UInt8](repeating: 0x20, count: ForwardEventReader.maximumEventBytes + 1))
        guard case .problem(let problem) = reader.next(into: &encoder, time: EventTime(seconds: 1)) else {
            Issue.record("no problem")
            return
        }
        #expect(problem.isEnd && problem.message.hasPrefix("line 1: longer than"))
    }
}
