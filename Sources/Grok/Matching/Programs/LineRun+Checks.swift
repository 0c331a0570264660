/// What consumes nothing.
extension LineRun {
    /// Whether what a step asks of a place is so.
    @inline(never)
    func check(_ op: UnsafePointer<LineOp>, at place: Int) -> LineProgram.Outcome {
        let before = place > 0 ? unsafe text[place &- 1] : 0
        let after = place < count ? unsafe text[place] : 0
        let isUnsure = unsafe op.pointee.isUnsure
        switch unsafe op.pointee.code {
        case .lineStart:
            // Not behind a line feed at the very end.
            return Self.answer(place == 0 || place < count && before == 0x0A)
        case .lineEnd: return Self.answer(place == count || after == 0x0A)
        case .subjectStart: return Self.answer(place == 0)
        case .subjectEnd: return Self.answer(place == count)
        case .subjectEndOrLastNewline: return Self.answer(place == count || place &+ 1 == count && after == 0x0A)
        case .wordBoundary, .notWordBoundary:
            if isUnsure && (before | after) > 0x7F { return .unsure }
            return unsafe Self.answer((before.isWord != after.isWord) == (op.pointee.code == .wordBoundary))
        case .wordStart: return isUnsure && before > 0x7F ? .unsure : Self.answer(!before.isWord)
        case .wordEnd: return isUnsure && after > 0x7F ? .unsure : Self.answer(!after.isWord)
        case .ahead: return place < count ? unsafe member(op, after, isNegative: false) : .noMatch
        case .notAhead: return place < count ? unsafe member(op, after, isNegative: true) : .matched
        case .behind: return place > 0 ? unsafe member(op, before, isNegative: false) : .noMatch
        case .notBehind: return place > 0 ? unsafe member(op, before, isNegative: true) : .matched
        default: return .unsure
        }
    }

    /// Whether the character that a byte belongs to is in the step's set.
    @inline(__always)
    private func member(_ op: UnsafePointer<LineOp>, _ byte: UInt8, isNegative: Bool) -> LineProgram.Outcome {
        if byte > 0x7F, unsafe op.pointee.isUnsure { return .unsure }
        return unsafe Self.answer(Self.has(op.pointee.low, UInt64(classes[Int(byte)])) != isNegative)
    }

    @inline(__always)
    private static func answer(_ holds: Bool) -> LineProgram.Outcome { holds ? .matched : .noMatch }
}
