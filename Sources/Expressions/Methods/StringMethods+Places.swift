internal import Events
internal import Glibc

/// Characters and places in strings. Ruby counts characters, the storage has bytes.
extension ExpressionEvaluator {
    /// Whether each byte is a character.
    func isASCII(_ slice: Slice) -> Bool { storage.kind(of: slice) == .ascii }

    /// The offset behind the character that begins at an offset of the slice.
    func next(_ slice: Slice, _ offset: Int) -> Int {
        offset + max(characterLength(at: Int(slice.offset) + offset, slice.end), 1)
    }

    /// The offset of the character before an offset.
    func previous(_ slice: Slice, _ offset: Int) -> Int {
        var place = max(offset - 1, 0)
        while place > 0, offset - place < 4, storage[Int(slice.offset) + place] & 0xC0 == 0x80 { place -= 1 }
        return place + characterLength(at: Int(slice.offset) + place, slice.end) == offset ? place : max(offset - 1, 0)
    }

    func characterCount(_ slice: Slice) -> Int {
        if isASCII(slice) { return Int(slice.length) }
        var count = 0
        var offset = 0
        while offset < Int(slice.length) {
            offset = next(slice, offset)
            count += 1
        }
        return count
    }

    /// Where the character of a number begins; the end of the slice for the number behind the last.
    func offset(ofCharacter number: Int, in slice: Slice) -> Int {
        if isASCII(slice) { return min(number, Int(slice.length)) }
        var offset = 0
        var left = number
        while left > 0, offset < Int(slice.length) {
            offset = next(slice, offset)
            left -= 1
        }
        return offset
    }

    /// How many characters stand before a byte offset.
    func characters(before offset: Int, in slice: Slice) -> Int { characterCount(part(slice, 0, offset)) }

    /// The first place at or behind `from` where a text stands, in bytes. Linear in both.
    func find(_ wanted: Slice, in slice: Slice, from: Int) -> Int? {
        let length = Int(slice.length) - from
        guard length >= Int(wanted.length), from >= 0 else { return nil }
        if wanted.length == 0 { return from }
        if wanted.length > 32 { return findLong(wanted, in: slice, from: from) }
        let first = storage[Int(wanted.offset)]
        let last = Int(slice.length) - Int(wanted.length)
        var place = from
        while place <= last {
            let found = unsafe storage.withUnsafeBytes(part(slice, place, last + 1)) { base, count in
                // The bytes lie in the storage, which nothing changes meanwhile.
                unsafe memchr(base, Int32(first), count).map { unsafe UnsafeRawPointer($0) - UnsafeRawPointer(base) }
            }
            guard let found else { return nil }
            place += found
            if storage.equal(part(slice, place, place + Int(wanted.length)), wanted) { return place }
            place += 1
        }
        return nil
    }

    /// By the algorithm of Knuth, Morris and Pratt: long texts that nearly match everywhere take no longer than others.
    private func findLong(_ wanted: Slice, in slice: Slice, from: Int) -> Int? {
        let needle = storage.array(wanted)
        var borders = [Int](repeating: 0, count: needle.count)
        var border = 0
        for place in 1..<needle.count {
            while border > 0, needle[place] != needle[border] { border = borders[border - 1] }
            if needle[place] == needle[border] { border += 1 }
            borders[place] = border
        }
        var matched = 0
        for place in from..<Int(slice.length) {
            let byte = storage[Int(slice.offset) + place]
            while matched > 0, byte != needle[matched] { matched = borders[matched - 1] }
            if byte == needle[matched] { matched += 1 }
            if matched == needle.count { return place - matched + 1 }
        }
        return nil
    }

    /// The last place where a text stands that begins at `from` at the latest.
    func findLast(_ wanted: Slice, in slice: Slice, from: Int) -> Int? {
        var place = min(from, Int(slice.length) - Int(wanted.length))
        while place >= 0 {
            if storage.equal(part(slice, place, place + Int(wanted.length)), wanted) { return place }
            place -= 1
        }
        return nil
    }

    // MARK: - Slices

    /// `s[i]`, `s[i, n]`, `s[a..b]`, `s["x"]`, `s[/x/, n]`
    mutating func sliced(
        _ slice: Slice, _ arguments: Arguments, bytes: Bool
    ) throws(ExpressionFailure) -> ExpressionValue {
        let count = bytes ? Int(slice.length) : characterCount(slice)
        func piece(_ from: Int, _ length: Int) -> ExpressionValue {
            guard from >= 0, from <= count, length >= 0 else { return .null }
            let upper = min(from + min(length, count), count)
            if bytes { return .string(part(slice, from, upper)) }
            let start = offset(ofCharacter: from, in: slice)
            let rest = part(slice, start, Int(slice.length))
            return .string(part(rest, 0, offset(ofCharacter: upper - from, in: rest)))
        }
        switch arguments[0] {
        case .string(let wanted):
            return find(wanted, in: slice, from: 0) == nil ? .null : .string(wanted)
        case .regexp(let number):
            guard let match = try match(number, slice, from: 0, keeping: true) else { return .null }
            if arguments.count < 2 { return match.group(0).map { .string($0) } ?? .null }
            return try group(arguments[1], of: match)
        case .range(let range):
            guard let bounds = try bounds(range, count: count) else { return .null }
            return piece(bounds.lowerBound, bounds.count)
        default:
            let from = try integer(arguments[0])
            let start = from < 0 ? count + from : from
            if arguments.count > 1 { return piece(start, try integer(arguments[1])) }
            return start < count ? piece(start, 1) : .null
        }
    }

    /// The places of a range in something with `count` items; nil: it begins outside.
    func bounds(_ range: RangeValue, count: Int) throws(ExpressionFailure) -> Range<Int>? {
        let from = range.from.isNull ? 0 : try integer(range.from)
        let start = from < 0 ? count + from : from
        guard start >= 0, start <= count else { return nil }
        let to = range.to.isNull ? count : try integer(range.to)
        var end = to < 0 ? count + to : to
        if !range.isExclusive, !range.to.isNull, end < Int.max { end += 1 }
        return start..<max(min(end, count), start)
    }

    /// `index`, `rindex`
    mutating func place(
        _ slice: Slice, _ method: Method, _ arguments: Arguments
    ) throws(ExpressionFailure) -> ExpressionValue {
        let count = characterCount(slice)
        var from = arguments.count > 1 ? try integer(arguments[1]) : method == .index ? 0 : count
        if from < 0 { from += count }
        guard from >= 0, method == .rindex || from <= count else { return .null }
        let start = offset(ofCharacter: from, in: slice)
        var found: Int?
        if case .regexp(let number) = arguments[0] {
            if method == .index {
                found = try match(number, slice, from: start, keeping: true)?.offsets[0]
            } else {
                var search = 0
                while search <= start, let match = try match(number, slice, from: search, keeping: true),
                    match.offsets[0] <= start
                {
                    found = match.offsets[0]
                    search =
                        match.offsets[0] < Int(slice.length) ? next(slice, match.offsets[0]) : Int(slice.length) + 1
                }
            }
        } else {
            let wanted = try text(arguments[0])
            if method == .rindex { try step((Int(slice.length) / 16) * (Int(wanted.length) / 64 + 1)) }
            found = method == .index ? find(wanted, in: slice, from: start) : findLast(wanted, in: slice, from: start)
        }
        return found.map { .integer(Int128(characters(before: $0, in: slice))) } ?? .null
    }

    /// `partition`, `rpartition`
    mutating func partitioned(
        _ slice: Slice, _ method: Method, _ arguments: Arguments
    ) throws(ExpressionFailure) -> ExpressionValue {
        var found: Range<Int>?
        if case .regexp(let number) = arguments[0] {
            var search = 0
            while search <= Int(slice.length), let match = try match(number, slice, from: search, keeping: true) {
                found = match.offsets[0]..<match.offsets[1]
                if method == .partition { break }
                search = match.offsets[0] < Int(slice.length) ? next(slice, match.offsets[0]) : Int(slice.length) + 1
            }
        } else {
            let wanted = try text(arguments[0])
            if method == .rpartition { try step((Int(slice.length) / 16) * (Int(wanted.length) / 64 + 1)) }
            let place =
                method == .partition
                ? find(wanted, in: slice, from: 0) : findLast(wanted, in: slice, from: Int(slice.length))
            found = place.map { $0..<($0 + Int(wanted.length)) }
        }
        let none = part(slice, 0, 0)
        guard let found else {
            return try list((method == .partition ? [slice, none, none] : [none, none, slice]).map { .string($0) })
        }
        return try list([
            .string(part(slice, 0, found.lowerBound)), .string(part(slice, found.lowerBound, found.upperBound)),
            .string(part(slice, found.upperBound, Int(slice.length))),
        ])
    }
}
