/// A change that may make a line match, not yet tried.
struct RemedyCandidate {
    /// How near to what was meant; the lowest is tried first.
    enum Rank: Int, Comparable {
        /// Takes exactly this text by name, or what was written is kept and a slip is mended.
        case exact
        /// Takes this text by its shape.
        case shaped
        /// Takes nearly anything.
        case general

        static func < (one: Rank, other: Rank) -> Bool { one.rawValue < other.rawValue }
    }

    var rank: Rank
    let advice: String
    /// What stands in the place of `range`.
    let replacement: String
    /// Bytes of the text that the blamed element stands in; nil: those of the element.
    var range: Range<Int>?
    var extent = Extent.any

    /// What a field must take of the text that stands in the place of the element.
    enum Extent {
        case any
        /// The element's own field: just this text.
        case whole
        /// A field around it: this text and what belongs to it.
        case within
        /// A field may be around all of the text, and else has none of the marks that are allowed before and behind its value:
        /// a comma allowed inside the definition of a time would be the time's.
        case besideMarks(before: Int, behind: Int)
    }
}
