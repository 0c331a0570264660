/// The way back to the last place where another way was left.
extension LineRun {
    /// What a way back counts for.
    private static let fuelOfRetreat = 4

    /// Takes the next way that was noted: `matched` when there is one, `noMatch` when all are used up.
    @inline(never)
    mutating func retreat() -> LineProgram.Outcome {
        while height > 0 {
            height &-= 1
            let entry = unsafe entries[height]
            if entry.step < 0 {
                if entry.step == LineStack.registerStep {
                    unsafe registers[Int(entry.rest)] = entry.position
                } else {
                    unsafe slots[Int(entry.rest)] = entry.position
                }
                continue
            }
            fuel &-= Self.fuelOfRetreat
            if fuel < 0 { return .unsure }
            var op = unsafe steps + Int(entry.step)
            let position: Int
            switch unsafe op.pointee.code {
            case .greedy, .greedyBefore:
                let candidate = unsafe lastCandidate(op, from: entry.position &- 1, downTo: Int(entry.rest))
                guard candidate >= 0 else { continue }
                go(to: candidate, keepsWay: candidate > Int(entry.rest), unsafe op.pointee.group)
                position = candidate
                unsafe op += 1
            case .lazy:
                let place = entry.position
                guard place < Int(entry.rest) else { continue }
                let byte = unsafe text[place]
                guard unsafe Self.has(op.pointee.low, UInt64(classes[Int(byte)])) else {
                    if byte > 0x7F, unsafe op.pointee.isUnsure { return .unsure }
                    continue
                }
                let candidate = unsafe nextCandidate(op, from: place &+ 1, upTo: Int(entry.rest))
                if candidate == Self.unsure { return .unsure }
                guard candidate >= 0 else { continue }
                go(to: candidate, keepsWay: true, unsafe op.pointee.group)
                position = candidate
                unsafe op += 1
            case .digits:
                var lengths = UInt8(truncatingIfNeeded: entry.rest)
                while lengths != 0,
                    unsafe !Self.has(op.pointee.mask, byteClass(entry.position &+ Int(lengths & 3)))
                { lengths &>>= 2 }
                guard lengths != 0 else { continue }
                if lengths > 3 {
                    unsafe entries[height].rest = Int32(lengths &>> 2)
                    height &+= 1
                }
                position = entry.position &+ Int(lengths & 3)
                unsafe op += 1
            case .either:
                position = entry.position
                unsafe op = steps + Int(op.pointee.first)
            default:
                // A choice: nothing else leaves a way.
                let ways = UInt32(bitPattern: entry.rest)
                let rest = ways & (ways &- 1)
                if rest != 0 {
                    unsafe entries[height].rest = Int32(bitPattern: rest)
                    height &+= 1
                }
                position = entry.position
                unsafe op = steps + target(op, ways)
            }
            unsafe resumeStep = op
            resumePosition = position
            return .matched
        }
        return .noMatch
    }

    /// A run ends elsewhere; its entry is the topmost.
    @inline(__always)
    private mutating func go(to candidate: Int, keepsWay: Bool, _ group: Int32) {
        if keepsWay {
            unsafe entries[height].position = candidate
            height &+= 1
        }
        if group > 0 { unsafe slots[2 &* Int(group) &+ 1] = candidate }
    }

    /// Enters or leaves a group that a match may pass again or not at all; false when there is no room to note what it held.
    @inline(never)
    mutating func noteGroup(_ op: UnsafePointer<LineOp>, at position: Int) -> Bool {
        guard height &+ 2 <= LineStack.capacity else { return false }
        let register = unsafe Int(op.pointee.second)
        if unsafe op.pointee.code == .openAgain {
            unsafe entries[height] = LineStack.Entry(
                step: LineStack.registerStep, rest: Int32(register), position: registers[register])
            height &+= 1
            unsafe registers[register] = position
            return true
        }
        let slot = unsafe 2 &* Int(op.pointee.first)
        for (place, value) in unsafe [(slot, registers[register]), (slot &+ 1, position)] {
            unsafe entries[height] = LineStack.Entry(
                step: LineStack.slotStep, rest: Int32(place), position: slots[place])
            height &+= 1
            unsafe slots[place] = value
        }
        return true
    }
}
