/// A `key value` line.
package struct Parameter: Sendable {
    /// How the value was written; decides what embedded code, escapes and comments mean in it.
    package enum Quoting: Sendable {
        /// Nothing stands after the key.
        case absent
        /// As it stands.
        case unquoted
        /// `'…'`
        case single
        /// `"…"`
        case double
        /// A JSON array or object; the text is its compact form.
        case json
    }

    /// What the line sets the key to.
    package enum Value: Sendable, Hashable {
        case text(String)
        /// `"#{use_nil}"`: no value at all.
        case none
        /// `"#{use_default}"`: as if the line were not there.
        case useDefault
    }

    package let key: String
    package let value: Value
    package let keyPlace: Place
    /// The value with its quotes; an empty place behind the key when there is none.
    package let valuePlace: Place
    package let quoting: Quoting
    /// Where runs of the value's bytes come from, for values whose text is not that of the file (escapes, embedded code).
    let runs: [Run]
    /// What reads otherwise than it looks, for readers that can tell whether it matters.
    let oddities: Oddities

    /// See `oddities`.
    struct Oddities: Sendable {
        /// The `#` of a comment that ended an unquoted value.
        var comment: Place?
        /// A symbol that lost its backslash in double quotes: `\.`
        var lostBackslash: Place?
        /// The value is not what it should be, and that was said: no reader says it again.
        var isBroken = false
    }

    /// From `valueOffset` on the bytes of the value are those of the file from `fileOffset` on.
    struct Run: Sendable {
        let valueOffset: Int
        let fileOffset: Int
    }

    package init(
        key: String, value: Value, keyPlace: Place, valuePlace: Place, quoting: Quoting
    ) {
        self.init(
            key: key, value: value, keyPlace: keyPlace, valuePlace: valuePlace, quoting: quoting,
            runs: [Run(valueOffset: 0, fileOffset: valuePlace.start)])
    }

    init(
        key: String, value: Value, keyPlace: Place, valuePlace: Place, quoting: Quoting, runs: [Run],
        oddities: Oddities = Oddities()
    ) {
        self.oddities = oddities
        self.key = key
        self.value = value
        self.keyPlace = keyPlace
        self.valuePlace = valuePlace
        self.quoting = quoting
        self.runs = runs
    }

    /// The same line under another name and, if given, with another value: places stay those of the file.
    package func renamed(_ key: String, value: String? = nil) -> Parameter {
        Parameter(
            key: key, value: value.map(Value.text) ?? self.value, keyPlace: keyPlace, valuePlace: valuePlace,
            quoting: quoting, runs: runs, oddities: oddities)
    }

    /// The same line with another value.
    /// - Parameter isBroken: see `Oddities`.
    func with(_ value: Value, isBroken: Bool) -> Parameter {
        var oddities = oddities
        oddities.isBroken = isBroken
        return Parameter(
            key: key, value: value, keyPlace: keyPlace, valuePlace: valuePlace, quoting: quoting, runs: runs,
            oddities: oddities)
    }

    /// The text of the value; nil for `use_nil` and `use_default`.
    package var text: String? {
        if case .text(let text) = value { text } else { nil }
    }

    /// Where byte `offset` of the value's text stands in the file, and `length` bytes from there.
    package func place(ofOffset offset: Int, length: Int = 1) -> Place {
        guard quoting != .json, let run = runs.last(where: { $0.valueOffset <= offset }) else { return valuePlace }
        let start = min(run.fileOffset + offset - run.valueOffset, valuePlace.end)
        return Place(valuePlace.file, start, min(start + length, max(valuePlace.end, start)))
    }
}
