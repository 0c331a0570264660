import Logging
import TestSupport
import Testing

/// The queue's decisions without a thread and a descriptor.
@Suite struct WriteBacklogTests {
    private func piece(_ text: String) -> WriteBacklog.Piece {
        WriteBacklog.Piece(bytes: Array(text.utf8), lines: text.utf8.count { $0 == 0x0A })
    }

    private func bytes(_ write: WriteBacklog.Write) -> [UInt8] { Array(write.bytes[write.offset...]) }

    private func expectRoom(
        _ expected: Bool, _ backlog: inout WriteBacklog, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let hasRoom = backlog.takeRoom()
        #expect(hasRoom == expected, sourceLocation: sourceLocation)
    }

    @Test("what is written is what was offered, in order, however it is cut and joined", arguments: [1, 7, 64, 4096])
    func order(_ joined: Int) {
        var random = SeededGenerator(seed: UInt64(joined))
        var backlog = WriteBacklog(limitBytes: 500)
        var (offered, written, taken): ([UInt8], [UInt8], Int) = ([], [], 0)
        for number in 0..<3000 {
            let line = "\(number)" + String(repeating: "x", count: Int.random(in: 0...60, using: &random)) + "\n"
            if backlog.offer(piece(line), .droppable) == .taken {
                offered += Array(line.utf8)
                taken += 1
            }
            #expect(backlog.byteCount == offered.count - written.count)
            #expect(backlog.byteCount <= 500)
            while Bool.random(using: &random), case .write = backlog.step(nowMilliseconds: 0) {
                let write = backlog.next(joiningUpTo: joined)
                let count = Int.random(in: 0...(write.bytes.count - write.offset), using: &random)
                written += bytes(write).prefix(count)
                _ = backlog.wrote(count, of: write, nowMilliseconds: 0)
                let rest = offered[written.count...]
                #expect(backlog.waitingLines == rest.count { $0 == 0x0A })
            }
        }
        while case .write = backlog.step(nowMilliseconds: 0) {
            let write = backlog.next(joiningUpTo: joined)
            written += bytes(write)
            _ = backlog.wrote(write.bytes.count - write.offset, of: write, nowMilliseconds: 0)
        }
        #expect(written == offered)
        #expect(backlog.byteCount == 0)
        #expect(taken < 3000, "some did not fit")
    }

    @Test("droppable lines are bounded, and their number is said when half the room is free") func droppable() {
        var backlog = WriteBacklog(limitBytes: 30)
        let answers = (0..<6).map { _ in backlog.offer(piece("123456789\n"), .droppable) }
        #expect(answers == [.taken, .taken, .taken, .full, .full, .full])
        let write = backlog.next(joiningUpTo: 0)
        let first = backlog.wrote(10, of: write, nowMilliseconds: 0)
        #expect(first.isEmpty, "two thirds are still taken")
        let second = backlog.wrote(10, of: backlog.next(joiningUpTo: 0), nowMilliseconds: 0)
        #expect(second == [.dropped(lines: 3, code: nil)])
        expectRoom(false, &backlog)
    }

    @Test("owed lines are taken beyond the limit, up to twice of it, and room is called out once") func owed() {
        var backlog = WriteBacklog(limitBytes: 20)
        let answers = (0..<5).map { _ in backlog.offer(piece("123456789\n"), .owed) }
        #expect(answers == [.taken, .takenFull, .takenFull, .takenFull, .full])
        for left in [30, 20] {
            _ = backlog.wrote(10, of: backlog.next(joiningUpTo: 0), nowMilliseconds: 0)
            #expect(backlog.byteCount == left)
            expectRoom(false, &backlog)
        }
        _ = backlog.wrote(10, of: backlog.next(joiningUpTo: 0), nowMilliseconds: 0)
        expectRoom(true, &backlog)
        expectRoom(false, &backlog)
    }

    @Test("a failure is said once, tried again after a second, and its end is said") func failing() {
        var backlog = WriteBacklog(limitBytes: 100)
        _ = backlog.offer(piece("a\n"), .owed)
        let first = backlog.failed(28, isFinal: false, nowMilliseconds: 5000)
        #expect(first == .failing(code: 28))
        guard case .wait(untilMilliseconds: 6000) = backlog.step(nowMilliseconds: 5999) else {
            Issue.record("waits for the next second")
            return
        }
        guard case .write = backlog.step(nowMilliseconds: 6000) else {
            Issue.record("tries again")
            return
        }
        let second = backlog.failed(28, isFinal: false, nowMilliseconds: 6000)
        #expect(second == nil)
        let end = backlog.wrote(2, of: backlog.next(joiningUpTo: 0), nowMilliseconds: 9000)
        #expect(end == [.recovered(seconds: 4)])
        #expect(backlog.isEmpty && backlog.lostLines == 0)
    }

    @Test("with its reader gone everything is lost and counted, and nobody waits for room") func closed() {
        var backlog = WriteBacklog(limitBytes: 4)
        let answer = backlog.offer(piece("a\nb\n"), .owed)
        #expect(answer == .takenFull)
        _ = backlog.wrote(1, of: backlog.next(joiningUpTo: 0), nowMilliseconds: 0)
        let notice = backlog.failed(32, isFinal: true, nowMilliseconds: 0)
        #expect(notice == .closed(code: 32, lines: 2))
        expectRoom(true, &backlog)
        let late = backlog.offer(piece("c\n"), .owed)
        #expect(late == .closed)
        let lost = [backlog.takeLostLines(), backlog.takeLostLines()]
        #expect(lost == [3, 0])
    }

    @Test("a write that was under way when its lines were given up changes nothing any more") func abandoned() {
        var backlog = WriteBacklog(limitBytes: 100)
        _ = backlog.offer(piece("abc\n"), .owed)
        let write = backlog.next(joiningUpTo: 0)
        let given = backlog.abandon()
        #expect(given == 1)
        _ = backlog.offer(piece("later\n"), .owed)
        _ = backlog.wrote(4, of: write, nowMilliseconds: 0)
        #expect(bytes(backlog.next(joiningUpTo: 0)) == Array("later\n".utf8))
        #expect(backlog.byteCount == 6)
    }

    @Test("opening anew keeps its place between the lines") func reopening() {
        var backlog = WriteBacklog(limitBytes: 100)
        _ = backlog.offer(piece("a\n"), .droppable)
        backlog.put(WriteBacklog.Piece(bytes: [], lines: 0, reopens: true))
        _ = backlog.offer(piece("b\n"), .droppable)
        var seen: [String] = []
        while case .write = backlog.step(nowMilliseconds: 0) {
            let write = backlog.next(joiningUpTo: 4096)
            seen.append(write.reopens ? "reopen" : String(decoding: bytes(write), as: UTF8.self))
            _ = backlog.wrote(write.bytes.count - write.offset, of: write, nowMilliseconds: 0)
        }
        #expect(seen == ["a\n", "reopen", "b\n"])
    }
}
