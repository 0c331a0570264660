import Foundation
import Logging
import TestSupport
import Testing

@Suite struct LogFormatTests {
    private func text(_ message: String, _ fields: [LogField] = []) -> String {
        let line = LogRecorder()
        line.handle(LogEntry(time: LogTime(seconds: 0), level: .info, message: message, fields: fields))
        return line.lines[0]
    }

    @Test("a line carries local time, zone and level as Fluentd's does") func timeStamp() throws {
        let moment: Int64 = 1_795_542_811
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.dateFormat = "yyyy-MM-dd HH:mm:ss Z"
        let expected = formatter.string(from: Date(timeIntervalSince1970: Double(moment)))
        let line = LogFormat.text.line(LogEntry(time: LogTime(seconds: moment), level: .warn, message: "hello"))
        #expect(line == "\(expected) [warn]: hello\n")
    }

    @Test(
        "a value is quoted only when it would not read back as one word",
        arguments: [
            ("plain", "plain"), ("a/b:c-d", "a/b:c-d"), ("größe", "größe"), ("", "\"\""),
            ("two words", "\"two words\""),
            ("a=b", "\"a=b\""), ("say \"x\"", "\"say \\\"x\\\"\""), ("back\\slash", "\"back\\\\slash\""),
            ("line\nbreak", "\"line\\nbreak\""), ("\u{1b}[31m", "\"\\u001b[31m\""), ("\u{9b}31m", "\"\\u009b31m\""),
        ])
    func quoting(_ value: String, _ expected: String) {
        #expect(text("m", [LogField("k", value)]) == "[info]: m k=\(expected)")
    }

    @Test("numbers and booleans keep their kind, in text and in JSON") func kinds() {
        let fields = [
            LogField("int", 3), LogField("big", UInt64.max), LogField("half", 0.5), LogField("yes", true),
            LogField("nan", Double.nan),
        ]
        #expect(text("m", fields) == "[info]: m int=3 big=18446744073709551615 half=0.5 yes=true nan=nan")
        let line = LogFormat.json.line(
            LogEntry(time: LogTime(seconds: 0), level: .error, message: "a \"quoted\"\nmessage", fields: fields))
        #expect(
            line.hasSuffix(
                #""level":"error","message":"a \"quoted\"\nmessage","int":3,"big":"18446744073709551615","half":0.5,"#
                    + "\"yes\":true,\"nan\":null}\n"))
        #expect((try? JSONSerialization.jsonObject(with: Data(line.utf8))) != nil)
    }

    @Test("as a record an entry has its fields, and as message the line that the text has") func record() throws {
        let fields = [LogField("a", 1), LogField("message", "other"), LogField("t", "two \"words\"\u{1b}")]
        let entry = LogEntry(time: LogTime(seconds: 0), level: .warn, message: "it\nis", fields: fields, block: "x\ny")
        let object = try #require(
            try JSONSerialization.jsonObject(with: Data(LogFormat.record(entry).utf8)) as? [String: Any])
        let line = LogFormat.text.line(entry)
        #expect(Set(object.keys) == ["a", "message", "t"] && object["a"] as? Int == 1)
        #expect(object["t"] as? String == "two \"words\"\u{1b}")
        let message = try #require(object["message"] as? String)
        #expect(message.contains("message=other") && line.hasSuffix("[warn]: \(message)\n"))
        let many = (0..<2000).map { LogField("k\($0)", String(repeating: "v", count: 100)) }
        let bounded = LogFormat.record(LogEntry(time: LogTime(seconds: 0), level: .info, message: "m", fields: many))
        #expect(bounded.utf8.count < 2 * LogFormat.maximumLineBytes && bounded.contains("\"fields_left_out\":"))
        #expect((try? JSONSerialization.jsonObject(with: Data(bounded.utf8))) != nil)
    }

    @Test("what a stranger put into a message cannot pass for a line of ours") func forgery() {
        let line = text("bad tag\n2026-11-24 17:53:31 +0000 [info]: all is well\u{1b}[2J\r")
        #expect(line == "[info]: bad tag\\n2026-11-24 17:53:31 +0000 [info]: all is well\\u001b[2J\\r")
    }

    /// Characters of all kinds, with many that are dangerous.
    private func stranger(_ random: inout SeededGenerator) -> String {
        let dangerous: [ClosedRange<UInt32>] = [
            0...0x1f, 0x7f...0x9f, 0x200b...0x202e, 0x2060...0x206f, 0x61c...0x61c, 0xfeff...0xfeff, 0xe0000...0xe007f,
            0x22...0x22, 0x5c...0x5c, 0x20...0x7e, 0xa0...0xd7ff, 0xe000...0x10ffff,
        ]
        var text = ""
        for _ in 0..<Int.random(in: 0...300, using: &random) {
            guard let range = dangerous.randomElement(using: &random),
                let scalar = Unicode.Scalar(UInt32.random(in: range, using: &random))
            else { continue }
            text.unicodeScalars.append(scalar)
        }
        return Bool.random(using: &random)
            ? text : String(repeating: text, count: Int.random(in: 0...100, using: &random))
    }

    private func isDangerous(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator: return true
        default: break
        }
        // Bidi_Control of Unicode's PropList, and two that have no form.
        return [0x61c, 0x200e, 0x200f, 0x200b, 0xfeff].contains(scalar.value)
            || (0x202a...0x202e).contains(scalar.value) || (0x2066...0x2069).contains(scalar.value)
    }

    @Test(
        "whatever strangers send: one line, bounded, without a dangerous character, valid",
        arguments: LogFormat.allCases)
    func strangers(_ format: LogFormat) throws {
        var random = SeededGenerator(seed: 11)
        for _ in 0..<500 {
            let message = stranger(&random)
            let fields = (0..<Int.random(in: 0...12, using: &random)).map { LogField("k\($0)", stranger(&random)) }
            let line = format.line(
                LogEntry(time: LogTime(seconds: 0), level: .warn, message: message, fields: fields))
            #expect(line.hasSuffix("\n"))
            #expect(!line.dropLast().unicodeScalars.contains(where: isDangerous))
            #expect(line.utf8.count <= LogFormat.maximumLineBytes)
            guard format == .json else { continue }
            let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
            let short = message.utf8.count < LogFormat.maximumMessageBytes / 6
            #expect(!short || object["message"] as? String == message)
        }
    }

    @Test("what is too long is cut where a character ends, and its size is said", arguments: LogFormat.allCases)
    func cutting(_ format: LogFormat) {
        let long = String(repeating: "é", count: 4_000_000)
        let line = format.line(
            LogEntry(
                time: LogTime(seconds: 0), level: .warn, message: "m",
                fields: [LogField("a", long)] + (0..<20).map { LogField("f\($0)", String(long.prefix(400))) }))
        #expect(line.contains("é… (8000000 bytes)"))
        #expect(line.contains("fields_left_out"))
        #expect(line.utf8.count <= LogFormat.maximumLineBytes)
    }

    @Test("the operator's own text keeps its lines, indented, and is not cut") func block() {
        let recorder = LogRecorder()
        let text = "<match **>\n" + String(repeating: "  a \u{1b}b\n", count: 3000) + "</match>"
        Log(handler: recorder).info("using configuration:", block: text)
        let rows = recorder.lines[0].split(separator: "\n")
        #expect(rows.count == 3003)
        #expect(rows[0] == "[info]: using configuration:")
        #expect(rows[2] == "    a \\u001bb")
        #expect(LogFormat.json.line(recorder.entries[0]).split(separator: "\n").count == 1)
    }

    @Test("colour marks the level and ends before the message") func colour() {
        let entry = LogEntry(time: LogTime(seconds: 0), level: .error, message: "m")
        let line = LogFormat.text.line(entry, coloured: true)
        #expect(line.hasPrefix("\u{1b}[31m"))
        #expect(line.hasSuffix("[error]:\u{1b}[0m m\n"))
        #expect(!LogFormat.json.line(entry, coloured: true).contains("\u{1b}"))
    }
}
