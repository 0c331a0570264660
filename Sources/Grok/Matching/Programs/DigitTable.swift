import Synchronization

/// A short number by its digits: `(?:0?[1-9]|1[0-2])`, `(?:25[0-5]|2[0-4]\d|[01]?\d{1,2})` and their like.
///
/// For all texts of up to three digits it was worked out beforehand which lengths the alternatives take, first choice first.
struct DigitTable: Hashable, Sendable {
    /// What looks beyond it is no table.
    static let longest = 3
    /// How many digits are looked at.
    let digits: Int
    /// For each text, indexed by its digits to base 11 (10 where there is none): lengths of two bits each, the first choice
    /// lowest; 0 ends them.
    let entries: [UInt8]
    /// The digits a text can begin with.
    let beginnings: ByteSet

    /// Tables by the alternatives they were worked out from: few are ever written, and many expressions have the same.
    private static let tables = Mutex<[LineElement: DigitTable?]>([:])
    private static let mostTables = 200

    /// The table of an element, worked out once; nil when it is no number of at most three digits.
    static func known(_ element: LineElement) -> DigitTable? {
        guard let most = digitCount(element), most <= longest, element.minimumLength > 0 else { return nil }
        if let known = tables.withLock({ $0[element] }) { return known }
        let made = DigitTable(element)
        tables.withLock { if $0.count < mostTables { $0[element] = made } }
        return made
    }

    /// Works a table out; nil when the element is no number of at most three digits.
    init?(_ element: LineElement) {
        guard let most = Self.digitCount(element), most <= Self.longest, element.minimumLength > 0 else { return nil }
        digits = most
        var entries: [UInt8] = []
        var beginnings = ByteSet.empty
        let alike = Self.firstAlike(element)
        let count = (0..<most).reduce(1) { product, _ in product * 11 }
        for index in 0..<count {
            var text: [UInt8] = []
            var divisor = count / 11
            var rest = index
            var same = 0
            // Behind what is no digit nothing is looked at.
            while divisor > 0, rest / divisor < 10 {
                let digit = rest / divisor
                text.append(UInt8(0x30 + digit))
                same += alike[digit] * divisor
                rest %= divisor
                divisor /= 11
            }
            if divisor == 0, same < index {
                entries.append(entries[same])
                if entries[same] != 0, let first = text.first { beginnings.insert(first) }
                continue
            }
            var entry: UInt8 = 0
            var shift: UInt8 = 0
            for end in Self.ends(element, text, 0) where !Self.has(entry, end) {
                entry |= UInt8(end) << shift
                shift += 2
            }
            if entry != 0, let first = text.first { beginnings.insert(first) }
            entries.append(entry)
        }
        self.entries = entries
        self.beginnings = beginnings
    }

    /// For each digit the lowest that no part of the element tells from it.
    private static func firstAlike(_ element: LineElement) -> [Int] {
        var told = [[Bool]](repeating: [], count: 10)
        func walk(_ element: LineElement) {
            switch element {
            case .literal(let bytes): for byte in bytes { note { $0 == byte } }
            case .run(let set, _, _, _): note { set.contains($0) }
            case .sequence(let items), .choice(let items): for item in items { walk(item) }
            // What is inside a table is not seen any more.
            case .digits: for byte in UInt8(0x30)...0x39 { note { $0 == byte } }
            case .loop, .capture, .atomic, .check, .known: break
            }
        }
        func note(_ isMember: (UInt8) -> Bool) {
            for digit in 0..<10 { told[digit].append(isMember(UInt8(0x30 + digit))) }
        }
        walk(element)
        return told.map { one in told.firstIndex(of: one) ?? 0 }
    }

    private static func has(_ entry: UInt8, _ length: Int) -> Bool {
        var rest = entry
        while rest != 0 {
            if Int(rest & 3) == length { return true }
            rest >>= 2
        }
        return false
    }

    /// The most digits that an element takes; nil when it takes something else, or any number of them.
    private static func digitCount(_ element: LineElement) -> Int? {
        func sum(_ items: [LineElement], _ join: (Int, Int) -> Int) -> Int? {
            var total = 0
            for item in items {
                guard let count = digitCount(item) else { return nil }
                total = join(total, count)
            }
            return total
        }
        switch element {
        case .literal(let bytes): return bytes.allSatisfy(\.isDigit) ? bytes.count : nil
        case .run(let set, _, let maximum, let mode):
            return set.isASCIISubset(of: .digits) && maximum <= longest && mode != .possessive ? maximum : nil
        case .digits(let table): return table.digits
        case .sequence(let items): return sum(items, +)
        case .choice(let items): return sum(items, max)
        case .loop, .capture, .atomic, .check, .known: return nil
        }
    }

    /// Where a match of the element that begins at a place can end, in the order in which they are tried.
    private static func ends(_ element: LineElement, _ text: [UInt8], _ place: Int) -> [Int] {
        switch element {
        case .literal(let bytes):
            let end = place + bytes.count
            return end <= text.count && text[place..<end].elementsEqual(bytes) ? [end] : []
        case .run(let set, let minimum, let maximum, let mode):
            var longest = place
            while longest < text.count, longest - place < maximum, set.contains(text[longest]) { longest += 1 }
            guard longest - place >= minimum else { return [] }
            let all = Array((place + minimum)...longest)
            return mode == .lazy ? all : all.reversed()
        case .digits(let table):
            var rest = table.entry(text[place...])
            var found: [Int] = []
            while rest != 0 {
                found.append(place + Int(rest & 3))
                rest >>= 2
            }
            return found
        case .sequence(let items):
            return items.reduce([place]) { places, item in places.flatMap { ends(item, text, $0) } }
        case .choice(let items): return items.flatMap { ends($0, text, place) }
        case .loop, .capture, .atomic, .check, .known: return []
        }
    }

    private func entry(_ text: ArraySlice<UInt8>) -> UInt8 {
        var index = 0
        for position in 0..<digits {
            let place = text.startIndex + position
            index = index * 11 + (place < text.endIndex ? Int(text[place] - 0x30) : 10)
        }
        return entries[index]
    }
}
