internal import Events
internal import Grok

/// One expression, read and checked: immutable, shared by all threads, run by an `ExpressionEvaluator`.
package final class Expression: Sendable {
    /// As it was written.
    package let source: String
    /// Names that nothing is known by, with their places in the text: Ruby raises when it evaluates them.
    package let unknownNames: [UnknownName]
    let nodes: [Node]
    let places: [NodePlace]
    let root: Node.Index
    let operands: [Node.Index]
    let blocks: [Block]
    /// The bytes of strings and symbols.
    let constants: [UInt8]
    /// Keys of `record["key"]` and `x["key"]`.
    let keys: [RecordAccessor.Step]
    let regexps: [RegexpLiteral]
    let localCount: Int
    /// Something is assigned to a name.
    let assigns: Bool

    package struct UnknownName: Sendable, Equatable {
        package let name: String
        package let offset: Int
    }

    init(
        source: String, root: Node.Index, _ builder: borrowing ProgramBuilder
    ) {
        self.source = source
        self.root = root
        unknownNames = builder.unknownNames
        nodes = builder.nodes
        places = builder.places
        operands = builder.operands
        blocks = builder.blocks
        constants = builder.constants
        keys = builder.keys
        regexps = builder.regexps
        localCount = builder.localCount
        assigns = builder.assigns
    }

    /// Reads an expression that is the whole text.
    package convenience init(_ text: String) throws(ExpressionError) {
        var parser = ProgramParser(Array(text.utf8))
        let root = try parser.whole()
        self.init(source: text, root: root, parser.builder)
    }

    /// What the expression is when it is no more than one of these, which are cheaper to have than an evaluation.
    package var simple: Simple? {
        switch nodes[Int(root)] {
        case .subject(.tag): return .tag
        case .subject(.hostname): return .hostname
        case .subject(.time): return .time
        case .field(let key): if case .key(let key) = keys[Int(key)] { return .field(key) }
        case .call(let call):
            guard call.method == .at_index, call.arguments.count == 1, call.block == nil, !call.isSafe,
                let receiver = call.receiver, case .subject(let subject) = nodes[Int(receiver)],
                case .integer(let number) = nodes[Int(operands[Int(call.arguments.start)])],
                let number = Int(exactly: number)
            else { return nil }
            switch subject {
            case .tagParts: return .tagPart(number)
            case .tagPrefix: return .tagPrefix(number)
            case .tagSuffix: return .tagSuffix(number)
            default: return nil
            }
        default: break
        }
        return nil
    }

    package enum Simple {
        case tag, hostname, time
        case field([UInt8])
        case tagPart(Int), tagPrefix(Int), tagSuffix(Int)
    }
}

/// `/…/imx`
struct RegexpLiteral: Sendable {
    let regex: Regex
    let source: String
    let options: RubyPattern.Options
}
