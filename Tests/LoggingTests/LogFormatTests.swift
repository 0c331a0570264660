import Foundation
import Logging
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

    @Test("what a stranger put into a message cannot pass for a line of ours") func forgery() {
        let line = text("bad tag\n2026-11-24 17:53:31 +0000 [info]: all is well\u{1b}[2J\r")
        #expect(line == "[info]: bad tag\n  2026-11-24 17:53:31 +0000 [info]: all is well\\u001b[2J\\u000d")
    }

    @Test("colour marks the level and ends before the message") func colour() {
        let entry = LogEntry(time: LogTime(seconds: 0), level: .error, message: "m")
        let line = LogFormat.text.line(entry, coloured: true)
        #expect(line.hasPrefix("\u{1b}[31m"))
        #expect(line.hasSuffix("[error]:\u{1b}[0m m\n"))
        #expect(!LogFormat.json.line(entry, coloured: true).contains("\u{1b}"))
    }
}
