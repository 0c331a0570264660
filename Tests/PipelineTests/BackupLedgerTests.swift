import Buffering
import Events
import TestSupport
import Testing

@testable import Pipeline

@Suite("Backup ledger")
struct BackupLedgerTests {
    private let chunks = (0..<4).map { number in
        SealedChunk(id: "\(number)", key: .none, MemoryChunkContents(ChunkBody(capacity: 16), id: "\(number)"))
    }

    private func part(_ chunk: Int, _ items: ItemSet) -> BackupLedger.Part { (chunks[chunk], items) }

    private func apply(_ ledger: inout BackupLedger, _ undelivered: [BackupLedger.Part], isFinal: Bool = false)
        -> String
    {
        let changes = ledger.changes(for: undelivered, isFinal: isFinal)
        for part in changes.write { ledger.noteWritten(part) }
        for chunk in changes.remove { ledger.noteRemoved(chunk) }
        let written = changes.write.map { "+\($0.chunk.id)\($0.items)" }
        return (written + changes.remove.map { "-\($0.id)" }.sorted()).joined(separator: " ")
    }

    @Test("what is undelivered is written once, and taken back when it is delivered") func writes() {
        var ledger = BackupLedger()
        #expect(apply(&ledger, [part(0, [0, 1]), part(1, [0])]) == "+0[0, 1] +1[0]")
        #expect(apply(&ledger, [part(0, [0, 1]), part(1, [0])]) == "")
        #expect(ledger.covers([part(0, [1])]) && !ledger.covers([part(2, [0])]))
        #expect(apply(&ledger, [part(1, [0])]) == "-0")
        #expect(apply(&ledger, []) == "-1")
    }

    @Test("the parts of a split chunk stand in one file") func split() {
        var ledger = BackupLedger()
        #expect(apply(&ledger, [part(0, [2, 3]), part(0, [0, 1])]) == "+0[0, 1, 2, 3]")
        #expect(ledger.covers([part(0, [0]), part(0, [3])]))
    }

    @Test("a file that holds too much is made exact in the end, and only then") func exact() {
        var ledger = BackupLedger()
        _ = apply(&ledger, [part(0, [0, 1, 2])])
        #expect(apply(&ledger, [part(0, [2])]) == "")
        #expect(apply(&ledger, [part(0, [2])], isFinal: true) == "+0[2]")
        #expect(apply(&ledger, [part(0, [2])], isFinal: true) == "")
    }

    @Test("items that a file lacks are added at once") func lacking() {
        var ledger = BackupLedger()
        _ = apply(&ledger, [part(0, [0])])
        #expect(!ledger.covers([part(0, [0, 1])]))
        #expect(apply(&ledger, [part(0, [0, 1])]) == "+0[0, 1]")
    }

    /// After each step the files hold at least what is undelivered, in the end exactly that.
    @Test("random deliveries leave exactly what is undelivered") func random() {
        for seed in UInt64(0)..<300 {
            var random = SeededGenerator(seed: seed)
            var ledger = BackupLedger()
            var files: [String: ItemSet] = [:]
            var left = [Int: Set<Int>](uniqueKeysWithValues: (0..<4).map { ($0, Set(0..<8)) })
            for step in 0..<20 {
                for chunk in 0..<4 where Bool.random(using: &random) {
                    left[chunk]?.remove(Int.random(in: 0..<8, using: &random))
                    if Int.random(in: 0..<6, using: &random) == 0 { left[chunk] = [] }
                }
                let undelivered = left.filter { !$0.value.isEmpty }.map { part($0.key, ItemSet($0.value.sorted())) }
                let changes = ledger.changes(for: undelivered, isFinal: step == 19)
                for part in changes.write {
                    files[part.chunk.id] = part.items
                    ledger.noteWritten(part)
                }
                for chunk in changes.remove {
                    files[chunk.id] = nil
                    ledger.noteRemoved(chunk)
                }
                for (chunk, items) in undelivered {
                    #expect(items.subtracting(files[chunk.id] ?? []).isEmpty, "seed \(seed)")
                    if step == 19 { #expect(files[chunk.id] == items, "seed \(seed)") }
                }
                #expect(files.count == undelivered.count, "seed \(seed)")
            }
        }
    }
}
