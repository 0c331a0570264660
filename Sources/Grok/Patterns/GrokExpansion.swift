/// An expression with every `%{…}` replaced, and the way back from its bytes to the operator's text.
struct GrokExpansion {
    /// A reference that was replaced: which text it stands in, and where.
    private struct Instance {
        /// Index of the surrounding instance; nil for the operator's expression itself.
        let parent: Int?
        let name: String
        let range: Range<Int>
        /// What stands for the reference.
        let definition: [UInt8]
        /// Its bytes in the expansion, with what its own references stand for.
        var body = 0..<0
    }

    /// A stretch of the expansion that was copied from one text.
    private struct Segment {
        let start: Int
        /// The instance whose definition it belongs to; nil for the operator's expression.
        let instance: Int?
        let sourceOffset: Int
        /// False for the parentheses that replace a reference: they mean the reference as a whole.
        let isCopy: Bool
    }

    /// A field of a reference, in order of expansion.
    struct Field {
        let name: String
        let type: FieldType
        /// The type as written, argument included.
        let written: String
    }

    /// What an expansion may have at most; a definition that refers to others many times over grows quickly.
    static let maximumBytes = 1 << 20

    private(set) var text: [UInt8] = []
    private(set) var fields: [Field] = []
    private var segments: [Segment] = []
    private var instances: [Instance] = []
    private let library: PatternLibrary
    /// What the operator wrote.
    private let expression: [UInt8]

    init(_ expression: [UInt8], library: PatternLibrary) throws(GrokError) {
        self.library = library
        self.expression = expression
        try expand(expression, as: nil, open: [])
        try applyTypeListRules(expressionLength: expression.count)
    }

    private mutating func expand(_ source: [UInt8], as instance: Int?, open: [String]) throws(GrokError) {
        var index = 0
        while let reference = GrokReference.first(in: source, from: index) {
            copy(source, index..<reference.range.lowerBound, of: instance)
            let definition = library.definition(of: reference.name).map { Array($0.expression.utf8) }
            instances.append(
                Instance(
                    parent: instance, name: reference.name, range: reference.range, definition: definition ?? []))
            let own = instances.count - 1
            guard let definition else {
                throw failure(
                    .unknownName, at: own, "grok pattern \(reference.name) is not defined",
                    hint: library.nearest(to: reference.name).map { "did you mean \($0)?" }
                        ?? "define it in a file of custom_pattern_path", inside: false)
            }
            if let first = open.firstIndex(of: reference.name) {
                let cycle = (open[first...] + [reference.name]).joined(separator: " → ")
                throw failure(
                    .cycle, at: own, "grok pattern refers to itself: \(cycle)",
                    hint: "take the reference out of the definition of \(open.last ?? reference.name)", inside: false)
            }
            segments.append(
                Segment(start: text.count, instance: own, sourceOffset: 0, isCopy: false))
            if let field = reference.field {
                text += Array("(?<\(try fieldName(field, type: reference.type, own))>".utf8)
            } else {
                text += Array("(?:".utf8)
            }
            let start = text.count
            try expand(definition, as: own, open: open + [reference.name])
            instances[own].body = start..<text.count
            segments.append(
                Segment(start: text.count, instance: own, sourceOffset: 0, isCopy: false))
            text.append(UInt8(ascii: ")"))
            guard text.count <= Self.maximumBytes else {
                throw failure(
                    .tooLarge, at: own, "the expression has more than \(Self.maximumBytes) bytes when expanded",
                    hint: "use fewer references inside references", inside: false)
            }
            index = reference.range.upperBound
        }
        copy(source, index..<source.count, of: instance)
    }

    private mutating func copy(_ source: [UInt8], _ range: Range<Int>, of instance: Int?) {
        guard !range.isEmpty else { return }
        segments.append(
            Segment(start: text.count, instance: instance, sourceOffset: range.lowerBound, isCopy: true))
        text += source[range]
    }

    /// Notes the field with its type and returns the name its group gets: `[a][b]` becomes `a.b`.
    private mutating func fieldName(_ field: String, type: String?, _ own: Int) throws(GrokError) -> String {
        if let colon = field.firstIndex(of: ":") {
            let wrong = String(field[field.index(after: colon)...])
            throw failure(
                .unknownType, at: own, "\(wrong) is not a type of a field",
                hint: "the types are \(FieldType.names.joined(separator: ", "))", inside: false)
        }
        var name = field
        if field.hasPrefix("["), field.hasSuffix("]") {
            name = field.split(whereSeparator: { $0 == "[" || $0 == "]" }).joined(separator: ".")
        }
        fields.append(Field(name: name, type: type.flatMap { FieldType($0) } ?? .string, written: type ?? ""))
        return name
    }

    /// Fluentd joins the types with commas and takes them apart again. What that does to a comma or a space in an
    /// argument is kept: an empty array separator, or an error.
    private mutating func applyTypeListRules(expressionLength: Int) throws(GrokError) {
        for (index, field) in fields.enumerated() {
            switch field.type {
            case .array(let separator) where field.written.contains(","):
                guard separator == ",", index + 1 == fields.count else {
                    throw commaFailure(field, expressionLength, "leave the separator out: it is a comma")
                }
                fields[index] = Field(name: field.name, type: .array(separator: ""), written: field.written)
            case .array(let separator) where separator.allSatisfy(\.isWhitespace):
                fields[index] = Field(name: field.name, type: .array(separator: ""), written: field.written)
            case .time where field.written.contains(","):
                throw commaFailure(field, expressionLength, "use time_format of the section for such a format")
            default: break
            }
        }
    }

    private func commaFailure(_ field: Field, _ length: Int, _ hint: String) -> GrokError {
        GrokError(
            kind: .unknownType, offset: 0, length: length,
            message: "the type of \(field.name) has a comma, which separates types", hint: hint, path: [])
    }

    /// Where the definitions stand in `text`, for who reads it.
    var definitions: DefinitionPlaces {
        DefinitionPlaces(instances.map { DefinitionPlaces.Place(name: $0.name, range: $0.body) }, of: library.read)
    }

    // MARK: - Places

    private func failure(
        _ kind: GrokError.Kind, at instance: Int, _ message: String, hint: String?, inside: Bool,
        innermost: Range<Int>? = nil
    ) -> GrokError {
        var path: [String] = inside ? [instances[instance].name] : []
        var outermost = instance
        while let parent = instances[outermost].parent {
            path.insert(instances[parent].name, at: 0)
            outermost = parent
        }
        let range = instances[outermost].range
        var error = GrokError(
            kind: kind, offset: range.lowerBound, length: range.count, message: message, hint: hint, path: path)
        error.places = places(through: instance, innermost: innermost)
        return error
    }

    /// The references from the operator's expression to an instance, and a place in the definition of the last.
    func places(through instance: Int?, innermost: Range<Int>?) -> [GrokPlace] {
        var places: [GrokPlace] = []
        if let innermost { places.append(place(innermost, in: instance)) }
        var current = instance
        while let index = current {
            let own = instances[index]
            places.insert(place(own.range, in: own.parent), at: 0)
            current = own.parent
        }
        return places
    }

    private func place(_ range: Range<Int>, in instance: Int?) -> GrokPlace {
        let text = instance.map { instances[$0].definition } ?? expression
        return GrokPlace(
            definition: instance.map { instances[$0].name }, text: String(decoding: text, as: UTF8.self),
            range: range.clamped(to: 0..<text.count))
    }

    // MARK: - From the expansion back to the texts

    /// The last segment that begins at or before a byte of the expansion.
    private func segment(at place: Int) -> Segment? {
        var low = 0
        var high = segments.count
        while low < high {
            let middle = (low + high) / 2
            if segments[middle].start <= place { low = middle + 1 } else { high = middle }
        }
        return low > 0 ? segments[low - 1] : nil
    }

    /// The reference whose replacement begins exactly at a byte of the expansion.
    func reference(at place: Int) -> Int? {
        guard let found = segment(at: place), found.start == place, !found.isCopy else { return nil }
        return found.instance
    }

    func parent(of reference: Int) -> Int? { instances[reference].parent }
    func name(of reference: Int) -> String { instances[reference].name }

    /// What an operator or a definition wrote in `range` of the expansion, as a range of the text of `owner`'s definition
    /// (nil: the operator's expression). Whole references stand for what is inside them.
    func local(_ range: Range<Int>, in owner: Int?) -> Range<Int> {
        guard let first = localByte(range.lowerBound, owner) else { return 0..<0 }
        guard !range.isEmpty, let last = localByte(range.upperBound - 1, owner) else {
            return first.lowerBound..<first.lowerBound
        }
        return first.lowerBound..<max(first.upperBound, last.upperBound)
    }

    private func localByte(_ place: Int, _ owner: Int?) -> Range<Int>? {
        guard let found = segment(at: place) else { return nil }
        if found.isCopy, found.instance == owner {
            let offset = found.sourceOffset + place - found.start
            return offset..<(offset + 1)
        }
        var current = found.instance
        while let index = current {
            if instances[index].parent == owner { return instances[index].range }
            current = instances[index].parent
        }
        return nil
    }

    /// The text that ranges of `local(_:in:)` count in.
    func text(of owner: Int?) -> [UInt8] { owner.map { instances[$0].definition } ?? expression }

    /// The definition that is no regular expression by itself, if there is one: an unclosed parenthesis in it would
    /// otherwise be reported where the expression around it ends.
    func faultyDefinition(_ options: RubyPattern.Options) -> GrokError? {
        for index in instances.indices.reversed() {
            var text = instances[index].definition
            var next = 0
            while let reference = GrokReference.first(in: text, from: next) {
                // A class of the same length keeps the places of all else.
                for offset in reference.range { text[offset] = UInt8(ascii: "x") }
                text[reference.range.lowerBound] = UInt8(ascii: "[")
                text[reference.range.upperBound - 1] = UInt8(ascii: "]")
                next = reference.range.upperBound
            }
            do {
                _ = try RubyPattern(text, options: options)
            } catch {
                // A name may be defined elsewhere in the expression.
                if error.message.hasPrefix("undefined name") { continue }
                return failure(
                    .badExpression, at: index, error.message, hint: error.hint, inside: true,
                    innermost: error.offset..<(error.offset + error.length))
            }
        }
        return nil
    }

    /// Turns an error in the expanded text into one in the operator's expression.
    func located(_ error: PatternError, shiftedBy shift: Int) -> GrokError {
        let place = error.offset + shift
        guard let segment = segments.last(where: { $0.start <= place }) else {
            return GrokError(
                kind: .badExpression, offset: 0, length: 0, message: error.message, hint: error.hint, path: [])
        }
        if let instance = segment.instance {
            let local = segment.sourceOffset + place - segment.start
            return failure(
                .badExpression, at: instance, error.message, hint: error.hint, inside: segment.isCopy,
                innermost: segment.isCopy ? local..<(local + error.length) : nil)
        }
        // What is wrong may reach over references, which are longer here than in the operator's text.
        let start = segment.sourceOffset + place - segment.start
        let end = error.length > 0 ? max(start, operatorEnd(of: place + error.length - 1)) : start
        var result = GrokError(
            kind: .badExpression, offset: start, length: end - start, message: error.message, hint: error.hint, path: []
        )
        result.places = [self.place(start..<end, in: nil)]
        return result
    }

    /// The end, in the operator's expression, of what the byte at `place` of the expansion stands for.
    private func operatorEnd(of place: Int) -> Int {
        guard let segment = segments.last(where: { $0.start <= place }) else { return 0 }
        guard var outermost = segment.instance else { return segment.sourceOffset + place - segment.start + 1 }
        while let parent = instances[outermost].parent { outermost = parent }
        return instances[outermost].range.upperBound
    }
}
