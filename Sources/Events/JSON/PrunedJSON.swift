extension ByteBuffer {
    /// Takes a member out of JSON that our own writer made: no white space, always valid, no key twice. Answers whether it
    /// was there; else nothing changes.
    package mutating func removeJSON(at steps: ArraySlice<RecordAccessor.Step>) -> Bool {
        guard let member = jsonMember(at: steps, from: 0) else { return false }
        let rest = array(Slice(offset: member.upperBound, length: count - member.upperBound))
        truncate(to: member.lowerBound)
        append(rest)
        return true
    }

    /// Where the member is, with its key and one of the commas around it.
    private func jsonMember(at steps: ArraySlice<RecordAccessor.Step>, from offset: Int) -> Range<Int>? {
        guard let step = steps.first, offset < count else { return nil }
        let isObject = self[offset] == UInt8(ascii: "{")
        guard isObject || self[offset] == UInt8(ascii: "[") else { return nil }
        var key = ByteBuffer(capacity: 64)
        if case .key(let name) = step { key.appendJSONString(name) }
        let wanted = key.array()
        var place = offset + 1
        var number = 0
        while place < count, self[place] != UInt8(ascii: "}"), self[place] != UInt8(ascii: "]") {
            let hasComma = self[place] == UInt8(ascii: ",")
            let start = place
            if hasComma { place += 1 }
            var isFound = false
            if isObject {
                let end = jsonEnd(from: place)
                isFound = equals(Slice(offset: place, length: end - place), wanted)
                place = end + 1  // the colon
            } else if case .index(let index) = step {
                isFound = index == number
            }
            let end = jsonEnd(from: place)
            if isFound {
                if steps.count > 1 { return jsonMember(at: steps.dropFirst(), from: place) }
                let takesNext = !hasComma && end < count && self[end] == UInt8(ascii: ",")
                return start..<(takesNext ? end + 1 : end)
            }
            place = end
            number += 1
        }
        return nil
    }

    /// Where the closing quote is of a string that our own writer made, whose text begins at `start`; a place that is not before
    /// `end` when there is none.
    func jsonStringEnd(from start: Int, before end: Int) -> Int {
        var place = start
        while place < end, self[place] != 0x22 { place += self[place] == 0x5C ? 2 : 1 }
        return place
    }

    /// Past the value that begins at `offset`.
    private func jsonEnd(from offset: Int) -> Int {
        var depth = 0
        var place = offset
        while place < count {
            switch self[place] {
            case 0x22:
                place = jsonStringEnd(from: place + 1, before: count)
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                if depth == 0 { return place }
                depth -= 1
            case UInt8(ascii: ","), UInt8(ascii: ":"): if depth == 0 { return place }
            default: break
            }
            place += 1
            if depth == 0, place < count, self[place - 1] == 0x22 || self[place - 1] == 0x7D || self[place - 1] == 0x5D
            {
                return place
            }
        }
        return min(place, count)
    }
}
