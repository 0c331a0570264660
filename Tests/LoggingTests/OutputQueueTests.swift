import Foundation
import Logging
import Synchronization
import TestSupport
import Testing

/// The writer's thread with real descriptors. Nothing here waits for a time that a slow machine would not keep: what must
/// happen is waited for, what must not happen is kept from happening.
@Suite struct OutputQueueTests {
    private func line(_ number: Int, padding: Int = 0) -> [UInt8] {
        Array("\(number)\(String(repeating: "x", count: padding))\n".utf8)
    }

    @Test("nobody reads: offering never waits, is refused at the bound, and goes on when somebody reads")
    func unread() throws {
        let pipe = try PipeEnds()
        let writer = try WriterThread()
        let rooms = Atomic<Int>(0)
        let queue = OutputQueue(to: OpenDescriptor(pipe.input), limitBytes: 100_000, writer: writer) { _ in [] }
        queue.whenRoom { rooms.wrappingAdd(1, ordering: .relaxed) }
        var offered: [UInt8] = []
        var answers: Set<String> = []
        for number in 0..<10_000 {
            let line = line(number, padding: 990)
            let answer = queue.offer(line, lines: 1, as: .owed)
            answers.insert("\(answer)")
            if answer == .full { break }
            offered += line
        }
        #expect(answers == ["taken", "takenFull", "full"])
        #expect(offered.count <= 200_000 + 65536 + 1000, "the pipe's own room and twice the limit")
        #expect(!writer.drain(withinSeconds: 0.02), "the reader is not there")
        #expect(rooms.load(ordering: .relaxed) == 0)
        #expect(pipe.read(offered.count) == offered)
        #expect(writer.drain(withinSeconds: 30))
        #expect(rooms.load(ordering: .relaxed) == 1)
        #expect(queue.offer(line(1), lines: 1, as: .owed) == .taken)
    }

    @Test("one descriptor that takes nothing does not keep another from being written") func others() throws {
        let (stuck, free) = (try PipeEnds(), try PipeEnds())
        let writer = try WriterThread()
        let first = OutputQueue(to: OpenDescriptor(stuck.input), limitBytes: 1 << 20, writer: writer) { _ in [] }
        let second = OutputQueue(to: OpenDescriptor(free.input), limitBytes: 1 << 20, writer: writer) { _ in [] }
        for number in 0..<500 { _ = first.offer(line(number, padding: 1000), lines: 1, as: .owed) }
        for number in 0..<100 {
            _ = second.offer(line(number), lines: 1, as: .owed)
            #expect(free.read(line(number).count) == line(number))
        }
        #expect(!first.isEmpty)
        first.abandon()
        #expect(first.takeLostLines() > 400)
    }

    @Test(
        "all bytes arrive in order from several threads, through a descriptor that blocks or not",
        arguments: [false, true])
    func order(_ nonBlocking: Bool) throws {
        let pipe = try PipeEnds(nonBlocking: nonBlocking)
        let writer = try WriterThread()
        let queue = OutputQueue(to: OpenDescriptor(pipe.input), limitBytes: 1 << 30, writer: writer) { _ in [] }
        let (threads, lines) = (4, 2000)
        let all = Mutex<[UInt8]>([])
        DispatchQueue.concurrentPerform(iterations: threads + 1) { thread in
            guard thread > 0 else {
                let expected = (0..<lines).reduce(0) { $0 + (line($1, padding: $1 % 300).count + 2) } * threads
                let read = pipe.read(expected)
                all.withLock { $0 = read }
                return
            }
            for number in 0..<lines {
                _ = queue.offer(Array("\(thread) ".utf8) + line(number, padding: number % 300), lines: 1, as: .owed)
            }
        }
        let found = String(decoding: all.withLock { $0 }, as: UTF8.self).split(separator: "\n")
        #expect(found.count == threads * lines)
        for thread in 1...threads {
            let own = found.filter { $0.hasPrefix("\(thread) ") }.map {
                $0.dropFirst(2).filter { $0 != "x" }.description
            }
            #expect(own == (0..<lines).map { "\($0)" })
        }
    }

    @Test("a reader that went away is said once, and what waited is counted") func closed() throws {
        signal(SIGPIPE, SIG_IGN)
        let pipe = try PipeEnds()
        pipe.closeOutput()
        let writer = try WriterThread()
        let seen = Seen()
        let queue = OutputQueue(to: OpenDescriptor(pipe.input), limitBytes: 1000, writer: writer) { seen.note($0) }
        _ = queue.offer(line(1), lines: 1, as: .owed)
        #expect(writer.drain(withinSeconds: 30))
        #expect(queue.offer(line(2), lines: 1, as: .owed) == .closed)
        #expect(seen.all == [.closed(code: EPIPE, lines: 1)])
        #expect(queue.takeLostLines() == 2)
    }

    @Test("a full disk is said once, what waits is tried again, and nothing is lost when there is room")
    func fullDisk() throws {
        let full = open("/dev/full", O_WRONLY)
        let pipe = try PipeEnds()
        defer { close(full) }
        let target = SwitchedTarget(full)
        let writer = try WriterThread()
        let seen = Seen()
        let queue = OutputQueue(to: target, limitBytes: 100, writer: writer) { seen.note($0) }
        _ = queue.offer(line(1), lines: 1, as: .owed)
        for number in 0..<50 { _ = queue.offer(line(number), lines: 1, as: .droppable) }
        while seen.all.isEmpty { usleep(1000) }
        #expect(!writer.drain(withinSeconds: 0.02))
        target.descriptor = pipe.input
        #expect(writer.drain(withinSeconds: 30))
        #expect(pipe.read(2) == line(1))
        #expect(seen.all.first == .failing(code: ENOSPC))
        let dropped = seen.all.compactMap { if case .dropped(let lines, _) = $0 { lines } else { nil } }
        #expect(dropped.reduce(0, +) > 0)
        #expect(seen.all.contains { if case .recovered = $0 { true } else { false } })
        #expect(seen.all.count == 3, "\(seen.all)")
    }

    @Test("a piece of several megabytes goes through a pipe in time that grows with its size") func largePiece() throws
    {
        let pipe = try PipeEnds()
        let writer = try WriterThread()
        let queue = OutputQueue(to: OpenDescriptor(pipe.input), limitBytes: 1 << 30, writer: writer) { _ in [] }
        let piece = [UInt8]((0..<20_000).flatMap { line($0, padding: 1000) })
        _ = queue.offer(piece, lines: 20_000, as: .owed)
        #expect(pipe.read(piece.count) == piece)
    }
}

/// What a queue said.
private final class Seen: Sendable {
    private let kept = Mutex<[OutputQueue.Notice]>([])
    var all: [OutputQueue.Notice] { kept.withLock { $0 } }

    func note(_ notice: OutputQueue.Notice) -> [UInt8] {
        kept.withLock { $0.append(notice) }
        return []
    }
}

/// A descriptor that becomes another one, as a disk that has room again.
private final class SwitchedTarget: WriteTarget {
    private let current: Mutex<Int32>
    var descriptor: Int32 {
        get { current.withLock { $0 } }
        set { current.withLock { $0 = newValue } }
    }
    let mayBlock = true

    init(_ descriptor: Int32) { current = Mutex(descriptor) }
}

/// A pipe whose writing end is given to the code under test.
final class PipeEnds: Sendable {
    let input: Int32
    private let output: Mutex<Int32>

    init(nonBlocking: Bool = false) throws {
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else { throw POSIXError(.EMFILE) }
        if nonBlocking { _ = fcntl(ends[1], F_SETFL, O_NONBLOCK) }
        output = Mutex(ends[0])
        input = ends[1]
    }

    deinit {
        close(input)
        closeOutput()
    }

    func closeOutput() {
        output.withLock { descriptor in
            if descriptor >= 0 { close(descriptor) }
            descriptor = -1
        }
    }

    /// Writes until not one more byte is taken, and says how many were.
    func fill() -> Int {
        let flags = fcntl(input, F_GETFL)
        _ = fcntl(input, F_SETFL, flags | O_NONBLOCK)
        defer { _ = fcntl(input, F_SETFL, flags) }
        var filled = 0
        for size in [4096, 1] {
            let bytes = [UInt8](repeating: 0x23, count: size)
            while true {
                let count = write(input, bytes, size)
                guard count > 0 else { break }
                filled += count
            }
        }
        return filled
    }

    /// Waits for a line, and gives it with its end.
    func readLine() -> String {
        var line: [UInt8] = []
        while line.last != 0x0A {
            let byte = read(1)
            if byte.isEmpty { break }
            line += byte
        }
        return String(decoding: line, as: UTF8.self)
    }

    /// Waits for exactly so many bytes.
    func read(_ count: Int) -> [UInt8] {
        let descriptor = output.withLock { $0 }
        var bytes = [UInt8](repeating: 0, count: count)
        var filled = 0
        while filled < count {
            let got = bytes[filled...].withUnsafeMutableBytes { Foundation.read(descriptor, $0.baseAddress, $0.count) }
            guard got > 0 else { break }
            filled += got
        }
        return Array(bytes.prefix(filled))
    }
}
