import Events
import Filters
import Foundation
import TestSupport
import Testing

@Suite struct GenerateIDTests {
    private func run(_ records: [String], key: String = "_hash", seed: GenerateIDFilter.Seed?) throws -> [String] {
        let batch = EventBatch(tag: "a.b")
        for record in records { try batch.add(record) }
        let filter = GenerateIDFilter(key: Array(key.utf8), seed: seed, generator: SeededGenerator(seed: 1))
        filter.apply(Events.Batch(batch.tag), storage: &batch.storage, rows: &batch.rows)
        return batch.lines
    }

    @Test("each record gets a UUID of version 4 in base64, and one that it had is replaced") func random() throws {
        let lines = try run([#"{"a":1}"#, #"{"a":1}"#, #"{"_hash":"x","a":2}"#], seed: nil)
        let ids = try lines.map { line -> String in
            let record = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
            let id = try #require(record["_hash"] as? String)
            return String(decoding: try #require(Data(base64Encoded: id)), as: UTF8.self)
        }
        #expect(Set(ids).count == 3)
        for id in ids {
            #expect(id.wholeMatch(of: /[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/) != nil)
        }
        #expect(lines[0].hasPrefix(#"{"a":1,"_hash":"#) && lines[2].hasPrefix(#"{"_hash":"#))
        #expect(lines[2].hasSuffix(#","a":2}"#))
    }

    /// Expected: `printf %s TEXT | openssl dgst -binary -HASH | base64`.
    @Test(
        "an id from the record is the digest of the same text as Fluentd's",
        arguments: [
            // a.b_1576605304_v_1.5
            (
                #"{"k":"v","n":1.5}"#, GenerateIDFilter.HashType.sha1, true, false, "zZzictNm1rxKuUjBm7nhlkMYl6w="
            ),
            // |k|v|n|
            (#"{"k":"v","n":null}"#, .md5, false, true, "sOAEWC+DC+e1sYQwqs73Eg=="),
            // v_
            (#"{"k":"v"}"#, .sha256, false, false, "ZWzDx9kG6/t8L/AAMha/0cg3VdV8/+rVVJ+17pLzwdA="),
        ])
    func digest(record: String, hash: GenerateIDFilter.HashType, isLong: Bool, isWhole: Bool, id: String) throws {
        var seed = GenerateIDFilter.Seed()
        (seed.hash, seed.usesTag, seed.usesTime, seed.usesWholeRecord) = (hash, isLong, isLong, isWhole)
        seed.keys = [Array("k".utf8), Array("n".utf8)]
        let line = try #require(try run([record], key: "id", seed: seed).first)
        #expect(line.hasSuffix(#","id":"\#(id)"}"#), "\(line)")
    }
}
