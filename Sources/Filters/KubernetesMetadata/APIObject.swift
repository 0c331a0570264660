internal import Events
internal import Grok
internal import Time

/// An object of the Kubernetes API (reference: `v1.Pod`, `v1.Namespace`), read from its JSON.
struct APIObject: ~Copyable {
    private var storage: ByteBuffer
    private var rows = Rows(fieldCapacity: 64)
    private var root: Range<Int>

    /// nil: the text is no JSON object.
    init?(_ body: borrowing ByteBuffer) {
        storage = ByteBuffer(capacity: body.count)
        storage.append(body)
        root = 0..<0
        let whole = Slice(offset: 0, length: storage.count)
        guard (try? rows.appendFields(json: whole, &storage)) != nil else { return nil }
        root = 0..<rows.fields.count
    }

    /// A place in the object, as keys one below the other.
    mutating func value(_ path: String...) -> Value? { value(path, in: root) }

    private mutating func value(_ path: [String], in object: Range<Int>) -> Value? {
        var fields = object
        var found: Value?
        for (depth, key) in path.enumerated() {
            if depth > 0 {
                guard let next = found.flatMap({ members(of: $0) }) else { return nil }
                fields = next
            }
            let name = Array(key.utf8)
            guard let index = fields.first(where: { storage.equals(rows.fields[$0].key, name) }) else { return nil }
            found = rows.fields[index].value
        }
        return found
    }

    /// A text that is not empty.
    mutating func text(_ path: String...) -> String? { value(path, in: root).flatMap { text($0) } }

    private mutating func text(_ value: Value) -> String? {
        guard value.isText, value.length > 0 else { return nil }
        let slice = value.kind == .string ? value.slice : storage.appendUnescaped(value.slice)
        return storage.text(slice)
    }

    /// The members of an object; nil when it is none.
    private mutating func members(of value: Value) -> Range<Int>? {
        guard value.kind == .json else { return nil }
        let first = rows.fields.count
        guard (try? rows.appendFields(json: value.slice, &storage)) != nil else { return nil }
        return first..<rows.fields.count
    }

    /// For each object of an array: the texts under some keys.
    mutating func texts(of path: String..., keys: [String]) -> [[String?]] {
        guard let list = value(path, in: root), list.kind == .json,
            let objects = storage.jsonObjects(inArray: list.slice)
        else { return [] }
        return objects.map { object in
            guard let members = members(of: Value(.json, object)) else { return keys.map { _ in nil } }
            return keys.map { key in value([key], in: members).flatMap { text($0) } }
        }
    }

    /// The members of an object of texts as JSON, those whose keys `isWanted` picks, in the order it gives; nil: none.
    mutating func object(
        _ path: String..., renaming keys: KeyRenaming, picked: (([String]) -> [Int])? = nil
    ) -> [UInt8]? {
        guard let value = value(path, in: root), let members = members(of: value), !members.isEmpty else { return nil }
        let names = members.map { storage.text(rows.fields[$0].key) }
        let wanted = picked.map { $0(names) } ?? Array(names.indices)
        if wanted.isEmpty { return nil }
        var json = ByteBuffer()
        for (number, index) in wanted.enumerated() {
            json.append(number == 0 ? UInt8(ascii: "{") : UInt8(ascii: ","))
            json.appendJSONString(keys.renamed(names[index]))
            json.append(UInt8(ascii: ":"))
            json.appendJSON(rows.fields[members.lowerBound + index].value, storage)
        }
        json.append(UInt8(ascii: "}"))
        return json.array()
    }

    /// A time in RFC 3339's form, in seconds.
    mutating func seconds(_ path: String...) -> Int64? {
        guard let value = value(path, in: root), value.isText,
            case .time(let time) = TimeReader(.iso8601, zone: .utc).read(value, &storage)
        else { return nil }
        return time.seconds
    }
}

/// `de_dot` and `de_slash`: what stands in keys of labels and annotations for dots and slashes; nil: they stay.
package struct KeyRenaming: Sendable, Equatable {
    package var dot: String?
    package var slash: String?

    package init() {}

    func renamed(_ key: String) -> String {
        var key = key
        if let dot { key = key.replacing(".", with: dot) }
        if let slash { key = key.replacing("/", with: slash) }
        return key
    }
}
