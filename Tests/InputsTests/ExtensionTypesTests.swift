import Events
import ForwardProtocol
import Inputs
import TestSupport
import Testing

/// Extension types are data like any other, wherever they stand.
@Suite struct ExtensionTypesTests {
    /// fixext 1 to 16; ext 8, 16 and 32 with lengths at their ends.
    static let forms: [[UInt8]] = {
        let fixed = [1, 2, 4, 8, 16].enumerated().map { index, length in
            [UInt8(0xD4 + index), 0] + [UInt8](repeating: 0x80, count: length)
        }
        let short = [0, 1, 3, 8, 12, 255].map { [0xC7, UInt8($0), 0] + [UInt8](repeating: 0xC1, count: $0) }
        let medium = [0, 256].map { [0xC8, UInt8($0 >> 8), UInt8($0 & 255), 0] + [UInt8](repeating: 1, count: $0) }
        let long = [0, 70_000].map {
            [0xC9, 0, UInt8($0 >> 16), UInt8($0 >> 8 & 255), UInt8($0 & 255), 0] + [UInt8](repeating: 2, count: $0)
        }
        return fixed + short + medium + long
    }()

    /// The form with a type in it.
    static func item(_ form: [UInt8], _ type: Int8) -> [UInt8] {
        let place = [0xC7: 2, 0xC8: 3, 0xC9: 5][Int(form[0])] ?? 1
        return form[..<place] + [UInt8(bitPattern: type)] + form[(place + 1)...]
    }

    /// Whether it is a time, which is read.
    static func isTime(_ form: [UInt8], _ type: Int8) -> Bool {
        let length = form.count - ([0xC7: 3, 0xC8: 4, 0xC9: 6][Int(form[0])] ?? 2)
        return type == 0 && length == 8 || type == -1 && [4, 8, 12].contains(length)
    }

    /// Where in a message it may stand: what comes before it and behind it.
    enum Place: CaseIterable {
        case time, entryTime, value, deepValue, key, deepKey, record, option, optionValue, chunk, surplus, tag, message

        func message(_ item: [UInt8]) -> [UInt8] {
            let (before, behind): (String, String) =
                switch self {
                case .time: ("93 a1 74", "81 a1 61 01")
                case .entryTime: ("92 a1 74 91 92", "81 a1 61 01")
                case .value: ("93 a1 74 01 81 a1 6b", "")
                case .deepValue: ("93 a1 74 01 81 a1 6b 91 81 a1 61 92 01", "")
                case .key: ("93 a1 74 01 81", "01")
                case .deepKey: ("93 a1 74 01 81 a1 6b 81", "01")
                case .record: ("93 a1 74 01", "")
                case .option: ("94 a1 74 01 80", "")
                case .optionValue: ("94 a1 74 01 80 81 a1 78", "")
                case .chunk: ("94 a1 74 01 80 81 a5 6368756e6b", "")
                case .surplus: ("95 a1 74 01 80 80", "")
                case .tag: ("93", "01 80")
                case .message: ("", "")
                }
            return hex(before) + item + hex(behind)
        }
    }

    private static let good = hex("93 a1 67 05 81 a1 6e 01")

    @Test("none ends a connection, and all that stands beside it arrives", arguments: Place.allCases, Feeding.allCases)
    func everywhere(place: Place, feeding: Feeding) {
        for form in Self.forms where feeding == .whole || form.count < 300 {
            for type in [Int8.min, -2, -1, 0, 1, 5, 12, .max] {
                let recorder = Recorder()
                let item = Self.item(form, type)
                let failure = recorder.fed(Self.good + place.message(item) + Self.good, feeding)
                #expect(failure == nil, "\(place), type \(type), \(form[0])")
                #expect(
                    recorder.events.filter { $0 == #"g 5.0 {"n":1}"# }.count == 2, "\(place), type \(type), \(form[0])")
                #expect(recorder.decoder.unfinishedBytes == 0)
            }
        }
    }

    @Test(
        "in the place of a time it costs one event, and is named by its type", arguments: [Int8.min, -1, 0, 12, .max])
    func noTime(type: Int8) {
        for form in Self.forms where !Self.isTime(form, type) {
            let recorder = Recorder()
            let item = Self.item(form, type)
            let bytes =
                hex("92 a1 74 93 92 01 80 92") + item + hex("81 a1 61 01 92 02 80") + Place.time.message(item)
            #expect(recorder.fed(bytes) == nil)
            #expect(recorder.events == ["t 1.0 {}", "t 2.0 {}"])
            #expect(recorder.notes.map(\.code) == [.time, .time])
            #expect(recorder.notes.allSatisfy { $0.costs == .event })
            #expect(recorder.warnings.allSatisfy { $0.hasPrefix("extension type \(type) is no time (1 in") })
        }
    }

    @Test("in a record it is null in JSON, said once a type, and the same bytes in MessagePack")
    func value() throws {
        let recorder = Recorder()
        let record = "83 a1 6b c7 03 0c 010203 a1 6c 92 01 d4 0c 07 a1 6d d5 f9 0102"
        for _ in 0..<3 { recorder.fed(hex("93 a1 74 01 " + record)) }
        #expect(recorder.events == Array(repeating: #"t 1.0 {"k":null,"l":[1,null],"m":null}"#, count: 3))
        #expect(recorder.notes.map(\.code) == [.extensionType])
        #expect(recorder.warnings.first?.contains("type 12 ") == true)
        recorder.fed(hex("93 a1 74 01 81 a1 6b d5 f9 0102"))
        #expect(recorder.warnings.last?.contains("type -7 ") == true && recorder.notes.count == 2)
        let batch = EventBatch()
        try batch.add(messagePack: hex(record))
        let value = batch.rows.fields[0].value
        #expect(value.kind == .msgpack && batch.storage.array(value.slice) == hex("c7 03 0c 010203"))
    }

    @Test(
        "times in a record are their seconds, of either kind",
        arguments: [
            "d7 00 00000007 00000001", "c7 08 00 00000007 00000001", "d6 ff 00000007", "d7 ff 0000000400000007",
            "c7 0c ff 00000001 0000000000000007",
        ])
    func times(_ time: String) {
        let recorder = Recorder()
        recorder.fed(hex("93 a1 74 01 82 a1 6b \(time) a1 6c 91 \(time)"))
        #expect(recorder.events == [#"t 1.0 {"k":7,"l":[7]}"#])
        #expect(recorder.notes.isEmpty)
    }
}
