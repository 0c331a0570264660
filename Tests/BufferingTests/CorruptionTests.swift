import Events
import TestSupport
import Testing

@testable import Buffering

/// A chunk's file, or what is noted beside it, is not what was written: whatever is damaged, all the rest is sent, and
/// nothing else is.
@Suite("Chunk files, damaged")
struct CorruptionTests {
    private static let name = "buffer.s00000000000000000000000000000001.log.chunk"
    private static let batches = [0..<2, 2..<3, 3..<6, 6..<8]
    private static let count = 8

    private static func text(_ number: Int) -> String { #"{"n":\#(number),"m":"\#(number * 1001)"}"# }

    /// A file as its writer leaves it, and where its batches stand.
    private struct Written {
        var bytes: [UInt8]
        var headEnd: Int
        var frames: [Range<Int>]
        /// Behind the last batch.
        var dataEnd: Int { frames.last!.upperBound }
        /// As a crash leaves it: without its end.
        var unsealed: Written { Written(bytes: Array(bytes[..<dataEnd]), headEnd: headEnd, frames: frames) }
    }

    private let written: Written

    init() throws {
        let disk = SimulatedDisk(seed: 0)
        let buffer = try Self.buffer(on: disk)
        var source = BatchSource(buffer)
        for batch in Self.batches { _ = try source.emit(batch.map(Self.text)) }
        buffer.flushAll()
        let bytes = try #require(disk.files.first { $0.name.hasSuffix(".chunk") }).bytes
        var all = ByteBuffer()
        all.append(bytes)
        guard case .head(_, let headEnd) = ChunkFileHead.read(all) else { fatalError("no head") }
        let frames = ChunkScan(all, from: headEnd).frames.map { $0.offset..<($0.offset + $0.header.frameBytes) }
        #expect(frames.count == Self.batches.count)
        written = Written(bytes: bytes, headEnd: headEnd, frames: frames)
    }

    private static func buffer(on disk: SimulatedDisk) throws -> ChunkBuffer {
        let store = try FileChunkStore(
            FileBufferPath(SimulatedDisk.folder, isFolder: true), format: "lines-1", on: disk, nil, log: .discarding
        ) { LineFormatter() }
        return ChunkBuffer(settings: BufferSettings(), files: store, clock: FakeClock())
    }

    /// What a crash may leave of the last frame: a power cut also zeros, where only the file's size was on the disk.
    enum LastFrame: CaseIterable { case whole, cut, zeros }

    @Test(
        "a large file that a crash has left open is taken up piece by piece, torn or not", arguments: LastFrame.allCases
    )
    func large(last: LastFrame) throws {
        let disk = SimulatedDisk(seed: 0)
        let long = String(repeating: "x", count: 300_000)
        do {
            let buffer = try Self.buffer(on: disk)
            var source = BatchSource(buffer)
            for number in 0..<20 { _ = try source.emit([#"{"n":\#(number),"m":"\#(long)"}"#]) }
        }
        let file = try #require(disk.files.first { $0.name.hasSuffix(".chunk") })
        #expect(file.bytes.count > 6_000_000)
        switch last {
        case .whole: break
        case .cut: disk.put(Array(file.bytes.dropLast(100)), as: file.name)
        case .zeros: disk.put(file.bytes.dropLast(100) + [UInt8](repeating: 0, count: 100), as: file.name)
        }
        disk.processEnded()
        let buffer = try Self.buffer(on: disk)
        #expect(try buffer.recover() == (last == .whole ? 20 : 19))
        #expect(disk.largestReadBytes <= ChunkFront.pieceBytes)
        #expect(disk.files.contains { $0.name.hasSuffix(".corrupt") } == false)
    }

    /// What the next process sends, by number, and the files it leaves.
    private func recovered(_ disk: SimulatedDisk, _ place: String) throws -> (numbers: [Int], files: [String]) {
        let buffer = try Self.buffer(on: disk)
        _ = try buffer.recover()
        var numbers: [Int] = []
        for delivery in buffer.takeReady() {
            let loaded = try delivery.chunk.load(delivery.items)
            let readable = delivery.items.subtracting(loaded.unreadable)
            if readable.count < delivery.items.count { delivery.chunk.keepAside() }
            for text in loaded.texts(readable) {
                guard let number = (0..<Self.count).first(where: { Self.text($0) == text }) else {
                    Issue.record("never written: \(text), \(place)")
                    continue
                }
                numbers.append(number)
            }
            buffer.end(delivery, .delivered)
        }
        #expect(buffer.isEmpty && buffer.recountedBytes == 0, "\(place)")
        return (numbers, disk.files.map(\.name))
    }

    private func check(_ bytes: [UInt8], of file: Written, damage: Range<Int>, _ what: String) throws {
        let disk = SimulatedDisk(seed: 0)
        disk.put(bytes, as: Self.name)
        let place = "\(what) at \(damage)"
        let (numbers, files) = try recovered(disk, place)
        if damage.lowerBound < file.headEnd {
            // Whose it is nobody knows: it stays for people to look at, and nothing of it is sent.
            #expect(numbers.isEmpty && files.contains { $0.hasPrefix(Self.name) && !$0.hasSuffix(".done") }, "\(place)")
            return
        }
        for (batch, frame) in zip(Self.batches, file.frames) {
            let sent = numbers.filter { batch.contains($0) }
            if frame.overlaps(damage) {
                #expect(sent.isEmpty || sent == Array(batch), "a part of a batch, \(place)")
            } else {
                #expect(Set(sent).isSuperset(of: batch), "\(batch) is gone, \(place)")
            }
            #expect(sent.count == Set(sent).count, "twice, \(place)")
        }
        #expect(!files.contains { $0.hasSuffix(".chunk") || $0.hasSuffix(".done") }, "\(files) are left, \(place)")
    }

    private static let done: Set<Int> = [1, 4, 5]

    /// The file that notes those, in two steps.
    private static func doneBytes() -> [UInt8] {
        let disk = SimulatedDisk(seed: 0)
        let items = DoneItems(chunkFile: SimulatedDisk.folder + "/x", on: disk)
        items.add([1])
        items.add([4, 5])
        return disk.files[0].bytes
    }

    // MARK: - One damage

    @Test("any single bit changed, with its end and without", arguments: [true, false])
    func bits(isSealed: Bool) throws {
        let file = isSealed ? written : written.unsealed
        let bits = Array(0..<file.bytes.count * 8)
        for number in isSealed ? bits : LongTests.sample(bits, count: 500) {
            let (place, bit) = number.quotientAndRemainder(dividingBy: 8)
            var bytes = file.bytes
            bytes[place] ^= 1 << UInt8(bit)
            try check(bytes, of: file, damage: place..<(place + 1), "bit \(bit)")
        }
    }

    @Test("a run of zeros anywhere, of any length", arguments: [true, false])
    func zeros(isSealed: Bool) throws {
        let file = isSealed ? written : written.unsealed
        for start in LongTests.sample(file.bytes.indices, count: 200) {
            for length in [1, 3, 20, 100, 250, file.bytes.count] {
                let damage = start..<min(start + length, file.bytes.count)
                var bytes = file.bytes
                bytes.replaceSubrange(damage, with: [UInt8](repeating: 0, count: damage.count))
                // Where zeros stand for zeros nothing is damaged.
                let first = damage.first { file.bytes[$0] != 0 } ?? damage.upperBound
                if first < damage.upperBound { try check(bytes, of: file, damage: first..<damage.upperBound, "zeros") }
            }
        }
    }

    @Test("zeros behind the last batch, as a file system leaves them") func zeroTail() throws {
        for count in [1, 7, 8, 20, 64, 4096] {
            let file = written.unsealed
            try check(
                file.bytes + [UInt8](repeating: 0, count: count), of: file,
                damage: file.dataEnd..<(file.dataEnd + count), "zeros")
        }
    }

    @Test("frames that stand twice, or in another order, are whole batches still") func moved() throws {
        let frames = written.frames.map { Array(written.bytes[$0]) }
        let head = Array(written.bytes[..<written.headEnd])
        for first in frames.indices {
            for second in frames.indices {
                var order = Array(frames.indices)
                order.swapAt(first, second)
                for indices in [order, order + [first], [second] + order] {
                    for end in [[], Array(written.bytes[written.dataEnd...])] {
                        let disk = SimulatedDisk(seed: 0)
                        disk.put(head + indices.flatMap { frames[$0] } + end, as: Self.name)
                        let numbers = try recovered(disk, "\(indices)").numbers
                        // An end that knows of fewer events than there are is believed: as many are sent.
                        #expect(numbers.count >= Self.count, "\(indices)")
                        if end.isEmpty { #expect(numbers == indices.flatMap { Array(Self.batches[$0]) }, "\(indices)") }
                    }
                }
            }
        }
    }

    // MARK: - What is done of it

    @Test("what is noted as done, cut off or changed anywhere, leaves out nothing that is not") func doneDamaged()
        throws
    {
        let done = Self.doneBytes()
        #expect(done.count == 24)
        func check(_ changed: [UInt8], _ what: String) throws {
            let disk = SimulatedDisk(seed: 0)
            disk.put(written.bytes, as: Self.name)
            disk.put(changed, as: Self.name + ".done")
            let numbers = try recovered(disk, what).numbers
            #expect(Set(numbers).isSuperset(of: Set(0..<Self.count).subtracting(Self.done)), "\(what)")
            #expect(numbers.count == Set(numbers).count, "\(what)")
            if changed == done { #expect(Set(numbers).isDisjoint(with: Self.done)) }
        }
        for length in 0...done.count { try check(Array(done[..<length]), "cut at \(length)") }
        for place in done.indices {
            for bit in 0..<8 {
                var changed = done
                changed[place] ^= 1 << UInt8(bit)
                try check(changed, "bit \(bit) of \(place)")
            }
            for length in [1, 4, 12, 24] {
                var changed = done
                let damage = place..<min(place + length, done.count)
                changed.replaceSubrange(damage, with: [UInt8](repeating: 0, count: damage.count))
                try check(changed, "zeros at \(damage)")
            }
        }
        try check(done + done, "twice")
        try check(Array(done[12...] + done[..<12]), "in another order")
    }

    @Test("a chunk delivered in part, and then damaged, owes what was neither", arguments: [true, false])
    func doneAndDamaged(isSealed: Bool) throws {
        let file = isSealed ? written : written.unsealed
        for place in file.headEnd..<file.bytes.count {
            var bytes = file.bytes
            bytes[place] ^= 0x10
            let disk = SimulatedDisk(seed: 0)
            disk.put(bytes, as: Self.name)
            disk.put(Self.doneBytes(), as: Self.name + ".done")
            let numbers = try recovered(disk, "changed at \(place)").numbers
            for (batch, frame) in zip(Self.batches, file.frames) where !frame.contains(place) {
                #expect(Set(numbers).union(Self.done).isSuperset(of: batch), "\(batch) is gone, changed at \(place)")
            }
        }
    }
}
