internal import Events
internal import Grok

/// A value while an expression is evaluated. Text and data of the record stay where they are in the storage.
enum ExpressionValue {
    case null
    case bool(Bool)
    /// Wide enough for every number of a record and for what is computed from two of them.
    case integer(Int128)
    case float(Double)
    case string(Slice)
    case symbol(Slice)
    /// A map or an array as it lies in the storage (`json`, `msgpack`).
    case nested(Value)
    case array(ListValue)
    case hash(HashValue)
    /// The event's record.
    case record
    /// `ENV`
    case environment
    case time(TimeValue)
    /// An open file, by its path.
    case file(Slice)
    case range(RangeValue)
    case match(MatchValue)
    /// Of the program.
    case regexp(Int)
    case type(RubyClass)

    /// All but nil and false.
    var isTrue: Bool {
        switch self {
        case .null, .bool(false): false
        default: true
        }
    }

    var isNull: Bool { if case .null = self { true } else { false } }
}

/// An array that was computed.
struct ListValue {
    let items: [ExpressionValue]
    /// How deep arrays and hashes are in it, itself included.
    let depth: Int
}

/// A hash that was computed, in order, each key once.
final class HashValue {
    struct Pair {
        var key: ExpressionValue
        var value: ExpressionValue
    }

    let pairs: [Pair]
    /// Where each key is, by its inspected text; only for many pairs.
    let places: [[UInt8]: Int]
    let depth: Int

    init(pairs: [Pair], places: [[UInt8]: Int], depth: Int) {
        self.pairs = pairs
        self.places = places
        self.depth = depth
    }
}

final class RangeValue {
    let from: ExpressionValue
    let to: ExpressionValue
    let isExclusive: Bool

    init(from: ExpressionValue, to: ExpressionValue, isExclusive: Bool) {
        self.from = from
        self.to = to
        self.isExclusive = isExclusive
    }
}

/// What `match` and `$~` give.
final class MatchValue {
    let subject: Slice
    /// Start and end of each group by turns, in bytes of the subject; -1: took no part.
    let offsets: [Int]
    let regexp: RegexpLiteral

    init(subject: Slice, offsets: [Int], regexp: RegexpLiteral) {
        self.subject = subject
        self.offsets = offsets
        self.regexp = regexp
    }

    var groupCount: Int { offsets.count / 2 }

    func group(_ number: Int) -> Slice? {
        let number = number < 0 ? groupCount + number : number
        guard number >= 0, number < groupCount, offsets[2 * number] >= 0 else { return nil }
        let start = offsets[2 * number]
        return Slice(offset: Int(subject.offset) + start, length: offsets[2 * number + 1] - start)
    }

    /// The last group of the name that took part.
    func group(named name: String) -> Slice?? {
        guard let group = regexp.regex.groups.first(where: { $0.name == name }) else { return nil }
        for number in group.numbers.reversed() { if let slice = self.group(number) { return slice } }
        return .some(nil)
    }
}
