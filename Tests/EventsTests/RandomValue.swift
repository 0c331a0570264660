import Events
import TestSupport

/// A random value of the kinds JSON and MessagePack share, written both ways by the simplest code there is.
enum RandomValue {
    struct Member {
        var key: String
        var value: RandomValue
    }

    case null
    case bool(Bool)
    case int(Int64)
    case uint(UInt64)
    case double(Double)
    case string(String)
    case array([RandomValue])
    case map([Member])

    static func make(_ generator: inout SeededGenerator, depth: Int) -> RandomValue {
        switch Int.random(in: 0...(depth > 0 ? 8 : 5), using: &generator) {
        case 0: return .null
        case 1: return .bool(Bool.random(using: &generator))
        case 2:
            let shift = Int.random(in: 0...63, using: &generator)
            return .int(Int64.random(in: Int64.min...Int64.max, using: &generator) >> shift)
        case 3: return .uint(UInt64.random(in: 0...UInt64.max, using: &generator))
        case 4:
            let value = Double(bitPattern: UInt64.random(in: 0...UInt64.max, using: &generator))
            return .double(value.isFinite && value != 0 ? value : 0.5)
        case 5: return .string(text(&generator))
        case 6:
            let count = Int.random(in: 0...5, using: &generator)
            return .array((0..<count).map { _ in make(&generator, depth: depth - 1) })
        default: return map(&generator, depth: depth - 1)
        }
    }

    static func map(_ generator: inout SeededGenerator, depth: Int) -> RandomValue {
        let count = Int.random(in: 0...(depth > 2 ? 40 : 12), using: &generator)
        var keys: Set<String> = []
        var members: [Member] = []
        for _ in 0..<count {
            let key = text(&generator)
            if keys.insert(key).inserted { members.append(Member(key: key, value: make(&generator, depth: depth))) }
        }
        return .map(members)
    }

    private static func text(_ generator: inout SeededGenerator) -> String {
        let scalars: [ClosedRange<UInt32>] = [
            0x20...0x7E, 0x20...0x7E, 0x61...0x7A, 0...0x1F, 0x22...0x5C, 0x80...0x2FF, 0x2000...0x2FFF,
            0x1F300...0x1F6FF,
        ]
        var text = ""
        for _ in 0..<Int.random(in: 0...30, using: &generator) {
            let range = scalars[Int.random(in: 0..<scalars.count, using: &generator)]
            text.unicodeScalars.append(Unicode.Scalar(UInt32.random(in: range, using: &generator)) ?? "?")
        }
        return text
    }

    var messagePack: [UInt8] {
        var out = ByteBuffer()
        write(to: &out)
        return out.array()
    }

    private func write(to out: inout ByteBuffer) {
        switch self {
        case .null: out.appendMessagePackNil()
        case .bool(let value): out.appendMessagePack(value)
        case .int(let value): out.appendMessagePack(value)
        case .uint(let value): out.appendMessagePack(value)
        case .double(let value): out.appendMessagePack(value)
        case .string(let text): out.appendMessagePackString(text)
        case .array(let items):
            out.appendMessagePack(arrayCount: items.count)
            for item in items { item.write(to: &out) }
        case .map(let members):
            out.appendMessagePack(mapCount: members.count)
            for member in members {
                out.appendMessagePackString(member.key)
                member.value.write(to: &out)
            }
        }
    }
}
