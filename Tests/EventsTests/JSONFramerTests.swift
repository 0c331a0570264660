import Events
import TestSupport
import Testing

@Suite("Where a JSON value ends in a stream")
struct JSONFramerTests {
    @Test(
        "strings, escapes and comments hide brackets, however the bytes arrive",
        arguments: [
            #"{"a":"}"}"#, #"{"a":"\"}"}"#, #"{"a":"\\"}"#, #"{"a":"\\\"}]","b":[1,"]"]}"#, #"[[],{"}":"{"}]"#,
            #"{/*}*/"a":1/**/}"#, "{//}\n}", #"{"a":"/*"}"#,
        ], [1, 2, 3, 1000])
    func ends(_ text: String, _ step: Int) {
        let buffer = ByteBuffer(text + #"{"next":1}"#)
        var framer = JSONFramer(at: 0)
        var end: Int?
        var arrived = 0
        while end == nil, arrived < buffer.count {
            arrived = min(arrived + step, buffer.count)
            end = framer.advance(buffer, end: arrived)
        }
        #expect(end == text.utf8.count)
    }
}
