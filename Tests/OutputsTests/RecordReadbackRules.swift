import Events
import Foundation
import Outputs
import TestSupport
import Testing

extension OutputCompatTest {
    /// The way back: whatever the output is told to change in its documents, what is refused, given up or kept is the
    /// record that came in, field by field, with its time.
    ///
    /// - Parameters:
    ///   - names: keys that the output treats in a way of its own; they are frequent in the records.
    ///   - make: the formatter under test; records it refuses are left out.
    static func readbackRules(
        _ reader: some ItemReader, names: [String] = [], seed: UInt64, count: Int = 60,
        _ make: () throws -> any ChunkFormatter
    ) throws {
        var generator = RecordGenerator(seed: seed, names: names)
        let batch = EventBatch(tag: "a.tag")
        for _ in 0..<count { try generator.add(to: batch) }
        let accepted = batch.rows.records
        let fieldCount = batch.rows.fields.count
        let formatter = try make()
        var body = ChunkBody()
        var kept: [Record] = []
        for record in accepted {
            let before = body.items.count
            formatter.format(record, tag: batch.tag, storage: &batch.storage, rows: &batch.rows, into: &body)
            if body.items.count > before { kept.append(record) }
        }
        #expect(batch.rows.fields.count >= fieldCount)
        let chunk = LoadedChunk(body, id: "readback")
        // Backwards and twice: reading one item must not depend on those read before.
        var storage = ByteBuffer()
        var rows = Rows()
        for item in Array(kept.indices.reversed()) + Array(kept.indices) {
            let original = kept[item]
            let last = rows.records.count
            guard reader.read(item, of: chunk, into: &storage, rows: &rows), rows.records.count == last + 1 else {
                Issue.record("item \(item) is no record any more: \(batch.text(of: original))")
                return
            }
            let found = rows.records[last]
            #expect(found.time == original.time)
            let expected = exact(original, batch.rows, batch.storage)
            let actual = exact(found, rows, storage)
            #expect(actual == expected, "seed \(seed), item \(item)")
            if actual != expected { return }
        }
    }

    /// What must be the same: of each field its key's bytes and, where JSON can say the value, its JSON, else its bytes.
    private static func exact(_ record: Record, _ rows: borrowing Rows, _ storage: borrowing ByteBuffer) -> [String] {
        record.fieldRange.map { index in
            let field = rows.fields[index]
            var text = ByteBuffer()
            text.appendJSON(field.value, storage)
            let key = hex(storage.array(field.key))
            if text.lossCount == 0 { return "\(key) \(text.text)" }
            let isDouble = field.value.kind == .double
            let bytes = isDouble ? String(field.value.payload, radix: 16) : hex(storage.array(field.value.slice))
            return "\(key) \(field.value.kind) \(bytes)"
        }
    }
}

/// Random records of every kind that can come in, from MessagePack and from JSON.
struct RecordGenerator {
    private var generator: SeededGenerator
    private let names: [[UInt8]]

    init(seed: UInt64, names: [String]) {
        generator = SeededGenerator(seed: seed)
        self.names = names.map { Array($0.utf8) }
    }

    mutating func add(to batch: EventBatch) throws {
        let time = EventTime(
            seconds: Int64.random(in: 0...4_000_000_000, using: &generator),
            nanoseconds: UInt32.random(in: 0..<1_000_000_000, using: &generator))
        if Bool.random(using: &generator) {
            var out = ByteBuffer()
            map(pick(0...8), depth: 0, to: &out)
            try batch.add(messagePack: out.array(), at: time)
        } else {
            try batch.add(json: jsonObject(pick(0...8), depth: 0), at: time)
        }
    }

    private mutating func pick(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &generator) }

    private mutating func key() -> [UInt8] {
        if !names.isEmpty, pick(0...2) > 0 { return names[pick(0...(names.count - 1))] }
        return [Array("k\(pick(0...99))".utf8), [], Array("q\"\\ü".utf8), Array("a.b".utf8)][pick(0...3)]
    }

    private mutating func text() -> [UInt8] {
        [
            Array("plain \(pick(0...999))".utf8), [], Array("quote \" \\ \n \u{1F600} \u{0}".utf8),
            Array("2020-01-02T03:04:05Z".utf8), [0xFF, 0x61, 0xC3], Array(String(repeating: "long ", count: 80).utf8),
        ][pick(0...5)]
    }

    // MARK: - MessagePack

    private mutating func map(_ count: Int, depth: Int, to out: inout ByteBuffer) {
        out.appendMessagePack(mapCount: count)
        for _ in 0..<count {
            switch pick(0...19) {
            case 0: out.appendMessagePack(Int64(pick(-5...300)))
            case 1: out.appendMessagePackString(text())
            case 2: out.appendMessagePackBinary(text())
            default: out.appendMessagePackString(key())
            }
            value(depth: depth, to: &out)
        }
    }

    private mutating func value(depth: Int, to out: inout ByteBuffer) {
        switch pick(0...(depth < 3 ? 14 : 10)) {
        case 0: out.appendMessagePackNil()
        case 1: out.appendMessagePack(Bool.random(using: &generator))
        case 2: out.appendMessagePack(Int64.random(in: .min ... .max, using: &generator))
        case 3: out.appendMessagePack(UInt64.random(in: .min ... .max, using: &generator))
        case 4: out.appendMessagePack([0.5, -0.0, 1e300, .nan, .infinity, -.infinity, 3][pick(0...6)])
        case 5: out.appendMessagePackBinary(text())
        case 6 where depth > 0:
            // An extension type that nobody knows.
            out.append([0xD4, 0x05, UInt8(pick(0...255))])
        case 7: out.appendMessagePack(EventTime(seconds: 1_576_605_304, nanoseconds: 7))
        case 11, 12, 13: map(pick(0...4), depth: depth + 1, to: &out)
        case 14:
            let count = pick(0...3)
            out.appendMessagePack(arrayCount: count)
            for _ in 0..<count { value(depth: depth + 1, to: &out) }
        default: out.appendMessagePackString(text())
        }
    }

    // MARK: - JSON

    private mutating func jsonObject(_ count: Int, depth: Int) -> [UInt8] {
        var out = Array("{".utf8)
        for index in 0..<count {
            if index > 0 { out += Array(" , ".utf8) }
            out += jsonString(key())
            out += Array(" : ".utf8)
            out += jsonValue(depth: depth)
        }
        return out + Array("}".utf8)
    }

    private mutating func jsonValue(depth: Int) -> [UInt8] {
        switch pick(0...(depth < 3 ? 9 : 6)) {
        case 0: return Array("null".utf8)
        case 1: return Array(String(pick(-9_999_999...9_999_999)).utf8)
        case 2:
            return Array(
                ["123456789012345678901234567890", "-1e400", "1.50", "-0.0", "1e-9", "18446744073709551615"][
                    pick(0...5)
                ]
                .utf8)
        case 3: return Array(#""é\ud83d\ude00\n\/""#.utf8)
        case 4: return Array("true".utf8)
        case 7, 8: return jsonObject(pick(0...4), depth: depth + 1)
        case 9:
            let first = jsonValue(depth: depth + 1)
            return Array("[ ".utf8) + first + Array(",1 ]".utf8)
        default: return jsonString(text())
        }
    }

    private func jsonString(_ bytes: [UInt8]) -> [UInt8] {
        var out: [UInt8] = [0x22]
        for byte in bytes {
            switch byte {
            case 0x22, 0x5C: out += [0x5C, byte]
            case 0..<0x20: out += Array("\\u00\(byte < 16 ? "0" : "")\(String(byte, radix: 16))".utf8)
            default: out.append(byte)
            }
        }
        return out + [0x22]
    }
}
