internal import Events

/// The record, the tag, and data inside of them.
extension ExpressionEvaluator {
    mutating func value(of subject: Node.Subject) throws(ExpressionFailure) -> ExpressionValue {
        switch subject {
        case .record: return .record
        case .tag: return try string(tag.bytes)
        case .time: return .time(TimeValue(time: eventTime))
        case .hostname: return try string(context.hostname)
        case .environment: return .environment
        case .workerID: return try string(context.workerID)
        case .useNil: throw .noValue
        case .useDefault: throw .defaultValue
        case .tagParts, .tagPrefix, .tagSuffix: return try tagParts(subject)
        }
    }

    /// As Ruby's `split(".")`: empty parts at the end are none.
    private mutating func tagParts(_ subject: Node.Subject) throws(ExpressionFailure) -> ExpressionValue {
        guard case .string(let whole) = try string(tag.bytes) else { return .null }
        var parts: [Slice] = []
        var start = 0
        for place in 0...tag.bytes.count where place == tag.bytes.count || tag.bytes[place] == UInt8(ascii: ".") {
            parts.append(part(whole, start, place))
            start = place + 1
        }
        while parts.last?.length == 0 { parts.removeLast() }
        try step(parts.count)
        let end = parts.last?.end ?? 0
        return try list(
            parts.map { one in
                switch subject {
                case .tagPrefix:
                    return .string(Slice(offset: Int(whole.offset), length: one.end - Int(whole.offset)))
                case .tagSuffix: return .string(Slice(offset: Int(one.offset), length: end - Int(one.offset)))
                default: return .string(one)
                }
            })
    }

    // MARK: - Fields

    mutating func field(_ key: RecordAccessor.Step) throws(ExpressionFailure) -> ExpressionValue {
        guard case .key(let name) = key else { return .null }
        return try field(name)
    }

    mutating func field(_ name: [UInt8]) throws(ExpressionFailure) -> ExpressionValue {
        guard let index = fieldIndex(name) else { return .null }
        return try value(fields[index].value)
    }

    func fieldIndex(_ name: [UInt8]) -> Int? {
        if !deletedKeys.isEmpty, deletedKeys.contains(name) { return nil }
        for index in fields.indices where storage.equals(fields[index].key, name) { return index }
        return nil
    }

    /// A value of the record as expressions see it.
    mutating func value(_ value: Value) throws(ExpressionFailure) -> ExpressionValue {
        switch value.kind {
        case .null: return .null
        case .true: return .bool(true)
        case .false: return .bool(false)
        case .int: return .integer(Int128(value.intValue))
        case .uint: return .integer(Int128(value.payload))
        case .double: return .float(value.doubleValue)
        case .string: return .string(value.slice)
        case .jsonString:
            try checkRoom(Int(value.length))
            return .string(storage.appendUnescaped(value.slice))
        case .number:
            if let whole = Int128(storage.text(value.slice)) { return .integer(whole) }
            return .float(storage.double(number: value.slice))
        case .json, .msgpack: return .nested(value)
        }
    }

    func isMap(_ value: Value) -> Bool {
        if value.kind == .json { return storage[Int(value.slice.offset)] == UInt8(ascii: "{") }
        guard let item = try? storage.messagePackItem(at: Int(value.slice.offset), end: storage.count) else {
            return false
        }
        return item.kind == .map
    }

    func isList(_ value: Value) -> Bool {
        if value.kind == .json { return storage[Int(value.slice.offset)] == UInt8(ascii: "[") }
        guard let item = try? storage.messagePackItem(at: Int(value.slice.offset), end: storage.count) else {
            return false
        }
        return item.kind == .array
    }

    /// `x["key"]`
    mutating func member(
        of receiver: ExpressionValue, _ key: RecordAccessor.Step
    ) throws(ExpressionFailure) -> ExpressionValue {
        switch receiver {
        case .record: return try field(key)
        case .nested(let nested) where isMap(nested):
            try step()
            guard let child = storage.child(of: nested, key) else { return .null }
            return try value(child)
        default:
            guard case .key(let name) = key else { return .null }
            return try call(receiver, .at_index, Arguments(try string(name)))
        }
    }

    // MARK: - Taking apart

    /// The items of anything that has some: arrays, ranges; a hash's pairs. nil: it has none.
    mutating func items(of value: ExpressionValue) throws(ExpressionFailure) -> [ExpressionValue]? {
        switch value {
        case .array(let list):
            try step(list.items.count)
            return list.items
        case .nested(let nested) where isList(nested): return try nestedItems(nested)
        case .range(let range): return try items(of: range)
        case .hash, .record, .nested:
            guard let pairs = try pairs(of: value) else { return nil }
            var items: [ExpressionValue] = []
            items.reserveCapacity(pairs.count)
            for pair in pairs { items.append(try list([pair.key, pair.value])) }
            return items
        default: return nil
        }
    }

    /// The items of an array only.
    mutating func arrayItems(of value: ExpressionValue) throws(ExpressionFailure) -> [ExpressionValue]? {
        switch value {
        case .array(let list):
            try step(list.items.count)
            return list.items
        case .nested(let nested) where isList(nested): return try nestedItems(nested)
        default: return nil
        }
    }

    /// The pairs of a hash; nil: it is none.
    mutating func pairs(of value: ExpressionValue) throws(ExpressionFailure) -> [HashValue.Pair]? {
        switch value {
        case .hash(let hash):
            try step(hash.pairs.count)
            return hash.pairs
        case .record:
            try step(fields.count)
            var pairs: [HashValue.Pair] = []
            pairs.reserveCapacity(fields.count)
            for field in fields {
                if !deletedKeys.isEmpty, deletedKeys.contains(storage.array(field.key)) { continue }
                pairs.append(HashValue.Pair(key: .string(field.key), value: try self.value(field.value)))
            }
            return pairs
        case .environment:
            var pairs: [HashValue.Pair] = []
            for (name, text) in context.variables.sorted(by: { $0.key < $1.key }) {
                pairs.append(HashValue.Pair(key: try string(name), value: try string(text)))
            }
            return pairs
        case .nested(let nested) where isMap(nested): return try nestedPairs(nested)
        default: return nil
        }
    }

    /// Where the MessagePack of a nested value begins; JSON is brought into that form.
    private mutating func messagePack(_ nested: Value) throws(ExpressionFailure) -> Int {
        if nested.kind == .msgpack { return Int(nested.slice.offset) }
        let length = Int(nested.length)
        try checkRoom(length * 2)
        var text = ByteBuffer(capacity: length)
        text.append(nested.slice, of: storage)
        var packed = ByteBuffer(capacity: length)
        guard (try? JSONTranscoder.transcode(text, at: 0, to: &packed)) != nil else { return storage.count }
        let start = storage.count
        storage.append(packed)
        try checkRoom()
        return start
    }

    private mutating func nestedItems(_ nested: Value) throws(ExpressionFailure) -> [ExpressionValue] {
        let start = try messagePack(nested)
        guard let container = try? storage.messagePackItem(at: start, end: storage.count), container.kind == .array
        else { return [] }
        try step(container.length)
        var items: [ExpressionValue] = []
        items.reserveCapacity(container.length)
        var place = container.body
        for _ in 0..<container.length {
            guard let value = try next(&place) else { break }
            items.append(value)
        }
        return items
    }

    private mutating func nestedPairs(_ nested: Value) throws(ExpressionFailure) -> [HashValue.Pair] {
        let start = try messagePack(nested)
        guard let container = try? storage.messagePackItem(at: start, end: storage.count), container.kind == .map
        else { return [] }
        try step(container.length)
        var builder = HashBuilder()
        var place = container.body
        for _ in 0..<container.length {
            guard let key = try next(&place), let value = try next(&place) else { break }
            try builder.set(key, value, &self)
        }
        return builder.pairs
    }

    private mutating func next(_ place: inout Int) throws(ExpressionFailure) -> ExpressionValue? {
        guard let end = try? storage.skipMessagePack(at: place, end: storage.count),
            let value = storage.messagePackValue(at: place, length: end - place)
        else { return nil }
        place = end
        return try self.value(value)
    }

    // MARK: - Hashes

    /// What a hash has for a key; nil: it has no such key.
    mutating func lookup(
        _ key: ExpressionValue, in value: ExpressionValue
    ) throws(ExpressionFailure) -> ExpressionValue? {
        switch value {
        case .record:
            guard case .string(let slice) = key, let index = fieldIndex(storage.array(slice)) else { return nil }
            return try self.value(fields[index].value)
        case .environment:
            guard case .string(let slice) = key else { throw .type("no implicit conversion into String") }
            let name = storage.text(slice)
            guard let text = context.variables[name] else {
                trace?.unset.append(CodeTrace.Unset(name: name, place: program.places[Int(current)].range))
                return nil
            }
            trace?.variables.append((name, text))
            return try string(text)
        case .nested(let nested):
            guard case .string(let slice) = key else { return nil }
            guard let child = storage.child(of: nested, .key(storage.array(slice))) else { return nil }
            return try self.value(child)
        case .hash(let hash):
            if !hash.places.isEmpty {
                return try hash.places[canonical(key)].map { hash.pairs[$0].value }
            }
            for pair in hash.pairs where try isEqual(pair.key, key, strictly: true) { return pair.value }
            return nil
        default: return nil
        }
    }

    /// Bytes that are the same for equal keys, and only for them.
    mutating func canonical(_ value: ExpressionValue) throws(ExpressionFailure) -> [UInt8] {
        let end = storage.count
        defer { storage.truncate(to: end) }
        var text = ByteBuffer()
        try inspect(value, to: &text)
        return text.array()
    }
}

/// A hash in the making.
struct HashBuilder {
    private(set) var pairs: [HashValue.Pair] = []
    private var places: [[UInt8]: Int] = [:]

    /// With more pairs than these, keys are looked up.
    private static let scannedPairs = 12

    mutating func set(
        _ key: ExpressionValue, _ value: ExpressionValue, _ evaluator: inout ExpressionEvaluator
    ) throws(ExpressionFailure) {
        try evaluator.step()
        if places.isEmpty {
            for index in pairs.indices where try evaluator.isEqual(pairs[index].key, key, strictly: true) {
                pairs[index].value = value
                return
            }
            pairs.append(HashValue.Pair(key: key, value: value))
            if pairs.count > Self.scannedPairs {
                for index in pairs.indices { places[try evaluator.canonical(pairs[index].key)] = index }
            }
            return
        }
        let name = try evaluator.canonical(key)
        if let place = places[name] {
            pairs[place].value = value
        } else {
            places[name] = pairs.count
            pairs.append(HashValue.Pair(key: key, value: value))
        }
    }

    mutating func value(
        of key: ExpressionValue, _ evaluator: inout ExpressionEvaluator
    ) throws(ExpressionFailure) -> ExpressionValue? {
        if !places.isEmpty { return try places[evaluator.canonical(key)].map { pairs[$0].value } }
        for pair in pairs where try evaluator.isEqual(pair.key, key, strictly: true) { return pair.value }
        return nil
    }

    func finished(_ evaluator: borrowing ExpressionEvaluator) throws(ExpressionFailure) -> HashValue {
        var depth = 0
        for pair in pairs { depth = max(depth, evaluator.depth(of: pair.value)) }
        if depth >= ExpressionLimits.depth { throw .argument("nesting of \(depth + 1) is too deep") }
        return HashValue(pairs: pairs, places: places, depth: depth + 1)
    }
}
