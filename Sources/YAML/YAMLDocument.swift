internal import CYAML

/// Reads a document with libyaml, event by event (pyyaml.org/wiki/LibYAML).
///
/// What nobody here needs is an error: more than one document, keys that are no scalars, a key twice; and aliases, unless
/// they are asked for, as with them a short text stands for a huge one.
package enum YAMLDocument {
    /// Levels of sequences and mappings.
    package static let maximumDepth = 64
    /// Nodes of a document with aliases, each alias counting as what it stands for.
    package static let maximumNodes = 100_000

    /// nil: the text holds nothing but blanks and comments.
    /// - Parameter takesAliases: `*name` is the node that `&name` stands before; else it is an error.
    package static func parse(_ bytes: [UInt8], takesAliases: Bool = false) throws(YAMLError) -> YAMLNode? {
        let reader = try EventReader(bytes)
        try reader.expect(YAML_STREAM_START_EVENT)
        guard try reader.next() != YAML_STREAM_END_EVENT else { return nil }
        guard try reader.next() != YAML_STREAM_END_EVENT else { return nil }
        var composer = Composer(reader: reader, takesAliases: takesAliases)
        let node = try composer.node(depth: 0).node
        try reader.expect(YAML_DOCUMENT_END_EVENT)
        if try reader.next() != YAML_STREAM_END_EVENT {
            throw reader.error("a second document begins; a file has one")
        }
        return node
    }
}

/// Makes nodes of events.
private struct Composer {
    /// A node, and how large and deep what it stands for is.
    struct Composed {
        let node: YAMLNode
        var count = 1
        var height = 0

        mutating func holds(_ other: Composed) {
            count += other.count
            height = max(height, other.height + 1)
        }
    }

    let reader: EventReader
    let takesAliases: Bool
    private var anchors: [String: Composed] = [:]
    private var count = 0

    init(reader: EventReader, takesAliases: Bool) {
        self.reader = reader
        self.takesAliases = takesAliases
    }

    /// From the event that was read last.
    mutating func node(depth: Int) throws(YAMLError) -> Composed {
        if depth > YAMLDocument.maximumDepth { throw tooDeep() }
        let (anchor, tag, place, isFlow) = (reader.anchor, reader.tag, reader.place, reader.isFlow)
        var size = Composed(node: YAMLNode(content: .sequence([]), place: place, endOffset: 0))
        let content: YAMLNode.Content
        var endOffset = reader.endOffset
        switch reader.kind {
        case YAML_SCALAR_EVENT:
            let (text, isPlain) = reader.scalar
            content = .scalar(text, isPlain: isPlain)
        case YAML_SEQUENCE_START_EVENT:
            var items: [YAMLNode] = []
            while try reader.next() != YAML_SEQUENCE_END_EVENT {
                let item = try node(depth: depth + 1)
                size.holds(item)
                items.append(item.node)
            }
            content = .sequence(items)
            // A block's own end is where the next thing begins.
            endOffset = isFlow ? reader.endOffset : items.last?.endOffset ?? reader.endOffset
        case YAML_MAPPING_START_EVENT:
            let entries = try entries(depth, &size)
            content = .mapping(entries)
            endOffset = isFlow ? reader.endOffset : entries.last?.value.endOffset ?? reader.endOffset
        case YAML_ALIAS_EVENT: return try alias(anchor, depth)
        default: throw reader.error("something is missing here")
        }
        try counted(1)
        let node = YAMLNode(content: content, tag: tag, place: place, endOffset: endOffset, isFlow: isFlow)
        let composed = Composed(node: node, count: size.count, height: size.height)
        if let anchor { anchors[anchor] = composed }
        return composed
    }

    private mutating func entries(
        _ depth: Int, _ size: inout Composed
    ) throws(YAMLError) -> [YAMLNode.Entry] {
        var entries: [YAMLNode.Entry] = []
        var keys: Set<String> = []
        while try reader.next() != YAML_MAPPING_END_EVENT {
            let key = try node(depth: depth + 1).node
            guard let name = key.text else { throw reader.error("a key is a text", at: key.place) }
            guard keys.insert(name).inserted else {
                throw reader.error("the key '\(name)' stands here a second time", at: key.place)
            }
            _ = try reader.next()
            let value = try node(depth: depth + 1)
            size.holds(value)
            entries.append(YAMLNode.Entry(key: name, keyPlace: key.place, value: value.node))
        }
        return entries
    }

    private mutating func alias(_ name: String?, _ depth: Int) throws(YAMLError) -> Composed {
        guard takesAliases else { throw reader.error("aliases are not taken: write it out") }
        guard let name, let known = anchors[name] else {
            throw reader.error("nothing above is called '&\(name ?? "")'")
        }
        if depth + known.height > YAMLDocument.maximumDepth { throw tooDeep() }
        try counted(known.count)
        return known
    }

    private mutating func counted(_ more: Int) throws(YAMLError) {
        count += more
        if takesAliases, count > YAMLDocument.maximumNodes {
            throw reader.error("more than \(YAMLDocument.maximumNodes) values, with what aliases stand for")
        }
    }

    private func tooDeep() -> YAMLError {
        reader.error("more than \(YAMLDocument.maximumDepth) levels of nesting")
    }
}

/// libyaml's parser over a text, and its present event.
///
/// Safety: `parser` and `event` are its own and live until it goes; the text lives as long, as libyaml reads from it.
@safe
private final class EventReader {
    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private let event: UnsafeMutablePointer<yaml_event_t>
    private let text: UnsafeMutableBufferPointer<UInt8>

    init(_ bytes: [UInt8]) throws(YAMLError) {
        unsafe parser = .allocate(capacity: 1)
        unsafe event = .allocate(capacity: 1)
        unsafe event.initialize(to: yaml_event_t())
        unsafe text = .allocate(capacity: max(bytes.count, 1))
        _ = unsafe text.update(fromContentsOf: bytes)
        guard unsafe yaml_parser_initialize(parser) == 1 else {
            throw YAMLError(line: 1, column: 1, sentence: "there is no memory to read it")
        }
        unsafe yaml_parser_set_input_string(parser, text.baseAddress, bytes.count)
        unsafe yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
    }

    deinit {
        unsafe yaml_event_delete(event)
        unsafe yaml_parser_delete(parser)
        unsafe event.deallocate()
        unsafe parser.deallocate()
        unsafe text.deallocate()
    }

    @discardableResult
    func next() throws(YAMLError) -> yaml_event_type_t {
        unsafe yaml_event_delete(event)
        guard unsafe yaml_parser_parse(parser, event) == 1 else { throw failure() }
        return kind
    }

    func expect(_ expected: yaml_event_type_t) throws(YAMLError) {
        guard try next() == expected else { throw error("something else was expected here") }
    }

    var kind: yaml_event_type_t { unsafe event.pointee.type }

    var place: YAMLPlace {
        let mark = unsafe event.pointee.start_mark
        return YAMLPlace(line: mark.line + 1, column: mark.column + 1, offset: mark.index)
    }

    var endOffset: Int { unsafe event.pointee.end_mark.index }

    var scalar: (text: String, isPlain: Bool) {
        let scalar = unsafe event.pointee.data.scalar
        // libyaml has checked that it is UTF-8.
        let bytes = unsafe UnsafeBufferPointer(start: scalar.value, count: scalar.length)
        return unsafe (String(decoding: bytes, as: UTF8.self), scalar.style == YAML_PLAIN_SCALAR_STYLE)
    }

    var isFlow: Bool {
        switch kind {
        case YAML_SEQUENCE_START_EVENT: unsafe event.pointee.data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE
        case YAML_MAPPING_START_EVENT: unsafe event.pointee.data.mapping_start.style == YAML_FLOW_MAPPING_STYLE
        default: false
        }
    }

    /// What the node is called, or the name in an alias.
    var anchor: String? {
        // Texts of the event's own, which libyaml has checked and ends with a zero byte.
        switch kind {
        case YAML_SCALAR_EVENT: unsafe Self.text(event.pointee.data.scalar.anchor)
        case YAML_SEQUENCE_START_EVENT: unsafe Self.text(event.pointee.data.sequence_start.anchor)
        case YAML_MAPPING_START_EVENT: unsafe Self.text(event.pointee.data.mapping_start.anchor)
        case YAML_ALIAS_EVENT: unsafe Self.text(event.pointee.data.alias.anchor)
        default: nil
        }
    }

    var tag: String? {
        // As above.
        switch kind {
        case YAML_SCALAR_EVENT: unsafe Self.text(event.pointee.data.scalar.tag)
        case YAML_SEQUENCE_START_EVENT: unsafe Self.text(event.pointee.data.sequence_start.tag)
        case YAML_MAPPING_START_EVENT: unsafe Self.text(event.pointee.data.mapping_start.tag)
        default: nil
        }
    }

    /// The pointer is to a text that ends with a zero byte, or nil.
    private static func text(_ pointer: UnsafeMutablePointer<yaml_char_t>?) -> String? {
        unsafe pointer.map { unsafe String(cString: $0) }
    }

    func error(_ sentence: String, at other: YAMLPlace? = nil) -> YAMLError {
        let place = other ?? place
        return YAMLError(line: place.line, column: place.column, sentence: sentence)
    }

    private func failure() -> YAMLError {
        let mark = unsafe parser.pointee.problem_mark
        // A static text of libyaml's.
        let problem = unsafe parser.pointee.problem.map { unsafe String(cString: $0) } ?? "it cannot be read"
        return YAMLError(line: mark.line + 1, column: mark.column + 1, sentence: problem)
    }
}
