package import Events

/// `remove_keys $.a.b`: a value without what is nested in it.
///
/// The value becomes JSON text on the way, in which the member is looked for; what `ByteBuffer.appendJSON` writes is valid,
/// so the steps here only have to find ends.
package struct NestedRemoval: Sendable {
    /// The top-level key.
    let outer: [UInt8]
    private let steps: [RecordAccessor.Step]

    /// nil when the place is at the top level.
    package init?(_ place: RecordAccessor) {
        guard place.steps.count > 1, case .key(let key) = place.steps[0] else { return nil }
        outer = key
        steps = Array(place.steps.dropFirst())
    }

    /// nil when there is nothing to remove.
    func applied(to value: Value, _ storage: inout ByteBuffer) -> Value? {
        guard value.kind == .msgpack || value.kind == .json else { return nil }
        var json = ByteBuffer()
        json.appendJSON(value, storage)
        guard let cut = member(of: 0, steps[...], json) else { return nil }
        let start = storage.count
        storage.append(Slice(offset: 0, length: cut.lowerBound), of: json)
        storage.append(Slice(offset: cut.upperBound, length: json.count - cut.upperBound), of: json)
        return Value(.json, Slice(offset: start, length: storage.count - start))
    }

    /// Where the member stands that the steps lead to, with the comma that goes with it.
    private func member(
        of start: Int, _ steps: ArraySlice<RecordAccessor.Step>, _ json: borrowing ByteBuffer
    ) -> Range<Int>? {
        guard let step = steps.first else { return nil }
        var offset = skipSpace(start, json)
        guard offset < json.count, json[offset] == UInt8(ascii: "{") || json[offset] == UInt8(ascii: "[") else {
            return nil
        }
        let isObject = json[offset] == UInt8(ascii: "{")
        offset += 1
        var index = 0
        /// Of the last of several members of one name, as everywhere.
        var found: Range<Int>?
        var comma: Int?
        while true {
            let memberStart = skipSpace(offset, json)
            guard memberStart < json.count, json[memberStart] != 0x5D, json[memberStart] != 0x7D else { return found }
            var valueStart = memberStart
            var isWanted = false
            if isObject {
                let keyEnd = skipValue(memberStart, json)
                if case .key(let wanted) = step { isWanted = isKey(memberStart..<keyEnd, wanted, json) }
                valueStart = skipSpace(skipSpace(keyEnd, json) + 1, json)
            } else if case .index(let wanted) = step {
                isWanted = index == wanted
            }
            let end = skipSpace(skipValue(valueStart, json), json)
            let isFollowed = end < json.count && json[end] == UInt8(ascii: ",")
            if isWanted {
                found =
                    steps.count > 1
                    ? member(of: valueStart, steps.dropFirst(), json)
                    : isFollowed ? memberStart..<(end + 1) : (comma ?? memberStart)..<end
            }
            guard isFollowed else { return found }
            comma = end
            offset = end + 1
            index += 1
        }
    }

    private func isKey(_ quoted: Range<Int>, _ wanted: [UInt8], _ json: borrowing ByteBuffer) -> Bool {
        let inside = Slice(offset: quoted.lowerBound + 1, length: quoted.count - 2)
        if json.equals(inside, wanted) { return true }
        var text = ByteBuffer()
        text.append(inside, of: json)
        let plain = text.appendUnescaped(Slice(offset: 0, length: text.count))
        return text.equals(plain, wanted)
    }

    private func skipSpace(_ start: Int, _ json: borrowing ByteBuffer) -> Int {
        var offset = start
        while offset < json.count, json[offset] <= 0x20 { offset += 1 }
        return offset
    }

    /// Behind a value or a key.
    private func skipValue(_ start: Int, _ json: borrowing ByteBuffer) -> Int {
        var offset = start
        var depth = 0
        while offset < json.count {
            switch json[offset] {
            case UInt8(ascii: "\""):
                offset += 1
                while offset < json.count, json[offset] != UInt8(ascii: "\"") {
                    offset += json[offset] == UInt8(ascii: "\\") ? 2 : 1
                }
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                if depth == 0 { return offset }
                depth -= 1
            case UInt8(ascii: ",") where depth == 0: return offset
            case UInt8(ascii: ":") where depth == 0: return offset
            default:
                // A number or a word goes on to what ends it.
                offset += 1
                continue
            }
            offset += 1
            if depth == 0 { return offset }
        }
        return offset
    }
}
