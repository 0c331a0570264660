import EventLoop
import Events
import Foundation
import Logging
import Parsing
import TestSupport
import Testing

@testable import Inputs

@Suite("Files that are followed", .timeLimit(.minutes(5)))
struct TailInputTests {
    /// An input on a loop thread of its own, with a folder.
    private final class Running: @unchecked Sendable {  // as RunningInput
        let collector = Collector()
        let log = LogRecorder()
        let folder: String
        private let input: TailInput
        private let thread: LoopThread

        init(
            _ folder: String, rests: Bool = false, durable: Bool = false,
            _ change: (inout TailSettings) -> Void = { _ in }
        )
            throws
        {
            self.folder = folder
            var settings = TailSettings(paths: ["\(folder)/*.log"], tag: "t", parser: .none())
            settings.positionFile = "\(folder)/pos"
            settings.readsFromHead = true
            settings.refreshMilliseconds = 50
            settings.rotateWaitMilliseconds = 200
            change(&settings)
            let loop = try Loop()
            input = TailInput(settings, on: loop, emitter: collector, log: Log(handler: log))
            input.routesChanged(hasDurableBuffer: durable)
            try input.start()
            if rests { input.rest() }
            thread = try LoopThread.start(loop, name: "test-tail")
        }

        func perform(_ job: @escaping @Sendable (TailInput) -> Void) { thread.loop.submit { job(self.input) } }

        var messages: [String] { collector.events.map { String($0.split(separator: "\"").dropLast().last ?? "") } }

        func wait(_ count: Int) -> [String] {
            _ = collector.wait(for: count)
            return messages
        }

        /// As a crash: what was not settled until now is not.
        func stop() -> [String] {
            perform { $0.close() }
            thread.loop.stop()
            return thread.join()
        }
    }

    private func append(_ text: String, to path: String) {
        let file = fopen(path, "a")
        fputs(text, file)
        fclose(file)
    }

    private func positions(_ folder: String) -> String {
        (try? String(contentsOfFile: "\(folder)/pos", encoding: .utf8)) ?? ""
    }

    private func offsets(_ folder: String) -> [UInt64] {
        PositionTable(positions(folder)).entries.map(\.offset).sorted()
    }

    /// Whether the positions become these, in time.
    private func reach(_ wanted: [UInt64], in folder: String) -> Bool {
        let end = ContinuousClock.now + .seconds(20)
        while offsets(folder) != wanted {
            if ContinuousClock.now > end { return false }
            sleepMilliseconds(20)
        }
        return true
    }

    @Test("a position moves when events are delivered, and in their order") func receipts() throws {
        let folder = try TemporaryFolder()
        append("one\n", to: "\(folder.path)/a.log")
        let running = try Running(folder.path)
        running.collector.state.withLock { $0.keepsReceipts = true }
        append("two\n", to: "\(folder.path)/a.log")
        _ = running.wait(2)
        append("three\n", to: "\(folder.path)/a.log")
        #expect(running.wait(3) == ["one", "two", "three"])
        #expect(reach([0], in: folder.path))
        // The last one first: nothing is safe up to it.
        let receipts = running.collector.state.withLock { $0.receipts }
        receipts[receipts.count - 1].settle(.delivered)
        sleepMilliseconds(500)
        #expect(offsets(folder.path) == [0])
        for receipt in receipts.dropLast() { receipt.settle(.delivered) }
        #expect(reach([14], in: folder.path))
        #expect(running.stop() == [])
    }

    @Test(
        "a file that was renamed three times before anybody looked is read, and its successors",
        arguments: [false, true])
    func rapidRotation(_ followsInodes: Bool) throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/a.log"
        append("0\n", to: path)
        let running = try Running(folder.path) {
            $0.paths = [path]
            $0.followsInodes = followsInodes
        }
        #expect(running.wait(1) == ["0"])
        var expected = ["0"]
        for round in 0..<5 {
            let mayGo = DispatchSemaphore(value: 0)
            // The loop stands while it happens.
            running.perform { _ in mayGo.wait() }
            for generation in 1...4 {
                for number in (1...5).reversed() { rename("\(path).\(number)", "\(path).\(number + 1)") }
                rename(path, "\(path).1")
                append("\(round).\(generation)\n", to: path)
                expected.append("\(round).\(generation)")
            }
            mayGo.signal()
            #expect(running.wait(expected.count).sorted() == expected.sorted())
        }
        sleepMilliseconds(300)
        #expect(running.messages.count == expected.count, "each line once")
        #expect(running.stop() == [])
    }

    @Test("files of a group share its limit, and one with limit 0 is not read")
    func groups() throws {
        let folder = try TemporaryFolder()
        // More than is read at a time.
        let lines = (1...100).map { "\($0) " + String(repeating: "x", count: 300) }
        for name in ["a", "b", "free"] {
            append(lines.map { "\(name) \($0)\n" }.joined(), to: "\(folder.path)/\(name).log")
        }
        append("quiet\n", to: "\(folder.path)/quiet.log")
        let running = try Running(folder.path) {
            $0.groups = TailGroups(periodMilliseconds: 4000, limits: [40, 0]) { path in
                path.hasSuffix("quiet.log") ? 1 : path.hasSuffix("free.log") ? nil : 0
            }
        }
        func count(_ name: String) -> Int { running.messages.count { $0.hasPrefix(name + " ") } }
        _ = running.wait(100)
        sleepMilliseconds(300)
        #expect(count("free") == 100)
        // 20 lines each, of which a read of 8 KiB brings 26.
        #expect((20..<40).contains(count("a")), "\(count("a"))")
        #expect((20..<40).contains(count("b")), "\(count("b"))")
        #expect(running.wait(300).count == 300, "all is read in the end")
        for name in ["a", "b"] {
            #expect(running.messages.filter { $0.hasPrefix(name + " ") } == lines.map { "\(name) \($0)" })
        }
        #expect(running.stop() == [])
    }

    @Test("what a stop leaves undelivered is read again; with a durable buffer it is safe")
    func stop() throws {
        for (isDurable, expected) in [(false, ["one", "two"]), (true, ["two"])] {
            let folder = try TemporaryFolder()
            append("", to: "\(folder.path)/a.log")
            let running = try Running(folder.path, durable: isDurable)
            running.collector.state.withLock { $0.keepsReceipts = true }
            append("one\n", to: "\(folder.path)/a.log")
            #expect(running.wait(1) == ["one"])
            running.collector.settle(.safe)
            sleepMilliseconds(100)
            #expect(running.stop() == [])
            append("two\n", to: "\(folder.path)/a.log")
            let next = try Running(folder.path)
            #expect(next.wait(expected.count) == expected)
            #expect(next.stop() == [])
        }
    }

    @Test("a full buffer holds the file where it is, and room lets it go on", arguments: [false, true])
    func full(_ refuses: Bool) throws {
        let folder = try TemporaryFolder()
        let lines = (1...5000).map { "line \($0)\n" }
        append(lines.joined(), to: "\(folder.path)/a.log")
        let running = try Running(folder.path, rests: true) { $0.batchLines = 100 }
        running.collector.state.withLock {
            $0.answer = refuses ? .refused(Refusal(.full, "full")) : .acceptedFull
        }
        running.perform { $0.goOn() }
        _ = running.wait(100)
        sleepMilliseconds(300)
        #expect(running.messages.count == 100)
        running.collector.state.withLock {
            $0.answer = .accepted
            if refuses { $0.events = [] }
        }
        running.perform { $0.resumeReading() }
        #expect(running.wait(5000) == lines.map { String($0.dropLast()) })
        #expect(running.stop() == [])
    }

    @Test("nothing is read while it rests, and nothing after a stop") func rests() throws {
        let folder = try TemporaryFolder()
        append("one\n", to: "\(folder.path)/a.log")
        let running = try Running(folder.path)
        #expect(running.wait(1) == ["one"])
        running.perform { $0.rest() }
        append("two\n", to: "\(folder.path)/a.log")
        sleepMilliseconds(200)
        #expect(running.messages == ["one"])
        running.perform { $0.goOn() }
        #expect(running.wait(2) == ["one", "two"])
        running.perform { $0.stopReading() }
        append("three\n", to: "\(folder.path)/a.log")
        sleepMilliseconds(200)
        #expect(running.stop() == [])
        #expect(running.messages == ["one", "two"])
        let next = try Running(folder.path)
        #expect(next.wait(1) == ["three"])
        #expect(next.stop() == [])
    }

    @Test("a file that was replaced is read to its end, also when a crash came in between and it has another name")
    func replaced() throws {
        let folder = try TemporaryFolder()
        append("one\n", to: "\(folder.path)/a.log")
        let running = try Running(folder.path)
        running.collector.state.withLock { $0.keepsReceipts = true }
        #expect(running.wait(1) == ["one"])
        running.collector.settle(.delivered)
        append("two\n", to: "\(folder.path)/a.log")
        #expect(running.wait(2) == ["one", "two"])
        // "two" is not safe when the file is renamed, a new one begins, and the process dies.
        rename("\(folder.path)/a.log", "\(folder.path)/a.log.1")
        append("three\n", to: "\(folder.path)/a.log")
        #expect(running.wait(3) == ["one", "two", "three"])
        #expect(reach([0, 4], in: folder.path))
        let saved = positions(folder.path)
        #expect(running.stop() == [])
        try saved.write(toFile: "\(folder.path)/pos", atomically: true, encoding: .utf8)
        let next = try Running(folder.path)
        #expect(next.wait(2).sorted() == ["three", "two"])
        #expect(reach([6], in: folder.path))
        #expect(next.stop() == [])
    }

    @Test("a line longer than the limit is dropped, whole or in pieces, and said; the next ones come") func long()
        throws
    {
        let folder = try TemporaryFolder()
        let running = try Running(folder.path) { $0.lineBytes = 100 }
        append("a\n" + String(repeating: "x", count: 200_000), to: "\(folder.path)/a.log")
        #expect(running.wait(1) == ["a"])
        append(String(repeating: "y", count: 50) + "\nb\n", to: "\(folder.path)/a.log")
        #expect(running.wait(2) == ["a", "b"])
        #expect(running.log.lines.contains { $0.contains("raise max_line_size") }, "\(running.log.lines)")
        #expect(running.stop() == [])
    }

    @Test("texts of several lines come once each, wherever a batch ends") func multiline() throws {
        let folder = try TemporaryFolder()
        let texts = (1...300).map { "S \($0)\n more \($0)\n" }
        append(texts.joined(), to: "\(folder.path)/a.log")
        let running = try Running(folder.path) {
            $0.parser = try! .multiline(formats: [#"/^S (?<n>\d+)\n more (?<m>\d+)/"#], firstLine: "/^S /")
            $0.batchLines = 7
            $0.multilineFlushMilliseconds = 300
        }
        _ = running.collector.wait(for: 300)
        #expect(running.collector.events.count == 300)
        #expect(running.collector.events.last?.hasSuffix(#"{"n":"300","m":"300"}"#) == true)
        #expect(reach([UInt64(texts.joined().utf8.count)], in: folder.path))
        #expect(running.stop() == [])
    }

    @Test("many files that were replaced while nobody followed them are read to their ends, each once")
    func manyReplaced() throws {
        let folder = try TemporaryFolder()
        let count = 300
        var positions = ""
        for number in 0..<count {
            let path = "\(folder.path)/\(number).log"
            append("old \(number)\nrest \(number)\n", to: path + ".1")
            var facts = stat()
            stat(path + ".1", &facts)
            positions +=
                PositionTable.Entry(
                    path: path, inode: UInt64(facts.st_ino), offset: UInt64("old \(number)\n".utf8.count)
                ).line
            // Of a third nothing has come in their place.
            if number % 3 != 0 { append("new \(number)\n", to: path) }
        }
        try positions.write(toFile: "\(folder.path)/pos", atomically: true, encoding: .utf8)
        let running = try Running(folder.path)
        let expected = (0..<count).flatMap { $0 % 3 == 0 ? ["rest \($0)"] : ["rest \($0)", "new \($0)"] }
        #expect(running.wait(expected.count).sorted() == expected.sorted())
        // Only the positions of the files that took their places are left.
        let left: [UInt64] = (0..<count).filter { $0 % 3 != 0 }.map { UInt64("new \($0)\n".utf8.count) }
        #expect(reach(left.sorted(), in: folder.path))
        _ = running.stop()
    }

    @Test("a file that comes while its name is free, and is moved on before anybody looks, is read")
    func free() throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/a.log"
        append("one\n", to: path)
        let running = try Running(folder.path) {
            $0.refreshMilliseconds = 1000
            $0.rotateWaitMilliseconds = 10_000
        }
        #expect(running.wait(1) == ["one"])
        rename(path, path + ".2")
        // A look finds no file, and the next one is a second away.
        usleep(1_200_000)
        append("two\n", to: path)
        rename(path, path + ".1")
        append("three\n", to: path)
        #expect(running.wait(3).sorted() == ["one", "three", "two"])
        #expect(running.collector.events.count == 3)
        _ = running.stop()
    }

    @Test(
        "a file with the number of one that was read and deleted is another one, also when it is moved before anybody looks"
    )
    func sameNumber() throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/a.log"
        // The folder is watched for it all the time.
        append("", to: "\(folder.path)/b.log")
        let running = try Running(folder.path) {
            $0.refreshMilliseconds = 60_000
            $0.rotateWaitMilliseconds = 0
        }
        usleep(300_000)
        var numbers: Set<UInt> = []
        for round in 1...4 {
            append("\(round)\n", to: path)
            rename(path, path + ".1")
            var facts = stat()
            stat(path + ".1", &facts)
            numbers.insert(facts.st_ino)
            #expect(running.wait(round).count == round, "round \(round), numbers \(numbers)")
            // A file is left once a second; then its number is free.
            usleep(1_200_000)
            unlink(path + ".1")
        }
        _ = running.stop()
    }

    @Test("a file that was read to its end is known again by its number and its birth together, for a while")
    func endedFiles() throws {
        let folder = try TemporaryFolder()
        let (path, other) = ("\(folder.path)/a", "\(folder.path)/b")
        append("1\n", to: path)
        usleep(20_000)
        append("2\n", to: other)
        var facts = stat()
        try #require(stat(path, &facts) == 0)
        let identity = FileIdentity(facts)
        let (birth, otherBirth) = (FileBirth(ofFile: path), FileBirth(ofFile: other))
        try #require(birth != otherBirth, "the file system knows no births")
        var ended = EndedFiles()
        ended.add(identity, birth, atMilliseconds: 100)
        // Its number alone may be another's by now.
        for (asked, isKnown) in [(birth, true), (otherBirth, false), (nil, false)] {
            let has = ended.has(identity, asked, atMilliseconds: 150)
            #expect(has == isKnown)
        }
        // It was asked for at 150, and then at 220.
        for (now, isKnown) in [(220, true), (320, false)] as [(UInt64, Bool)] {
            ended.forget(olderThanMilliseconds: 100, atMilliseconds: now)
            let has = ended.has(identity, birth, atMilliseconds: now)
            #expect(has == isKnown)
        }
    }

    @Test("a file that is moved from a name that nobody follows is not read, nor one that is too old")
    func notNamed() throws {
        let folder = try TemporaryFolder()
        append("one\n", to: "\(folder.path)/a.log")
        let running = try Running(folder.path) { $0.recentlyModifiedSeconds = 60 }
        #expect(running.wait(1) == ["one"])
        append("other\n", to: "\(folder.path)/b.txt")
        rename("\(folder.path)/b.txt", "\(folder.path)/b.txt.1")
        append("old\n", to: "\(folder.path)/c.new")
        var times = [timeval(tv_sec: time(nil) - 3600, tv_usec: 0), timeval(tv_sec: time(nil) - 3600, tv_usec: 0)]
        utimes("\(folder.path)/c.new", &times)
        rename("\(folder.path)/c.new", "\(folder.path)/c.log")
        rename("\(folder.path)/c.log", "\(folder.path)/c.log.1")
        append("last\n", to: "\(folder.path)/a.log")
        #expect(running.wait(2) == ["one", "last"])
        usleep(300_000)
        #expect(running.messages == ["one", "last"])
        _ = running.stop()
    }

    @Test("a position file that cannot be written is said at the start") func unwritable() throws {
        let folder = try TemporaryFolder()
        #expect(throws: PositionFile.Failure.self) {
            _ = try Running(folder.path) { $0.positionFile = "/proc/none/pos" }
        }
    }
}

@Suite("Names and positions of files")
struct TailNameTests {
    @Test("ten thousand files that go away take their positions with them in no time, each once")
    func manyGone() throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/pos"
        let count: UInt64 = 10_000
        let file = try PositionFile(path)
        let lines = (0..<count).map { file.line(path: "/logs/\($0).log", inode: $0 + 1, offset: $0) }
        let seconds = ThreadTime.seconds { for line in lines where line.offset % 10 != 0 { file.remove(line) } }
        // A linear removal takes 50 million steps: seconds in a debug build. This takes about ten milliseconds there.
        #expect(seconds < 1)
        let left = (0..<count).filter { $0 % 10 == 0 }
        #expect(file.unused.map(\.offset) == left)
        #expect(file.unused(path: "/logs/1.log").isEmpty && file.unused(inode: 2).isEmpty)
        #expect(file.unused(path: "/logs/10.log").count == 1)
        file.compact()
        #expect(PositionTable(try PositionFile.read(path)).entries.map(\.offset) == left)
        // What is written next goes to its own line.
        file.set(lines[20], offset: 7)
        file.set(lines[21], offset: 8)
        let table = PositionTable(try PositionFile.read(path))
        #expect(table.entries[2].offset == 7 && table.entries[3].offset == 30)
    }

    @Test("lines of files that are not watched any more are kept, and left out when there are many")
    func ended() throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/pos"
        let file = try PositionFile(path)
        func count() throws -> (lines: Int, watched: Int) {
            let text = try PositionFile.read(path)
            return (text.split(separator: "\n").count, PositionTable(text).entries.count)
        }
        let kept = file.line(path: "/kept", inode: 1, offset: 5)
        for number in 2...101 {
            let line = file.line(path: "/\(number)", inode: UInt64(number), offset: 1)
            file.endWatching(line)
            file.endWatching(line)
        }
        file.compact()
        #expect(!file.hasManyEnded)
        #expect(try count() == (101, 1))
        let last = file.line(path: "/last", inode: 200, offset: 1)
        file.endWatching(last)
        #expect(file.hasManyEnded)
        file.compact()
        #expect(!file.hasManyEnded)
        #expect(try count() == (1, 1))
        // What is written for a line that was left out goes nowhere.
        file.set(last, offset: 3)
        file.remove(last)
        file.set(kept, offset: 6)
        #expect(PositionTable(try PositionFile.read(path)).entries == [.init(path: "/kept", inode: 1, offset: 6)])
    }

    @Test("a pos_file of Fluentd is read and written, and what is no line is said")
    func table() {
        let text =
            "/a b.log\t00000000000000ff\t0000000000001234\nbad\n/c\tffffffffffffffff\t0000000000000001\n/d\tx\t1\n"
        let table = PositionTable(text)
        #expect(table.entries == [.init(path: "/a b.log", inode: 0x1234, offset: 255)])
        #expect(table.brokenLines == ["bad", "/d\tx\t1"])
        #expect(table.entries[0].line == "/a b.log\t00000000000000ff\t0000000000001234\n")
        let twice = PositionTable("/a\t1\t5\n/a\t2\t6\n/a\t3\t5\n")
        #expect(twice.entries.map(\.offset) == [3, 2])
        var rest = Array(text.utf8)[...]
        while rest.popLast() != nil { _ = PositionTable(String(decoding: rest, as: UTF8.self)) }
    }

    @Test(
        "a star in a tag is the path with dots",
        arguments: [
            ("app.*", "/var/log/a.log", "app.var.log.a.log"), ("*", "/a//b..c", "a.b.c"),
            ("x.*.y", "/a b_c-d", "x.a b_c-d.y"),
            ("plain", "/a", "plain"),
        ])
    func tags(_ tag: String, _ path: String, _ expected: String) {
        #expect(TailSettings(paths: [], tag: tag, parser: .none()).tag(of: path).text == expected)
    }

    @Test(
        "patterns name what Ruby's glob names",
        arguments: [
            ("/a/*.log", "/a/x.log", true), ("/a/*.log", "/a/b/x.log", false), ("/a/**/*.log", "/a/x.log", true),
            ("/a/**/*.log", "/a/b/c/x.log", true), ("/a/?.log", "/a/x.log", true), ("/a/[a-c].log", "/a/d.log", false),
            ("/a/*.log", "/a/.x.log", false), ("a/*.log", "/a/x.log", false), ("/a/{b,c}", "/a/b", false),
        ])
    func patterns(_ pattern: String, _ path: String, _ fits: Bool) { #expect(FileGlob.matches(pattern, path) == fits) }

    @Test("several ** take no longer than one: with a way tried for each, this would not end")
    func manyStars() throws {
        let deep = "/" + (0..<200).map { _ in "a" }.joined(separator: "/")
        let pattern = "/" + (0..<40).map { _ in "**/a" }.joined(separator: "/") + "/b"
        #expect(!FileGlob.matches(pattern, deep))
        #expect(FileGlob.matches(pattern, deep + "/b"))
        // Folders in folders, to which many ways lead.
        let folder = try TemporaryFolder()
        let chain = (0..<25).map { _ in "a" }.joined(separator: "/")
        try FileManager.default.createDirectory(atPath: "\(folder.path)/\(chain)", withIntermediateDirectories: true)
        let stars = (0..<12).map { _ in "**/a" }.joined(separator: "/")
        #expect(FileGlob.paths(["\(folder.path)/\(stars)/*.log"]) == [])
        _ = FileManager.default.createFile(atPath: "\(folder.path)/\(chain)/x.log", contents: nil)
        #expect(FileGlob.paths(["\(folder.path)/\(stars)/*.log"]) == ["\(folder.path)/\(chain)/x.log"])
        #expect(FileGlob.paths(["\(folder.path)/**/**/*.log"]) == ["\(folder.path)/\(chain)/x.log"])
        #expect(FileGlob.paths(["\(folder.path)/**/**"]).count == 26)
    }
}
