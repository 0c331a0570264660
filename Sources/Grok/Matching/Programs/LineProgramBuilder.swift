/// Writes elements as steps, from the last to the first: each knows what can follow.
struct LineProgramBuilder {
    /// A bound for the memory of a program.
    private static let maximumSteps = 8_000
    /// Alternatives that one step can tell apart; more are spread over several.
    private static let widestChoice = 32
    private static let longestShortLiteral = 8

    /// What comes behind a part.
    private struct Follow {
        var lead: LineLead
        /// Bytes that certainly come next.
        var literal: [UInt8] = []
    }

    private(set) var masks: [UInt32] = []
    private(set) var targets: [Int32] = []
    private(set) var tables: [UInt8] = []
    private(set) var bytes: [UInt8] = []
    let classes: LineClasses
    /// How many places outside the groups the steps note things in.
    private(set) var registers = 0
    /// Groups that a match passes once or, where it goes another way, is told to unset: nothing of them is to be undone.
    private(set) var simpleGroups: Set<Int> = []
    private(set) var steps: [LineOp] = []
    /// The classes that a match begins with.
    private(set) var startMask: UInt64 = 0
    /// Bytes that a match begins with.
    private(set) var startLiteral: [UInt8] = []
    private var tablePlaces: [DigitTable: Int] = [:]
    private var groupRegisters: [Int: Int] = [:]

    /// - Throws: `NotCovered` when the sets need more classes than there are, or the steps are too many.
    init(_ root: LineElement) throws(LineElementReader.NotCovered) {
        var exact: [ByteSet] = []
        var rough: [ByteSet] = []
        Self.collect(root, &exact, &rough)
        classes = try LineClasses(exact: exact, rough: rough)
        var passes: [Int: Int] = [:]
        Self.countPasses(root, isCertain: true, isLoop: false, &passes)
        simpleGroups = Set(passes.filter { $0.value <= 1 }.keys)
        steps = [LineOp(.match)]
        let first = try write(root, Follow(lead: .anything))
        startMask = classes.mask(first.lead)
        startLiteral = first.literal
        resolve()
    }

    // MARK: - Classes

    private static func collect(_ element: LineElement, _ exact: inout [ByteSet], _ rough: inout [ByteSet]) {
        switch element {
        case .literal(let bytes):
            if let set = bytes.first.map(ByteSet.init(byte:)), !rough.contains(set) { rough.append(set) }
        case .run(let set, _, _, _): if !exact.contains(set) { exact.append(set) }
        case .digits(let table): rough.append(table.beginnings)
        case .known(let part): rough.append(part.element.lead(before: .anything).set)
        case .sequence(let items), .choice(let items): for item in items { collect(item, &exact, &rough) }
        case .loop(let body, _), .capture(_, let body), .atomic(let body): collect(body, &exact, &rough)
        case .check(.ahead(let set, _)), .check(.behind(let set, _)): if !exact.contains(set) { exact.append(set) }
        case .check(.lineEnd), .check(.subjectEndOrLastNewline): rough.append(.lineFeed)
        case .check(.wordEnd): rough.append(.word)
        case .check: break
        }
    }

    // MARK: - Steps

    /// How often a group can be entered on the way through, 2 for often. One that is certain is entered anew each time it
    /// counts, so that several of these count as one.
    private static func countPasses(_ element: LineElement, isCertain: Bool, isLoop: Bool, _ passes: inout [Int: Int]) {
        switch element {
        case .capture(let number, let body):
            // 0: certain wherever it stands; 1: at one place that is not; 2: anything else.
            let known = passes[number]
            passes[number] = isLoop ? 2 : isCertain ? (known ?? 0 == 0 ? 0 : 2) : known == nil ? 1 : 2
            countPasses(body, isCertain: isCertain, isLoop: isLoop, &passes)
        case .sequence(let items):
            for item in items { countPasses(item, isCertain: isCertain, isLoop: isLoop, &passes) }
        case .choice(let items):
            for item in items { countPasses(item, isCertain: false, isLoop: isLoop, &passes) }
        case .loop(let body, _): countPasses(body, isCertain: false, isLoop: true, &passes)
        case .literal, .run, .digits, .known, .atomic, .check: break
        }
    }

    private mutating func append(_ step: LineOp) throws(LineElementReader.NotCovered) {
        guard steps.count < Self.maximumSteps else { throw LineElementReader.NotCovered() }
        steps.append(step)
    }

    /// The step written last, which is where the part written last begins. Places count from the end until `resolve`.
    private var entry: Int32 { Int32(steps.count - 1) }

    /// Writes a part and says what it begins with.
    private mutating func write(
        _ element: LineElement, _ follow: Follow
    ) throws(LineElementReader.NotCovered) -> Follow {
        let lead = element.lead(before: follow.lead)
        switch element {
        case .literal(let bytes):
            try writeLiteral(bytes)
            return Follow(lead: lead, literal: Array((bytes + follow.literal).prefix(Self.longestShortLiteral)))
        case .run(let set, let minimum, let maximum, let mode):
            try writeRun(set, minimum, maximum, mode, follow, group: 0)
        case .digits(let table):
            var step = LineOp(.digits)
            step.first = Int32(place(of: table))
            step.second = Int32(table.digits)
            step.mask = classes.mask(follow.lead)
            try append(step)
        case .known(let part):
            var step = LineOp(.known)
            step.first = Int32(part.rawValue)
            try append(step)
        case .sequence(let items):
            var next = follow
            for item in items.reversed() { next = try write(item, next) }
            return next
        case .choice(let items): try writeChoice(items, follow)
        case .loop(let body, let isLazy): try writeLoop(body, isLazy: isLazy, lead, follow)
        case .capture(let number, let body):
            return try writeCapture(number, body, follow)
        case .atomic(let body):
            var (begin, end) = (LineOp(.atomicBegin), LineOp(.atomicEnd))
            (begin.first, end.first) = (Int32(registers), Int32(registers))
            registers += 1
            try append(end)
            // What follows has no say in which way is taken.
            _ = try write(body, Follow(lead: .anything))
            try append(begin)
        case .check(let check):
            try append(step(for: check))
            return Follow(lead: lead, literal: follow.literal)
        }
        return Follow(lead: lead)
    }

    private mutating func writeCapture(
        _ number: Int, _ body: LineElement, _ follow: Follow
    ) throws(LineElementReader.NotCovered) -> Follow {
        let isSimple = simpleGroups.contains(number)
        if isSimple, case .run(let set, let minimum, let maximum, let mode) = body, maximum > minimum {
            try writeRun(set, minimum, maximum, mode, follow, group: number)
            return Follow(lead: body.lead(before: follow.lead))
        }
        var open = LineOp(isSimple ? .open : .openAgain)
        var close = LineOp(isSimple ? .close : .closeAgain)
        (open.first, close.first) = (Int32(number), Int32(number))
        if !isSimple {
            let register = groupRegisters[number] ?? registers
            if groupRegisters[number] == nil { registers += 1 }
            groupRegisters[number] = register
            (open.second, close.second) = (Int32(register), Int32(register))
        }
        try append(close)
        let inner = try write(body, follow)
        try append(open)
        return inner
    }

    private mutating func writeLiteral(_ text: [UInt8]) throws(LineElementReader.NotCovered) {
        if text.count > 3 * Self.longestShortLiteral {
            var step = LineOp(.longLiteral)
            (step.first, step.second) = (Int32(text.count), Int32(bytes.count))
            bytes += text
            try append(step)
            return
        }
        // Word by word, the last one first.
        var end = text.count
        while end > 0 {
            let begin = (end - 1) / Self.longestShortLiteral * Self.longestShortLiteral
            var step = LineOp(.literal)
            step.first = Int32(end - begin)
            (step.low, step.mask) = Self.word(Array(text[begin..<end]))
            try append(step)
            end = begin
        }
    }

    /// Bytes as they are loaded from memory, the first one lowest, and which of them count.
    private static func word(_ text: [UInt8]) -> (UInt64, UInt64) {
        var (value, mask): (UInt64, UInt64) = (0, 0)
        for (index, byte) in text.prefix(longestShortLiteral).enumerated() {
            value |= UInt64(byte) << UInt64(index * 8)
            mask |= 0xFF << UInt64(index * 8)
        }
        return (value, mask)
    }

    private mutating func writeRun(
        _ set: ByteSet, _ minimum: Int, _ maximum: Int, _ mode: Repetition.Mode, _ follow: Follow,
        group: Int
    ) throws(LineElementReader.NotCovered) {
        if maximum == 0 { return }
        let own = classes.mask(set)
        var step = LineOp(.run)
        step.isUnsure = set.beyond == .unsure
        step.countsCharacters = set.beyond == .all && (minimum > 1 || maximum != .max)
        (step.low, step.mask) = (own, classes.mask(follow.lead))
        (step.first, step.second) = (Int32(minimum), Int32(clamping: maximum))
        if minimum == maximum {
            step.code = minimum == 1 ? .one : .exactly
        } else if mode == .possessive || own & step.mask == 0 {
            step.code = .run
        } else if mode == .lazy {
            step.code = .lazy
        } else if follow.literal.count > 1, follow.literal.allSatisfy({ $0 < 0x80 }) {
            step.code = .greedyBefore
            step.more = Int32(bytes.count)
            let rarest = RequiredLiteral(follow.literal)?.rarestOffset ?? 0
            bytes += [UInt8(follow.literal.count), UInt8(rarest)] + follow.literal
        } else {
            step.code = .greedy
        }
        step.group = Int32(group)
        (step.scan, step.bounds) = Self.scan(set)
        try append(step)
    }

    /// How the end of a run is found quickest.
    private static func scan(_ set: ByteSet) -> (LineOp.Scan, LineOp.Bounds) {
        if set == .everything { return (.all, .init()) }
        var (inside, outside): ([ClosedRange<UInt8>], [ClosedRange<UInt8>]) = ([], [])
        for byte in UInt8(0)...0x7F {
            var ranges = set.contains(byte) ? inside : outside
            if let last = ranges.last, last.upperBound + 1 == byte {
                ranges[ranges.count - 1] = last.lowerBound...byte
            } else {
                ranges.append(byte...byte)
            }
            if set.contains(byte) { inside = ranges } else { outside = ranges }
        }
        if set.beyond == .all {
            if outside == [0x0A...0x0A] { return (.line, .init()) }
            if (1...2).contains(outside.count) { return (.outside, .init(outside[0], outside[outside.count - 1])) }
        } else if (1...2).contains(inside.count) {
            return (.inside, .init(inside[0], inside[inside.count - 1]))
        }
        return (.table, .init())
    }

    private mutating func place(of table: DigitTable) -> Int {
        if let known = tablePlaces[table] { return known }
        let place = tables.count
        tablePlaces[table] = place
        tables += table.entries
        return place
    }

    private mutating func jump(to target: Int32) throws(LineElementReader.NotCovered) {
        var step = LineOp(.jump)
        step.first = target
        try append(step)
    }

    private mutating func writeChoice(
        _ items: [LineElement], _ follow: Follow
    ) throws(LineElementReader.NotCovered) {
        if items.count > Self.widestChoice {
            let kept = Array(items[..<(Self.widestChoice - 1)])
            return try writeChoice(kept + [.choice(Array(items[kept.count...]))], follow)
        }
        let exit = entry
        var entries: [Int32] = []
        var leads: [UInt64] = []
        for (index, item) in items.enumerated().reversed() {
            leads.insert(classes.mask(item.lead(before: follow.lead)), at: 0)
            // The last one stands right before what follows, and the first right behind the step that chooses.
            if entry != exit || (item.isEmpty && index == 0) { try jump(to: exit) }
            let before = entry
            if !item.isEmpty { _ = try write(item, follow) }
            for group in Self.groups(of: items, but: index) where simpleGroups.contains(group) {
                var step = LineOp(.unset)
                step.first = Int32(group)
                try append(step)
            }
            entries.insert(entry == before ? exit : entry, at: 0)
        }
        if items.count == 2 {
            var step = LineOp(.either)
            step.first = entries[1]
            (step.low, step.mask) = (leads[0], leads[1])
            return try append(step)
        }
        var step = LineOp(.choice)
        (step.first, step.second) = (Int32(masks.count), Int32(targets.count))
        for one in UInt64(0)..<64 {
            var ways: UInt32 = 0
            for (index, lead) in leads.enumerated() where lead >> one & 1 == 1 { ways |= 1 << UInt32(index) }
            masks.append(ways)
        }
        targets += entries
        try append(step)
    }

    /// The groups inside all alternatives but one.
    private static func groups(of items: [LineElement], but own: Int) -> [Int] {
        var passes: [Int: Int] = [:]
        for (index, item) in items.enumerated() where index != own {
            countPasses(item, isCertain: false, isLoop: false, &passes)
        }
        return passes.keys.sorted()
    }

    private mutating func writeLoop(
        _ body: LineElement, isLazy: Bool, _ lead: LineLead, _ follow: Follow
    ) throws(LineElementReader.NotCovered) {
        let exit = entry
        let back = steps.count
        try jump(to: 0)
        let inner = Follow(lead: lead)
        _ = try write(body, inner)
        let begin = entry
        var step = LineOp(.either)
        let (again, leave) = (classes.mask(body.lead(before: lead)), classes.mask(follow.lead))
        if isLazy { try jump(to: exit) }
        step.first = isLazy ? begin : exit
        (step.low, step.mask) = isLazy ? (leave, again) : (again, leave)
        try append(step)
        steps[back].first = entry
    }

    private func step(for check: LineElement.Check) -> LineOp {
        func word(_ code: LineOp.Code, _ unicode: Bool) -> LineOp {
            var step = LineOp(code)
            step.isUnsure = unicode
            return step
        }
        func set(_ code: LineOp.Code, _ set: ByteSet) -> LineOp {
            var step = LineOp(code)
            step.isUnsure = set.beyond == .unsure
            step.low = classes.mask(set)
            return step
        }
        switch check {
        case .lineStart: return LineOp(.lineStart)
        case .lineEnd: return LineOp(.lineEnd)
        case .subjectStart: return LineOp(.subjectStart)
        case .subjectEnd: return LineOp(.subjectEnd)
        case .subjectEndOrLastNewline: return LineOp(.subjectEndOrLastNewline)
        case .wordBoundary(let unicode): return word(.wordBoundary, unicode)
        case .notWordBoundary(let unicode): return word(.notWordBoundary, unicode)
        case .wordEnd(let unicode): return word(.wordEnd, unicode)
        case .wordStart(let unicode): return word(.wordStart, unicode)
        case .ahead(let members, let isNegative): return set(isNegative ? .notAhead : .ahead, members)
        case .behind(let members, let isNegative): return set(isNegative ? .notBehind : .behind, members)
        }
    }

    /// Turns the steps round, and places counted from the end into indices.
    private mutating func resolve() {
        let last = Int32(steps.count - 1)
        steps.reverse()
        for index in steps.indices where steps[index].code == .jump || steps[index].code == .either {
            steps[index].first = last - steps[index].first
        }
        for index in targets.indices { targets[index] = last - targets[index] }
    }
}
