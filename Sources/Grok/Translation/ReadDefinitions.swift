internal import Synchronization

/// What was read of a library's definitions: an expression of a few references is that of hundreds, and a configuration has
/// many such expressions, so each definition is parsed once and its nodes are shared.
///
/// The nodes have the places of the expression that was first. They serve where no place is asked for; an error is looked
/// for once more without them.
final class ReadDefinitions: Sendable {
    /// A definition with the options that hold where it is referred to.
    private struct Key: Hashable {
        let name: String
        let options: RubyPatternParser.Options
    }

    struct Body: Sendable {
        let node: PatternNode
        /// What it opens: plain groups, and names.
        let plainGroupCount: Int
        let names: [String]
        /// How deep it stood when it was read. No deeper one is known to be allowed.
        let depth: Int
    }

    /// At most one entry for each definition and options that a library has and an expression sets.
    private let bodies = Mutex<[Key: Body]>([:])

    func body(of name: String, _ options: RubyPatternParser.Options, depth: Int) -> Body? {
        let known = bodies.withLock { $0[Key(name: name, options: options)] }
        return known.flatMap { depth <= $0.depth ? $0 : nil }
    }

    func remember(_ body: Body, of name: String, _ options: RubyPatternParser.Options) {
        bodies.withLock { $0[Key(name: name, options: options)] = body }
    }
}

/// Where the definitions stand in an expanded expression, in the order of their beginnings.
struct DefinitionPlaces {
    struct Place {
        let name: String
        /// The bytes between the parentheses that stand for the reference.
        let range: Range<Int>
    }

    let read: ReadDefinitions
    private let places: [Place]
    private var next = 0

    init(_ places: [Place], of read: ReadDefinitions) {
        self.places = places
        self.read = read
    }

    /// The definition that begins at a byte, if one does. To be asked from left to right.
    mutating func place(at position: Int) -> Place? {
        while next < places.count, places[next].range.lowerBound < position { next += 1 }
        return next < places.count && places[next].range.lowerBound == position ? places[next] : nil
    }
}
