import Events
import Filters
import TestSupport
import Testing

@Suite struct DedotTests {
    private static func apply(_ record: String, separator: String = "_", isNested: Bool) throws -> [String] {
        let batch = EventBatch()
        try batch.add(record)
        try batch.add(#"{"after":1}"#)
        DedotFilter(separator: Array(separator.utf8), isNested: isNested).apply(
            Events.Batch(batch.tag), storage: &batch.storage, rows: &batch.rows)
        #expect(batch.lines.last == #"{"after":1}"#)
        return batch.lines.dropLast()
    }

    @Test(
        "dots in names become the separator, texts keep theirs, and of equal names the last value has the first place",
        arguments: [
            (#"{"a.b":"1.5","c":1.5}"#, #"{"a_b":"1.5","c":1.5}"#), (#"{"...":1}"#, #"{"___":1}"#),
            (#"{"a.b":1,"x":2,"a_b":3}"#, #"{"a_b":3,"x":2}"#), (#"{"a_b":1,"x":2,"a.b":3}"#, #"{"a_b":3,"x":2}"#),
            (#"{"a.b":1,"x":{"c.d":2}}"#, #"{"a_b":1,"x":{"c.d":2}}"#), (#"{"a\u002eb":1}"#, #"{"a_b":1}"#),
            (#"{"größe.x":null}"#, #"{"größe_x":null}"#), (#"{"":1,".":2}"#, #"{"":1,"_":2}"#), ("{}", "{}"),
        ])
    func fields(_ record: String, _ expected: String) throws {
        #expect(try Self.apply(record, isNested: false) == [expected])
    }

    @Test(
        "with nested names, those in maps and arrays on every level",
        arguments: [
            (
                #"{"k":{"app.name/x":"a.b","l":{"c.d":[{"e.f":1.5},"g.h:"]}}}"#,
                #"{"k":{"app_name/x":"a.b","l":{"c_d":[{"e_f":1.5},"g.h:"]}}}"#
            ),
            (#"{"k.l":{"a.b":1,"a_b":2,"c":3}}"#, #"{"k_l":{"a_b":2,"c":3}}"#),
            (#"{"k":{"a\u002eb":"\".\":"}}"#, #"{"k":{"a_b":"\".\":"}}"#),
            (#"{"k":{"a\u002eb":1}}"#, #"{"k":{"a_b":1}}"#), (#"{"k":{"a":"1.5"}}"#, #"{"k":{"a":"1.5"}}"#),
            (#"{"k":["a.b",1.5]}"#, #"{"k":["a.b",1.5]}"#),
            (#"{"k":{"a\\.b":1,"c\".d":2}}"#, #"{"k":{"a\\_b":1,"c\"_d":2}}"#),
        ])
    func nested(_ record: String, _ expected: String) throws {
        #expect(try Self.apply(record, isNested: true) == [expected])
    }

    @Test("a separator that JSON escapes is one text in both places, and an empty one joins")
    func separators() throws {
        let record = #"{"a.b":{"c.d":1}}"#
        #expect(try Self.apply(record, separator: "\"", isNested: true) == [#"{"a\"b":{"c\"d":1}}"#])
        #expect(try Self.apply(record, separator: "", isNested: true) == [#"{"ab":{"cd":1}}"#])
    }

    @Test("MessagePack is renamed as JSON is, and one of ten thousand names costs no search for each")
    func messagePack() throws {
        let batch = EventBatch()
        // {"a.b":{"c.d":"e.f"}}
        try batch.add(messagePack: [0x81, 0xA3, 0x61, 0x2E, 0x62, 0x81, 0xA3, 0x63, 0x2E, 0x64, 0xA3, 0x65, 0x2E, 0x66])
        try batch.add("{\((0..<10_000).map { "\"k.\($0)\":\($0)" }.joined(separator: ","))}")
        let filter = DedotFilter(separator: Array("_".utf8), isNested: true)
        let seconds = ThreadTime.seconds {
            filter.apply(Events.Batch(batch.tag), storage: &batch.storage, rows: &batch.rows)
        }
        #expect(batch.lines.first == #"{"a_b":{"c_d":"e.f"}}"#)
        #expect(batch.lines.last == "{\((0..<10_000).map { "\"k_\($0)\":\($0)" }.joined(separator: ","))}")
        #expect(seconds < 1)
    }

    @Test("it keeps the rules of all filters")
    func rules() throws {
        try FilterRules.check([#"{"a.b":1,"a_b":{"c.d":"x"}}"#, #"{"a":2}"#, "{}"]) {
            DedotFilter(separator: Array("_".utf8), isNested: true)
        }
    }
}
