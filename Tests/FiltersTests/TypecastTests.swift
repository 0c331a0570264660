import Events
import Filters
import Logging
import Parsing
import TestSupport
import Testing

@Suite struct TypecastTests {
    private static func filter(_ types: String) throws -> TypecastFilter {
        TypecastFilter(try TypedKey.list(types), log: .discarding)
    }

    @Test(
        "fields get the types that are named, others stay, and null stays null",
        arguments: [
            (#"{"a":"12","b":"12"}"#, "a:integer", #"{"a":12,"b":"12"}"#),
            (#"{"a":"1.5","b":"yes"}"#, "a:float,b:bool", #"{"a":1.5,"b":true}"#),
            (#"{"a":7}"#, "a:string", #"{"a":"7"}"#), (#"{"a":null}"#, "a:integer", #"{"a":null}"#),
            (#"{"a":"x,y"}"#, "a:array", #"{"a":["x","y"]}"#), (#"{"b":1}"#, "a:integer", #"{"b":1}"#),
            (#"{"a":"\u0031\u0032"}"#, "a:integer", #"{"a":12}"#), (#"{"a":"fast"}"#, "a:integer", #"{"a":0}"#),
            (#"{"a":"1","b":"2"}"#, "b:integer,a:integer", #"{"a":1,"b":2}"#),
        ])
    func types(_ record: String, _ types: String, _ expected: String) throws {
        let batch = EventBatch()
        try batch.add(record)
        try Self.filter(types).apply(Events.Batch(batch.tag), storage: &batch.storage, rows: &batch.rows)
        #expect(batch.lines == [expected])
    }

    @Test("it keeps the rules of all filters")
    func rules() throws {
        try FilterRules.check([#"{"a":"1","b":"x"}"#, #"{"a":2}"#, "{}"]) { try Self.filter("a:integer,b:array") }
    }
}
