import Events
import TestSupport
import Testing

@Suite struct JSONWriterTests {
    private func written(_ bytes: [UInt8]) -> String {
        var out = ByteBuffer(capacity: 1)
        out.appendJSONString(bytes)
        return out.text
    }

    @Test("each byte below 0x80 has its form") func ascii() {
        for byte in UInt8(0)...0x7F {
            let expected: String
            switch byte {
            case 0x22: expected = "\\\""
            case 0x5C: expected = "\\\\"
            case 8: expected = "\\b"
            case 9: expected = "\\t"
            case 10: expected = "\\n"
            case 12: expected = "\\f"
            case 13: expected = "\\r"
            case 0..<0x20: expected = "\\u00" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
            default: expected = String(UnicodeScalar(byte))
            }
            #expect(written([byte]) == "\"\(expected)\"")
        }
    }

    @Test("a special byte is found at every place of a word") func places() {
        for special in [UInt8(0x22), 0x5C, 0x00, 0x1F, 0xFF] {
            let form = ["\"": "\\\"", "\\": "\\\\", "\u{0}": "\\u0000", "\u{1F}": "\\u001f"][
                String(UnicodeScalar(special))]
            for length in 1...40 {
                for place in 0..<length {
                    var bytes = Array(repeating: UInt8(ascii: "x"), count: length)
                    bytes[place] = special
                    let expected =
                        "\"" + String(repeating: "x", count: place) + (form ?? "\u{FFFD}")
                        + String(repeating: "x", count: length - place - 1) + "\""
                    #expect(written(bytes) == expected)
                }
            }
        }
    }

    @Test(
        "invalid UTF-8 becomes one U+FFFD a byte",
        arguments: [
            ("ff", 1), ("c3", 1), ("e2 82", 2), ("f0 9f 98", 3), ("c0 80", 2), ("ed a0 80", 3), ("f4 90 80 80", 4),
            ("f8 88 80 80 80", 5), ("80 80", 2), ("e0 80 80", 3), ("f0 80 80 80", 4), ("c3 c3", 2),
        ]) func invalid(bytes: String, count: Int)
    {
        let replaced = String(repeating: "\u{FFFD}", count: count)
        #expect(written(hex(bytes)) == "\"\(replaced)\"")
        #expect(written(Array("abcdefgh".utf8) + hex(bytes) + Array("ijk".utf8)) == "\"abcdefgh\(replaced)ijk\"")
    }

    @Test(
        "valid UTF-8 passes as it is",
        arguments: ["\u{e9}", "\u{20AC}", "\u{1F600}", "\u{7FF}\u{800}\u{FFFF}\u{10000}\u{10FFFF}"])
    func valid(_ text: String) {
        #expect(written(Array(text.utf8)) == "\"\(text)\"")
    }

    @Test("floats are written as Ruby writes them") func floats() throws {
        let lines = try GoldenData.bytes("ruby-floats.txt").split(separator: 0x0A).map {
            String(decoding: $0, as: UTF8.self)
        }
        #expect(lines.count > 600)
        for line in lines {
            let parts = line.split(separator: " ")
            let value = Double(bitPattern: try #require(UInt64(parts[0], radix: 16)))
            var out = ByteBuffer()
            out.appendJSON(value)
            #expect(out.text == String(parts[1]), "\(line)")
            // The same number as the text of a JSON document takes another path.
            let batch = EventBatch()
            try batch.add("{\"v\":\(value),\"n\":[\(value)]}")
            #expect(batch.lines == ["{\"v\":\(parts[1]),\"n\":[\(parts[1])]}"])
        }
    }

    @Test("decimals that are no shortest form are brought into it") func decimals() throws {
        var generator = SeededGenerator(seed: 7)
        for _ in 0..<2000 {
            let digits = Int.random(in: 1...18, using: &generator)
            let fraction = Int.random(in: 1...20, using: &generator)
            var text = Bool.random(using: &generator) ? "-" : ""
            text +=
                Int.random(in: 0...2, using: &generator) == 0
                ? "0" : String(UInt64.random(in: 1...UInt64(pow10(digits)), using: &generator))
            text += "."
            for _ in 0..<fraction {
                text += String(
                    Int.random(in: 0...2, using: &generator) == 0 ? 0 : Int.random(in: 0...9, using: &generator))
            }
            var expected = ByteBuffer()
            expected.appendJSON(try #require(Double(text)))
            let batch = EventBatch()
            try batch.add("{\"v\":\(text)}")
            #expect(batch.lines == ["{\"v\":\(expected.text)}"])
        }
    }

    private func pow10(_ digits: Int) -> Int { (0..<digits).reduce(1) { power, _ in power * 10 } }

    @Test("integers are written in full") func integers() {
        var values: [UInt64] = [0, .max, UInt64(Int64.max), UInt64(Int64.max) + 1]
        var power: UInt64 = 1
        for _ in 0..<20 {
            values += [power - 1, power, power + 1]
            power = power &* 10
        }
        for value in values {
            var out = ByteBuffer(capacity: 1)
            out.appendDecimal(value)
            #expect(out.text == String(value))
        }
        for value in [Int64.min, -1, 0, .max] {
            var out = ByteBuffer()
            out.appendDecimal(value)
            #expect(out.text == String(value))
        }
        var out = ByteBuffer()
        out.appendDecimal(UInt32(42), width: 9)
        #expect(out.text == "000000042")
    }

    @Test("a value as text") func text() throws {
        let batch = EventBatch()
        try batch.add(#"{"a":"x\"y","b":"plain","c":null,"d":1.50,"e":[1, "z"],"f":true,"g":-7}"#)
        let texts = batch.rows.records[0].fieldRange.map { index in
            var out = ByteBuffer("> ")
            out.appendText(batch.rows.fields[index].value, batch.storage)
            return out.text
        }
        #expect(texts == [#"> x"y"#, "> plain", "> ", "> 1.5", #"> [1,"z"]"#, "> true", "> -7"])
    }

    @Test("each byte that is not written as it was counts as a loss, and nothing else does")
    func losses() {
        for (bytes, count) in [([0x61, 0xFF, 0xC3, 0x28], 2), ([0xE9], 1), (Array("\u{e9}\u{1}\"\\".utf8), 0)]
            as [([UInt8], Int)]
        {
            let storage = ByteBuffer(bytes)
            var out = ByteBuffer()
            out.appendJSONString(storage.all, storage)
            #expect(out.lossCount == count)
        }
    }
}
