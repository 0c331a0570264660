import Glibc

/// An expression as steps that find PCRE2's match without PCRE2: immutable, shared by all threads.
///
/// It goes the way PCRE2 goes, alternative by alternative, so that what it finds is PCRE2's match; but where the next byte
/// tells that a way leads nowhere, the way is not gone. It knows only a part of the language (`LineElementReader`), and of
/// the characters beyond ASCII only that they are none of a set or all of it. A search that would have to know more, or
/// whose work is out of proportion to the subject, says `unsure`: the engine is asked then, and nothing was decided.
///
/// `@unchecked Sendable`: the memory is never written after `init`. `@safe`: it is private to this type and its run, lives as
/// long as the object, and is indexed by what the builder counted.
@safe
final class LineProgram: @unchecked Sendable {
    enum Outcome { case matched, noMatch, unsure }

    /// Where a match can begin.
    enum Anchor {
        case anywhere
        /// At the place where the search begins, or behind a line feed.
        case line
        /// At the place where the search begins.
        case start
    }

    let steps: LineMemory<LineOp>
    let classes: LineMemory<UInt8>
    let masks: LineMemory<UInt32>
    let targets: LineMemory<Int32>
    let tables: LineMemory<UInt8>
    let bytes: LineMemory<UInt8>
    /// Groups that are unset until they are passed, and may be passed again.
    let looseGroups: LineMemory<Int32>
    let startLiteral: LineMemory<UInt8>
    /// The tables of `LineStart`.
    let start: LineMemory<UInt16>
    /// Its kinds that may begin inside a word.
    let startInsideWords: UInt16
    let startMask: UInt64
    let minimumLength: Int
    let anchor: Anchor
    /// False when subjects beyond ASCII are not for it.
    let coversUnicode: Bool

    /// Makes the program; nil when an expression has what it does not know.
    init?(_ pattern: RubyPattern) {
        var reader = LineElementReader()
        guard let root = try? reader.read(pattern.root), let builder = try? LineProgramBuilder(root),
            builder.registers <= LineStack.registerCount
        else { return nil }
        steps = LineMemory(builder.steps)
        classes = LineMemory(builder.classes.table)
        masks = LineMemory(builder.masks)
        targets = LineMemory(builder.targets)
        tables = LineMemory(builder.tables)
        bytes = LineMemory(builder.bytes)
        let loose = (0..<pattern.groups.count).map { $0 + 1 }.filter { !builder.simpleGroups.contains($0) }
        looseGroups = LineMemory(loose.map { Int32($0) })
        startLiteral = LineMemory(builder.startLiteral)
        startMask = builder.startMask
        let beginnings = LineStart(root)
        start = LineMemory(beginnings.tables)
        startInsideWords = beginnings.insideWords
        minimumLength = root.minimumLength
        anchor = Self.anchor(of: root)
        coversUnicode = reader.coversUnicode
    }

    deinit {
        steps.deallocate()
        classes.deallocate()
        masks.deallocate()
        targets.deallocate()
        tables.deallocate()
        bytes.deallocate()
        looseGroups.deallocate()
        startLiteral.deallocate()
        start.deallocate()
    }

    /// A match that begins with any number of characters fails at all places of a line when it fails at the first.
    private static func anchor(of element: LineElement) -> Anchor {
        switch element {
        case .check(.lineStart): .line
        case .check(.subjectStart): .start
        case .run(.everything, 0, .max, _): .start
        case .run(let set, 0, .max, _):
            set == ByteSet(ScalarSet([0x0A...0x0A]).complement(), ignoringCase: false) ? .line : .anywhere
        case .sequence(let items): items.first.map(anchor) ?? .anywhere
        case .capture(_, let body): anchor(of: body)
        default: .anywhere
        }
    }

    /// Which places a search tries.
    enum Places { case all, first, allButFirst }

    /// Searches for the first match that begins at one of the places from `start` on. On `matched` the slots have the offsets
    /// of all groups. The subject must be what `coversUnicode` says.
    func search(
        _ subject: UnsafeRawBufferPointer, from start: Int, _ places: Places, _ stack: LineStack,
        _ slots: UnsafeMutablePointer<Int>
    ) -> Outcome {
        guard subject.count < Int(Int32.max), let base = subject.baseAddress else { return .unsure }
        var run = unsafe LineRun(self, base, subject.count, stack, slots)
        return run.search(from: start, places)
    }
}

/// Some elements that somebody owns: read and written without a check. `@safe`: private to programs and their runs, which
/// index by what was counted when the program was made.
@safe struct LineMemory<Element> {
    private let base: UnsafeMutablePointer<Element>
    let count: Int

    init(_ elements: [Element]) {
        count = elements.count
        unsafe base = .allocate(capacity: max(1, elements.count))
        unsafe base.initialize(from: elements, count: elements.count)
    }

    /// Memory of somebody else.
    init(_ base: UnsafeMutablePointer<Element>, count: Int) {
        unsafe self.base = base
        self.count = count
    }

    func deallocate() { unsafe base.deallocate() }

    @inline(__always)
    subscript(_ index: Int) -> Element {
        get { unsafe base[index] }
        nonmutating set { unsafe base[index] = newValue }
    }

    @inline(__always)
    var address: UnsafeMutablePointer<Element> { unsafe base }
}

/// Where a run notes what it may come back to. One for each scratch; its memory is touched when it is used.
@safe struct LineStack {
    /// Ways back that a run may have open; what needs more is the engine's.
    static let capacity = 1_024
    /// In the place of a step: the value of a register is put back.
    static let registerStep: Int32 = -1
    /// In the place of a step: the value of a group's offset is put back.
    static let slotStep: Int32 = -2
    /// Places for what a program notes beside its groups.
    static let registerCount = 256

    /// A way back: where it leads to, or what has to be undone before the next one is taken.
    struct Entry {
        /// The step to go on with, or `registerStep`, or `slotStep`.
        var step: Int32
        /// What is left of the step, or which register or offset it is.
        var rest: Int32
        var position: Int
    }

    let entries: LineMemory<Entry>
    let registers: LineMemory<Int>

    init() {
        entries = unsafe LineMemory(.allocate(capacity: Self.capacity), count: Self.capacity)
        registers = unsafe LineMemory(.allocate(capacity: Self.registerCount), count: Self.registerCount)
    }

    func deallocate() {
        entries.deallocate()
        registers.deallocate()
    }
}
