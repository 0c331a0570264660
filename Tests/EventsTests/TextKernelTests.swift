import Testing

@testable import Events

@Suite("Text is looked at sixteen bytes a step")
struct TextKernelTests {
    /// Every byte, at every place around a step's border, among plain text and among its like.
    static let texts: [[UInt8]] = {
        var texts: [[UInt8]] = []
        for byte in UInt8.min...UInt8.max {
            for place in [0, 1, 7, 8, 14, 15, 16, 17, 31, 32, 33] {
                var text = [UInt8](repeating: UInt8(ascii: "a"), count: 40)
                text[place] = byte
                texts.append(text)
                texts.append(Array(text[...place]))
                texts.append(Array(text[..<place]))
            }
            texts.append([UInt8](repeating: byte, count: 35))
        }
        return texts
    }()

    private func isPlain(_ byte: UInt8) -> Bool { byte >= 0x20 && byte < 0x80 && byte != 0x22 && byte != 0x5C }

    @Test("quotes and plain text end where a look at every byte says")
    func ends() {
        for text in Self.texts {
            var source = ByteBuffer(capacity: text.count)
            source.append(text)
            // What lies behind the end is nobody's.
            source.append([0x22, 0x80, 0x5C])
            var target = ByteBuffer(capacity: text.count)
            let (quote, plain) = unsafe source.withUnsafeBytes(Slice(offset: 0, length: text.count)) { bytes, count in
                unsafe target.appendUnsafe(room: count) { unsafe TextKernels.copyPlain(bytes, count, to: $0) }
                return unsafe (TextKernels.quoteOffset(bytes, count), target.count)
            }
            #expect(quote == text.firstIndex { $0 == 0x22 || $0 == 0x5C } ?? text.count)
            #expect(plain == text.firstIndex { !isPlain($0) } ?? text.count)
            #expect(target.array() == Array(text[..<plain]))
        }
    }

    @Test("strings are escaped as byte by byte")
    func escapes() {
        for text in Self.texts {
            var out = ByteBuffer(capacity: 16)
            out.appendJSONString(text)
            #expect(out.array() == escaped(text), "of \(text)")
        }
    }

    @Test("texts of quotes, line ends and other alphabets grow as they must")
    func long() {
        let pieces: [[UInt8]] = [
            Array("\"".utf8), Array("\\".utf8), Array("\n\t\r".utf8), Array("äöü日本語🐟".utf8), [0xFF], [0x01],
            Array("plain text of some length, more than a step".utf8),
        ]
        for first in pieces {
            for second in pieces {
                var text: [UInt8] = []
                for _ in 0..<50 { text += first + second }
                var out = ByteBuffer(capacity: 16)
                out.appendJSONString(text)
                #expect(out.array() == escaped(text))
            }
        }
    }

    /// The same by the standard library's eyes.
    private func escaped(_ text: [UInt8]) -> [UInt8] {
        var out: [UInt8] = [0x22]
        var place = 0
        while place < text.count {
            let byte = text[place]
            var length = 1
            switch byte {
            case 0x22: out += Array("\\\"".utf8)
            case 0x5C: out += Array("\\\\".utf8)
            case 0x08: out += Array("\\b".utf8)
            case 0x09: out += Array("\\t".utf8)
            case 0x0A: out += Array("\\n".utf8)
            case 0x0C: out += Array("\\f".utf8)
            case 0x0D: out += Array("\\r".utf8)
            case ..<0x20:
                let digits = String(byte, radix: 16)
                out += Array("\\u00\(digits.count == 1 ? "0" : "")\(digits)".utf8)
            case ..<0x80: out.append(byte)
            default:
                let rest = (2...4).first { length in
                    place + length <= text.count
                        && String(validating: text[place..<(place + length)], as: UTF8.self)?.unicodeScalars.count == 1
                }
                length = rest ?? 1
                out += rest == nil ? Array("\u{FFFD}".utf8) : Array(text[place..<(place + length)])
            }
            place += length
        }
        return out + [0x22]
    }
}
