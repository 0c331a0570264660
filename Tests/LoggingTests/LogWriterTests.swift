import Foundation
import Logging
import Testing

@Suite struct LogWriterTests {
    private let folder: String
    private let writer: WriterThread

    init() throws {
        writer = try WriterThread()
        folder = NSTemporaryDirectory() + "sluice-log-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    private func messages(_ name: String) -> [String] {
        writer.drain(withinSeconds: 30)
        let text = (try? String(contentsOfFile: folder + "/" + name, encoding: .utf8)) ?? ""
        return text.split(separator: "\n").map { String($0[($0.range(of: "]: ")?.upperBound ?? $0.startIndex)...]) }
    }

    @Test("lines are appended to what is there") func appending() throws {
        for message in ["first", "second"] {
            Log(handler: try LogWriter(path: folder + "/log", writer: writer)).info(message, ["a": 1])
        }
        #expect(messages("log") == ["first a=1", "second a=1"])
    }

    @Test("reopening goes on in a new file once the old one was moved away") func reopening() throws {
        let log = Log(handler: try LogWriter(path: folder + "/log", writer: writer))
        log.info("before")
        writer.drain(withinSeconds: 30)
        try FileManager.default.moveItem(atPath: folder + "/log", toPath: folder + "/moved")
        log.info("between")
        try log.reopen()
        log.info("after")
        #expect(messages("moved") == ["before", "between"])
        #expect(messages("log") == ["after"])
    }

    @Test("a file that cannot be opened is named with the system's reason") func openError() {
        let path = folder + "/missing/log"
        #expect(throws: LogFileError(path: path, code: ENOENT)) { try LogWriter(path: path, writer: writer) }
        #expect(
            "\(LogFileError(path: path, code: ENOENT))" == "cannot open log file \"\(path)\": no such file or directory"
        )
    }

    @Test("rotation by size keeps the files asked for and loses no line of them") func rotationBySize() throws {
        let line = LogFormat.text.line(LogEntry(time: LogTime(seconds: 0), level: .info, message: "1")).utf8.count
        let log = Log(
            handler: try LogWriter(
                path: folder + "/log", rotation: .size(files: 3, maximumFileBytes: Int64(2 * line)), writer: writer))
        for number in 1...9 { log.info("\(number)") }
        #expect(messages("log") == ["9"])
        #expect(messages("log.0") == ["7", "8"])
        #expect(messages("log.1") == ["5", "6"])
        #expect(!FileManager.default.fileExists(atPath: folder + "/log.2"))
    }

    @Test(
        "rotation by period moves the file with the first line of the next one",
        arguments: [
            (LogRotation.Period.daily, ["log.20260131", "log.20260201", "log.20260202", "log"]),
            (.weekly, ["log.20260131", "log.20260202", "log"]), (.monthly, ["log.20260131", "log"]),
        ])
    func rotationByPeriod(_ period: LogRotation.Period, _ files: [String]) throws {
        // Noon of Saturday, Sunday, Monday and (past another Sunday) the eighth day, whatever the zone.
        let days: [(Int, String)] = [(20484, "sat"), (20485, "sun"), (20486, "mon"), (20492, "sun2")]
        // Opened in the present, which is later than these days: only the days themselves count.
        let log = try LogWriter(path: folder + "/log", rotation: .period(period), writer: writer)
        for (day, name) in days {
            let noon = Int64(day) * 86400 + 43200 - Int64(TimeZone.current.secondsFromGMT())
            for turn in ["a", "b"] {
                log.handle(LogEntry(time: LogTime(seconds: noon), level: .info, message: name + turn))
            }
        }
        writer.drain(withinSeconds: 30)
        let found = try FileManager.default.contentsOfDirectory(atPath: folder)
        #expect(Set(found) == Set(files))
        #expect(files.flatMap(messages) == days.flatMap { [$0.1 + "a", $0.1 + "b"] })
    }

    @Test(
        "the options ask for rotation as Fluentd's do",
        arguments: [
            (nil, nil, nil), ("0", 10, nil), ("daily", 10, .period(.daily)), ("x", nil, nil),
            ("3", nil, .size(files: 3, maximumFileBytes: 1_048_576)), (nil, 10, .size(files: 7, maximumFileBytes: 10)),
        ] as [(String?, Int64?, LogRotation?)])
    func rotationOptions(_ age: String?, _ bytes: Int64?, _ expected: LogRotation?) {
        #expect(LogRotation(age: age, maximumFileBytes: bytes) == expected)
    }

    @Test("lines of several threads never mix") func threads() throws {
        let log = Log(handler: try LogWriter(path: folder + "/log", writer: writer))
        let long = String(repeating: "x", count: 3000)
        DispatchQueue.concurrentPerform(iterations: 8) { thread in
            for _ in 0..<50 { log.info("\(thread)\(long)\(thread)") }
        }
        let lines = messages("log")
        #expect(lines.count == 400)
        #expect(lines.allSatisfy { $0.first == $0.last && $0.count == 3002 })
    }

    @Test("a file that cannot be opened anew is written on, and says so") func notReopened() throws {
        let log = Log(handler: try LogWriter(path: folder + "/log", writer: writer))
        log.info("before")
        writer.drain(withinSeconds: 30)
        try FileManager.default.moveItem(atPath: folder, toPath: folder + "-moved")
        try log.reopen()
        log.info("after")
        writer.drain(withinSeconds: 30)
        try FileManager.default.moveItem(atPath: folder + "-moved", toPath: folder)
        #expect(
            Set(messages("log")) == [
                "before", "cannot open log file \"\(folder)/log\": no such file or directory", "after",
            ])
    }

    @Test(
        "when nobody reads, lines are dropped and counted, and the count is said in its place",
        arguments: LogFormat.allCases)
    func unread(_ format: LogFormat) throws {
        let pipe = try PipeEnds()
        // Full before the first line, so that how fast the writer's thread is decides nothing.
        let filled = pipe.fill()
        let log = Log(handler: LogWriter(descriptor: pipe.input, format: format, limitBytes: 2500, writer: writer))
        let long = String(repeating: "x", count: 900)
        for number in 0..<200 { log.info("line \(number) \(long)") }
        #expect(pipe.read(filled).count == filled)
        let read = (0..<3).map { _ in pipe.readLine() }
        #expect(read[0].contains("line 0 x") && read[1].contains("line 1 x"), "two lines have room")
        #expect(read[2].contains("198 log lines were dropped: nobody reads"), "\(read[2])")
        log.info("the end")
        #expect(pipe.readLine().contains("the end"))
    }

    @Test("what stands in the way of a log file is known without making it") func obstacle() throws {
        #expect(LogWriter.obstacle(path: folder + "/new") == nil)
        #expect(!FileManager.default.fileExists(atPath: folder + "/new"))
        #expect(LogWriter.obstacle(path: folder + "/missing/log")?.code == ENOENT)
        #expect(LogWriter.obstacle(path: folder)?.code == EISDIR)
    }
}
