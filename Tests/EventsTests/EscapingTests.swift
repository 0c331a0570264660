import Events
import Testing

/// The escaping loop reads and writes words: every length, place and kind of byte against the plain rule.
@Suite("JSON escaping, word by word")
struct EscapingTests {
    @Test("every length up to 40, every place, in the middle and at the end of a buffer")
    func everyPlace() {
        for length in 0...40 {
            for special in [nil, 0x22, 0x5C, 0x0A, 0x1F, 0x7F, 0x80, 0xFF, 0x20] as [UInt8?] {
                for place in 0..<max(length, 1) {
                    for prefix in [0, 3] {
                        for suffix in [0, 1, 7, 8, 9] {
                            var text = [UInt8](repeating: 0x61, count: length)
                            if let special, length > 0 { text[place] = special }
                            var storage = ByteBuffer(capacity: 16)
                            storage.append([UInt8](repeating: 0x22, count: prefix))
                            storage.append(text)
                            storage.append([UInt8](repeating: 0x22, count: suffix))
                            var out = ByteBuffer(capacity: 16)
                            out.append(UInt8(ascii: ">"))
                            out.appendJSONString(Slice(offset: prefix, length: length), storage)
                            out.append(UInt8(ascii: "<"))
                            let got = out.array()
                            if got != [0x3E] + escaped(text) + [0x3C] {
                                Issue.record(
                                    "length \(length) place \(place) byte \(special ?? 0) suffix \(suffix): \(got)")
                                return
                            }
                        }
                    }
                }
            }
        }
    }

    private func escaped(_ bytes: [UInt8]) -> [UInt8] {
        var out: [UInt8] = [0x22]
        for byte in bytes {
            switch byte {
            case 0x22: out += [0x5C, 0x22]
            case 0x5C: out += [0x5C, 0x5C]
            case 0x0A: out += Array("\\n".utf8)
            case 0x1F: out += Array("\\u001f".utf8)
            case 0x80...: out += Array("\u{FFFD}".utf8)
            default: out.append(byte)
            }
        }
        return out + [0x22]
    }
}
