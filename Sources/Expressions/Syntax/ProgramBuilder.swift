internal import Events

/// The parts of a program while it is read.
struct ProgramBuilder: ~Copyable {
    private(set) var nodes: [Node] = []
    /// Where each node stands in the text; empty for those that cannot fail.
    var places: [NodePlace] = []
    /// How deep the tree under each node is.
    private var depths: [Int] = []
    private(set) var operands: [Node.Index] = []
    private(set) var blocks: [Block] = []
    private(set) var constants: [UInt8] = []
    private(set) var keys: [RecordAccessor.Step] = []
    var regexps: [RegexpLiteral] = []
    var unknownNames: [Expression.UnknownName] = []
    private(set) var localCount = 0
    /// Something is assigned to a name.
    var assigns = false

    /// Evaluation goes as deep as the tree, so this bounds the stack.
    static let maximumDepth = 200

    subscript(_ index: Node.Index) -> Node { nodes[Int(index)] }

    func depth(of index: Node.Index) -> Int { depths[Int(index)] }

    mutating func add(_ node: Node, over children: [Node.Index] = []) -> Node.Index {
        nodes.append(node)
        places.append(NodePlace(start: 0, end: 0))
        depths.append(1 + (children.map { depths[Int($0)] }.max() ?? 0))
        return Node.Index(nodes.count - 1)
    }

    mutating func list(_ items: [Node.Index]) -> Node.List {
        let start = operands.count
        operands += items
        return Node.List(start: Int32(start), count: Int32(items.count))
    }

    mutating func text(_ bytes: [UInt8]) -> Slice {
        let start = constants.count
        constants += bytes
        return Slice(offset: start, length: bytes.count)
    }

    mutating func key(_ bytes: [UInt8]) -> Int32 {
        let step = RecordAccessor.Step.key(bytes)
        if let known = keys.firstIndex(of: step) { return Int32(known) }
        keys.append(step)
        return Int32(keys.count - 1)
    }

    mutating func add(_ block: Block) -> Int32 {
        blocks.append(block)
        return Int32(blocks.count - 1)
    }

    mutating func newLocal() -> Int {
        localCount += 1
        return localCount - 1
    }

    /// The bytes of a string that holds no code.
    func constantText(_ index: Node.Index) -> [UInt8]? {
        guard case .string(let slice) = nodes[Int(index)] else { return nil }
        return Array(constants[Int(slice.offset)..<slice.end])
    }

    /// Whether the node is the record or something taken out of it, which a change would reach.
    func isPartOfRecord(_ index: Node.Index) -> Bool {
        switch nodes[Int(index)] {
        case .subject(.record), .field: true
        case .member(let inner, _): isPartOfRecord(inner)
        case .call(let call):
            [.at_index, .dig, .fetch].contains(call.method) && call.receiver.map { isPartOfRecord($0) } ?? false
        default: false
        }
    }
}
