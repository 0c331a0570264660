/// How far a line follows a grok expression that does not match it.
package struct GrokExplanation: Sendable, Equatable {
    /// The part of the operator's expression that the line does not follow, in bytes. When it is a reference as a whole,
    /// `path` leads to what failed in it.
    package let expressionRange: Range<Int>
    /// What the parts before it match in the line, in bytes; nil when not even the first part occurs.
    package let lineRange: Range<Int>?
    /// The definitions that lead from the expression to the part, outermost first.
    package let path: [String]
}

extension GrokCompiler {
    /// Finds where a line leaves an expression: the longest beginning of the expression that occurs in the line.
    ///
    /// For the command line: compiles the expression several times.
    /// - Returns: nil when the line matches, or when the engine gives up on it.
    /// - Throws: `GrokError` when the expression is bad.
    package func explain(
        _ expression: String, line: [UInt8], multiline: Bool = false
    ) throws(GrokError) -> GrokExplanation? {
        let reading = try read(expression, multiline: multiline)
        let pattern = reading.pattern
        let parts = pattern.root.flattened(keepingCaptures: pattern.root.containsReference)
        let text = line.contains { $0 > 0x7F } ? SubjectText.classify(line.span) : .ascii
        guard text != .invalid else { return nil }
        let scratch = MatchScratch(captures: pattern.groups.count)

        /// Where the first `count` parts match; nil when they do not.
        func match(_ count: Int) throws(GrokError) -> Range<Int>? {
            do {
                let beginning = PatternNode(.sequence(Array(parts.prefix(count))), offset: 0, length: 0)
                var emitter = PatternEmitter(unicode: text == .utf8, groups: pattern.groups)
                try emitter.emitBody(beginning)
                guard let program = try? CompiledPattern(emitter.text, unicode: text == .utf8) else { return nil }
                let result = unsafe line.withUnsafeBytes { unsafe program.handle.run($0, scratch) }
                return result > 0 ? scratch.start(of: 0)..<max(scratch.start(of: 0), scratch.end(of: 0)) : nil
            } catch {
                throw reading.expansion.located(error, shiftedBy: reading.shift)
            }
        }

        if try match(parts.count) != nil { return nil }
        // A beginning matches whenever a longer one does, so the longest is found by halving.
        var known = 0
        var failing = parts.count
        while failing - known > 1 {
            let middle = (known + failing) / 2
            if try match(middle) != nil { known = middle } else { failing = middle }
        }
        guard known < parts.count else { return nil }
        let part = parts[known]
        let place = reading.expansion.located(
            PatternError(offset: part.offset, length: part.length, message: ""), shiftedBy: reading.shift)
        return GrokExplanation(
            expressionRange: place.offset..<(place.offset + place.length),
            lineRange: known > 0 ? try match(known) : nil, path: place.path)
    }
}

extension PatternNode {
    /// The parts that follow one another, groups without alternatives opened.
    fileprivate func flattened(keepingCaptures: Bool) -> [PatternNode] {
        switch kind {
        case .sequence(let items): return items.flatMap { $0.flattened(keepingCaptures: keepingCaptures) }
        case .capture where keepingCaptures: return [self]
        case .group(let body), .scoped(_, let body), .capture(_, _, let body):
            if case .alternation = body.kind { return [self] }
            return body.flattened(keepingCaptures: keepingCaptures)
        case .empty: return []
        default: return [self]
        }
    }

    /// True when something refers to a group, so that the captures must stay.
    fileprivate var containsReference: Bool {
        switch kind {
        case .backreference, .call, .conditional: return true
        default: return children.contains { $0.containsReference }
        }
    }
}
