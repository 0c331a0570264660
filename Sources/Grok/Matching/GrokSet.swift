/// Several grok patterns that are tried in order; the first hit wins. Immutable, shared by all threads.
package struct GrokSet: Sendable {
    /// One pattern and the name its section has.
    package struct Member: Sendable {
        package let name: String?
        package let pattern: GrokPattern
        /// Its place among the expressions the set was made of; what `grok_name_key` shows when there is no name.
        package let index: Int

        package init(name: String?, pattern: GrokPattern, index: Int) {
            self.name = name
            self.pattern = pattern
            self.index = index
        }
    }

    /// An expression of a list, as configured.
    package struct Source: Sendable {
        package let name: String?
        package let expression: String
        /// The expression compiled, by who did it before; nil: it is yet to be compiled.
        package let pattern: GrokPattern?
        package init(_ expression: String, name: String? = nil, pattern: GrokPattern? = nil) {
            self.expression = expression
            self.name = name
            self.pattern = pattern
        }
    }

    package let members: [Member]
    /// The expressions that were left out because they are bad, as Fluentd does when others are good.
    package let rejected: [(index: Int, error: GrokError)]
    /// The most fields a member has.
    package let maximumFieldCount: Int

    /// A set of compiled patterns.
    package init(_ members: [Member], rejected: [(index: Int, error: GrokError)] = []) {
        self.members = members
        self.rejected = rejected
        maximumFieldCount = members.map(\.pattern.fields.count).max() ?? 0
    }

    /// Compiles a list. Bad regular expressions are collected in `rejected`; a later section replaces one of the same name.
    ///
    /// - Throws: the first `GrokError` when a name is unknown, a definition refers to itself, or no expression is good.
    package init(_ sources: [Source], compiler: GrokCompiler, multiline: Bool = false) throws(GrokError) {
        var members: [Member] = []
        var rejected: [(index: Int, error: GrokError)] = []
        for (index, source) in sources.enumerated() {
            do {
                let pattern: GrokPattern
                if let known = source.pattern {
                    pattern = known
                } else {
                    pattern = try compiler.compile(source.expression, multiline: multiline)
                }
                let member = Member(name: source.name, pattern: pattern, index: index)
                if let name = source.name, let earlier = members.firstIndex(where: { $0.name == name }) {
                    members[earlier] = member
                } else {
                    members.append(member)
                }
            } catch {
                if error.kind == .unknownName || error.kind == .cycle { throw error }
                rejected.append((index, error))
            }
        }
        if members.isEmpty, let first = rejected.first { throw first.error }
        self.init(members, rejected: rejected)
    }
}

/// How often a pattern was tried and with what result.
package struct PatternCounters: Sendable, Equatable {
    package var hits: UInt64 = 0
    package var misses: UInt64 = 0
    /// Lines on which the engine stopped at a limit.
    package var gaveUp: UInt64 = 0

    package init() {}
}
