/// An element that is taken to be to blame, the list it stands in, and what was found about it.
struct ExplainVerdict {
    var elements: [ExplainElement]
    var index: Int
    /// The text that stands where the element should be; nil when nothing more matches after it.
    var text: Range<Int>?
    /// Where the match of the elements before begins.
    var start: Int
    /// Where the match of the elements behind ends.
    var end = 0
    /// The elements that are missing together with it.
    var dropped: Range<Int>?
    /// All that follows matches.
    var isComplete: Bool
    /// How unlikely it is that this one is to blame.
    var cost: Double
    /// What the other elements capture.
    var fields: [String: Range<Int>] = [:]
    /// It cannot be told from the line which element is missing, so that a change may give fields the wrong text.
    var isDoubtful = false
    var element: ExplainElement { elements[index] }
    /// The element with the one behind it, and with the one before it.
    var pairs: [Range<Int>] {
        [index..<(index + 2), (index - 1)..<(index + 1)].filter {
            $0.lowerBound >= 0 && $0.upperBound <= elements.count
        }
    }
}
