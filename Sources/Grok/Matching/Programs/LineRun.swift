import Glibc

/// One search of one subject by a program: the registers of the little machine.
///
/// `@safe`: what it reads belongs to the program, the scratch and the caller for as long as the search lasts, and each place of
/// the subject is compared with `count` before it is read.
@safe struct LineRun {
    let program: Unmanaged<LineProgram>
    let steps: UnsafePointer<LineOp>
    let classes: UnsafePointer<UInt8>
    let text: UnsafePointer<UInt8>
    let count: Int
    let entries: UnsafeMutablePointer<LineStack.Entry>
    let registers: UnsafeMutablePointer<Int>
    let slots: UnsafeMutablePointer<Int>
    /// Where `retreat` found the next way.
    var resumeStep: UnsafePointer<LineOp>
    var resumePosition = 0
    /// How many ways back are noted.
    var height = 0
    /// Work that may still be done: bytes looked at, ways taken back.
    var fuel: Int

    /// Work for each byte of the subject, and for any subject.
    private static let fuelPerByte = 16
    private static let fuelToBegin = 1_024

    init(
        _ program: LineProgram, _ base: UnsafeRawPointer, _ count: Int, _ stack: LineStack,
        _ slots: UnsafeMutablePointer<Int>
    ) {
        unsafe self.program = Unmanaged.passUnretained(program)
        unsafe steps = UnsafePointer(program.steps.address)
        unsafe resumeStep = steps
        unsafe classes = UnsafePointer(program.classes.address)
        unsafe text = base.assumingMemoryBound(to: UInt8.self)
        self.count = count
        unsafe entries = stack.entries.address
        unsafe registers = stack.registers.address
        unsafe self.slots = slots
        fuel = Self.fuelToBegin &+ count &* Self.fuelPerByte
    }

    @inline(__always)
    static func has(_ mask: UInt64, _ byteClass: UInt64) -> Bool { (mask &>> byteClass) & 1 != 0 }

    /// Notes a way back; false when there is no room for it.
    @inline(__always)
    mutating func note(_ op: UnsafePointer<LineOp>, rest: Int32, _ position: Int) -> Bool {
        guard height < LineStack.capacity else { return false }
        unsafe entries[height] = LineStack.Entry(
            step: Int32(truncatingIfNeeded: op - steps), rest: rest, position: position)
        height &+= 1
        return true
    }

    /// Tries the place. `noMatch` is certain for it.
    @inline(never)
    mutating func attempt(at start: Int) -> LineProgram.Outcome {
        let (steps, text, count, classes) = unsafe (steps, text, count, classes)
        var position = start
        var op = unsafe steps
        height = 0
        while true {
            // What goes on says so; what falls out of the switch has failed here.
            step: switch unsafe op.pointee.code {
            case .literal:
                let length = unsafe Int(op.pointee.first)
                if position &+ 8 <= count {
                    let word = unsafe UnsafeRawPointer(text + position).loadUnaligned(as: UInt64.self)
                    guard unsafe word & op.pointee.mask == op.pointee.low else { break step }
                } else {
                    guard unsafe position &+ length <= count && isLiteral(op.pointee.low, length, at: position) else {
                        break step
                    }
                }
                position &+= length
                unsafe op += 1
                continue
            case .longLiteral:
                let length = unsafe Int(op.pointee.first)
                guard position &+ length <= count, unsafe isLongLiteral(op, at: position) else { break step }
                position &+= length
                unsafe op += 1
                continue
            case .one:
                guard position < count else { break step }
                let byte = unsafe text[position]
                guard unsafe Self.has(op.pointee.low, UInt64(classes[Int(byte)])) else {
                    if byte > 0x7F, unsafe op.pointee.isUnsure { return .unsure }
                    break step
                }
                position &+= byte < 0x80 ? 1 : Self.length(byte)
                unsafe op += 1
                continue
            case .exactly:
                var left = unsafe op.pointee.first
                while left > 0 {
                    guard position < count else { break step }
                    let byte = unsafe text[position]
                    guard unsafe Self.has(op.pointee.low, UInt64(classes[Int(byte)])) else {
                        if byte > 0x7F, unsafe op.pointee.isUnsure { return .unsure }
                        break step
                    }
                    position &+= byte < 0x80 ? 1 : Self.length(byte)
                    left &-= 1
                }
                unsafe op += 1
                continue
            case .run, .greedy, .greedyBefore, .lazy:
                let isRun = unsafe op.pointee.code == .run
                let end = unsafe isRun ? endOfRun(op, from: position) : firstCandidate(op, from: position)
                guard end >= 0 else {
                    if end == Self.unsure { return .unsure }
                    break step
                }
                let group = unsafe Int(op.pointee.group)
                if group > 0 {
                    unsafe slots[2 &* group] = position
                    unsafe slots[2 &* group &+ 1] = end
                }
                position = end
                unsafe op += 1
                continue
            case .digits:
                var entry = unsafe digitEntry(op, at: position)
                while entry != 0, unsafe !Self.has(op.pointee.mask, byteClass(position &+ Int(entry & 3))) {
                    entry &>>= 2
                }
                guard entry != 0 else { break step }
                if entry > 3, unsafe !note(op, rest: Int32(entry &>> 2), position) { return .unsure }
                position &+= Int(entry & 3)
                unsafe op += 1
                continue
            case .known:
                let end = unsafe end(of: KnownPart(rawValue: UInt8(op.pointee.first)) ?? .number, from: position)
                guard end >= 0 else { break step }
                position = end
                unsafe op += 1
                continue
            case .either:
                let next = byteClass(position)
                if unsafe Self.has(op.pointee.low, next) {
                    if unsafe Self.has(op.pointee.mask, next), unsafe !note(op, rest: 0, position) { return .unsure }
                    unsafe op += 1
                    continue
                }
                guard unsafe Self.has(op.pointee.mask, next) else { break step }
                unsafe op = steps + Int(op.pointee.first)
                continue
            case .choice:
                let ways = unsafe ways(op, byteClass(position))
                guard ways != 0 else { break step }
                let rest = ways & (ways &- 1)
                if rest != 0, unsafe !note(op, rest: Int32(bitPattern: rest), position) { return .unsure }
                unsafe op = steps + target(op, ways)
                continue
            case .jump:
                fuel &-= 1
                unsafe op = steps + Int(op.pointee.first)
                continue
            case .open:
                unsafe slots[2 &* Int(op.pointee.first)] = position
                unsafe op += 1
                continue
            case .close:
                unsafe slots[2 &* Int(op.pointee.first) &+ 1] = position
                unsafe op += 1
                continue
            case .unset:
                unsafe slots[2 &* Int(op.pointee.first)] = -1
                unsafe slots[2 &* Int(op.pointee.first) &+ 1] = -1
                unsafe op += 1
                continue
            case .openAgain, .closeAgain:
                guard unsafe noteGroup(op, at: position) else { return .unsure }
                unsafe op += 1
                continue
            case .atomicBegin:
                unsafe registers[Int(op.pointee.first)] = height
                unsafe op += 1
                continue
            case .atomicEnd:
                unsafe height = registers[Int(op.pointee.first)]
                unsafe op += 1
                continue
            case .match:
                unsafe slots[0] = start
                unsafe slots[1] = position
                return .matched
            default:
                switch unsafe check(op, at: position) {
                case .matched:
                    unsafe op += 1
                    continue
                case .unsure: return .unsure
                case .noMatch: break
                }
            }
            guard height > 0 else { return .noMatch }
            let way = retreat()
            guard way == .matched else { return way }
            unsafe op = resumeStep
            position = resumePosition
        }
    }
}
