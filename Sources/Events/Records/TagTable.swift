/// What somebody knows of each tag, found by the tag's id: a few instructions, where a dictionary takes a hundred.
///
/// Ids are the process's own numbers, which nobody outside can choose, so mixing them well is enough; open addressing, at
/// most half full. Not for ids below 0.
@usableFromInline package struct TagTable<Value> {
    /// The id of each place; `free` where there is none.
    @usableFromInline var ids: [Int] = []
    @usableFromInline var values: [Value?] = []
    @usableFromInline package internal(set) var count = 0
    @usableFromInline static var free: Int { -1 }
    private static var leastPlaces: Int { 16 }

    package init() {}

    @inlinable package subscript(id: Int) -> Value? {
        guard count > 0 else { return nil }
        var place = firstPlace(of: id)
        while ids[place] != id {
            if ids[place] == Self.free { return nil }
            place = (place &+ 1) & (ids.count &- 1)
        }
        return values[place]
    }

    /// Enters what is known, in place of what was.
    @inlinable package mutating func set(_ id: Int, _ value: Value) {
        precondition(id >= 0, "a tag's id is not negative")
        if (count + 1) * 2 > ids.count { grow() }
        let place = place(of: id)
        if ids[place] != id { count += 1 }
        ids[place] = id
        values[place] = value
    }

    /// Those behind it move up, so that they are found without it.
    package mutating func remove(_ id: Int) {
        guard count > 0 else { return }
        var hole = place(of: id)
        guard ids[hole] == id else { return }
        count -= 1
        let mask = ids.count - 1
        var next = hole
        while true {
            next = (next + 1) & mask
            guard ids[next] != Self.free else { break }
            // It may fill the hole unless its own first place lies behind that.
            let distance = (next - firstPlace(of: ids[next])) & mask
            guard distance >= (next - hole) & mask else { continue }
            ids[hole] = ids[next]
            values[hole] = values[next]
            hole = next
        }
        ids[hole] = Self.free
        values[hole] = nil
    }

    package mutating func removeAll() { self = TagTable() }

    @inlinable func firstPlace(of id: Int) -> Int {
        Int(truncatingIfNeeded: (UInt64(truncatingIfNeeded: id) &* 0x9E37_79B9_7F4A_7C15) >> 32) & (ids.count &- 1)
    }

    /// Where it is, or would be.
    @usableFromInline func place(of id: Int) -> Int {
        var place = firstPlace(of: id)
        while ids[place] != id, ids[place] != Self.free { place = (place &+ 1) & (ids.count &- 1) }
        return place
    }

    @usableFromInline mutating func grow() {
        let (oldIDs, oldValues) = (ids, values)
        let places = max(oldIDs.count * 2, Self.leastPlaces)
        ids = Array(repeating: Self.free, count: places)
        values = Array(repeating: nil, count: places)
        for (id, value) in zip(oldIDs, oldValues) where id != Self.free {
            let place = place(of: id)
            ids[place] = id
            values[place] = value
        }
    }
}

extension TagTable: Sendable where Value: Sendable {}
