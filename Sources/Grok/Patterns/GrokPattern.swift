/// A field that an expression captures.
package struct GrokField: Sendable, Equatable {
    /// The key in the record.
    package let name: String
    package let type: FieldType

    package init(name: String, type: FieldType) {
        self.name = name
        self.type = type
    }
}

/// A compiled grok expression: immutable, shared by all threads.
package struct GrokPattern: Sendable {
    /// The fields in the order they take in a record.
    package let fields: [GrokField]
    /// The regular expression behind it.
    package let regex: Regex
    /// Where field i's group numbers begin in `captures`; one more entry than fields.
    let captureStarts: [Int]
    /// The group numbers of all fields, the last group of a field first: the last one that took part gives the value.
    let captures: [Int]

    init(regex: Regex, types: [String: FieldType]) {
        self.regex = regex
        fields = regex.groups.map { GrokField(name: $0.name, type: types[$0.name] ?? .string) }
        var starts = [0]
        var numbers: [Int] = []
        for group in regex.groups {
            numbers += group.numbers.reversed()
            starts.append(numbers.count)
        }
        captureStarts = starts
        captures = numbers
    }
}

/// Where a field's text is in the line, in bytes; unset when its group took no part.
@usableFromInline package struct FieldRange: Sendable, Equatable {
    /// -1 when unset.
    @usableFromInline package var start: Int32
    /// -1 when unset.
    @usableFromInline package var end: Int32

    package static let unset = FieldRange(start: -1, end: -1)

    @inlinable package var isSet: Bool { start >= 0 }

    package init(start: Int32, end: Int32) {
        self.start = start
        self.end = end
    }
}
