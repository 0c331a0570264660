import Foundation
import Logging
import Testing

@Suite struct LogWriterTests {
    private let folder: String

    init() throws {
        folder = NSTemporaryDirectory() + "sluice-log-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    private func messages(_ name: String) -> [String] {
        let text = (try? String(contentsOfFile: folder + "/" + name, encoding: .utf8)) ?? ""
        return text.split(separator: "\n").map { String($0[($0.range(of: "]: ")?.upperBound ?? $0.startIndex)...]) }
    }

    @Test("lines are appended to what is there") func appending() throws {
        for message in ["first", "second"] {
            let writer = try LogWriter(path: folder + "/log")
            Log(handler: writer).info(message, ["a": 1])
        }
        #expect(messages("log") == ["first a=1", "second a=1"])
    }

    @Test("reopening goes on in a new file once the old one was moved away") func reopening() throws {
        let log = Log(handler: try LogWriter(path: folder + "/log"))
        log.info("before")
        try FileManager.default.moveItem(atPath: folder + "/log", toPath: folder + "/moved")
        log.info("between")
        try log.reopen()
        log.info("after")
        #expect(messages("moved") == ["before", "between"])
        #expect(messages("log") == ["after"])
    }

    @Test("a file that cannot be opened is named with the system's reason") func openError() {
        let path = folder + "/missing/log"
        #expect(throws: LogFileError(path: path, code: ENOENT)) { try LogWriter(path: path) }
        #expect(
            "\(LogFileError(path: path, code: ENOENT))" == "cannot open log file \"\(path)\": No such file or directory"
        )
    }

    @Test("rotation keeps the generations asked for and loses no line of them") func rotation() throws {
        let line = LogFormat.text.line(LogEntry(time: LogTime(seconds: 0), level: .info, message: "1")).utf8.count
        let writer = try LogWriter(
            path: folder + "/log", rotation: LogRotation(generations: 2, maximumFileBytes: Int64(2 * line)))
        let log = Log(handler: writer)
        for number in 1...9 { log.info("\(number)") }
        #expect(messages("log") == ["9"])
        #expect(messages("log.0") == ["7", "8"])
        #expect(messages("log.1") == ["5", "6"])
        #expect(!FileManager.default.fileExists(atPath: folder + "/log.2"))
    }

    @Test("lines of several threads never mix") func threads() throws {
        let log = Log(handler: try LogWriter(path: folder + "/log"))
        let long = String(repeating: "x", count: 5000)
        DispatchQueue.concurrentPerform(iterations: 8) { thread in
            for _ in 0..<50 { log.info("\(thread)\(long)\(thread)") }
        }
        let lines = messages("log")
        #expect(lines.count == 400)
        #expect(lines.allSatisfy { $0.first == $0.last && $0.count == 5002 })
    }

    @Test("lost lines are counted and reported with the reason when writing works again") func lostLines() throws {
        // A pipe without room that does not block stands for a full disk.
        var ends: [Int32] = [0, 0]
        #expect(pipe(&ends) == 0)
        ends.forEach { _ = fcntl($0, F_SETFL, O_NONBLOCK) }
        defer { ends.forEach { close($0) } }
        let filler = [UInt8](repeating: 46, count: 65536)
        while write(ends[1], filler, filler.count) > 0 {}
        while write(ends[1], filler, 1) > 0 {}
        let log = Log(handler: LogWriter(descriptor: ends[1]))
        log.info("lost")
        log.info("lost too")
        var drained = [UInt8](repeating: 0, count: 1 << 20)
        _ = read(ends[0], &drained, drained.count)
        log.info("works again")
        let count = read(ends[0], &drained, drained.count)
        let text = String(decoding: drained[..<max(count, 0)], as: UTF8.self)
        #expect(text.contains("[error]: log lines were lost count=2 error=\"Resource temporarily unavailable\"\n"))
        #expect(text.hasSuffix("[info]: works again\n"))
    }
}
