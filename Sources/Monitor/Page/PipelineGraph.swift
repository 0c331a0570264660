/// The plan in force as a drawing has it: what there is, and who hands events to whom.
package struct PipelineGraph: Sendable {
    /// A stage, or the place where the events of a label come together.
    package struct Node: Sendable {
        package enum Category: String, Sendable { case input, filter, output, label }

        /// A stage's id, as in `MonitorReport`; `label @NAME` for a label.
        package var id: String
        package var category: Category
        package var type: String
        /// What it does, in a few words, secrets masked.
        package var summary: String
        /// The label it stands in; nil: none.
        package var label: String?

        package init(id: String, category: Category, type: String, summary: String, label: String? = nil) {
            (self.id, self.category, self.type) = (id, category, type)
            (self.summary, self.label) = (summary, label)
        }
    }

    package struct Edge: Sendable {
        package let from: String
        package let to: String
        /// The patterns whose events go this way; empty: all.
        package fileprivate(set) var tags: [String]
        /// Only what goes wrong takes it: refused events, and chunks that were not delivered.
        package let isFallback: Bool
    }

    package private(set) var nodes: [Node] = []
    package private(set) var edges: [Edge] = []
    private var nodeIDs: Set<String> = []
    private var edgePlaces: [String: Int] = [:]

    package init() {}

    package mutating func add(_ node: Node) {
        if nodeIDs.insert(node.id).inserted { nodes.append(node) }
    }

    /// Events of a pattern go from one to the other; of an edge that is there already, one more pattern does.
    package mutating func connect(_ from: String, _ to: String, tags: String? = nil, isFallback: Bool = false) {
        let key = "\(from)\n\(to)"
        if let place = edgePlaces[key] {
            if let tags, !edges[place].tags.contains(tags) { edges[place].tags.append(tags) }
        } else {
            edgePlaces[key] = edges.count
            edges.append(Edge(from: from, to: to, tags: [tags].compactMap { $0 }, isFallback: isFallback))
        }
    }
}
