internal import CYAML

/// Reads a document with libyaml, event by event (pyyaml.org/wiki/LibYAML).
///
/// What a configuration does not need is an error: aliases (with them a short text stands for a huge one), more than one
/// document, keys that are no scalars, a key twice.
package enum YAMLDocument {
    /// Levels of sequences and mappings.
    package static let maximumDepth = 64

    /// nil: the text holds nothing but blanks and comments.
    package static func parse(_ bytes: [UInt8]) throws(YAMLError) -> YAMLNode? {
        let reader = try EventReader(bytes)
        try reader.expect(YAML_STREAM_START_EVENT)
        guard try reader.next() != YAML_STREAM_END_EVENT else { return nil }
        guard try reader.next() != YAML_STREAM_END_EVENT else { return nil }
        let node = try node(reader, depth: 0)
        try reader.expect(YAML_DOCUMENT_END_EVENT)
        if try reader.next() != YAML_STREAM_END_EVENT {
            throw reader.error("a second document begins; a file has one")
        }
        return node
    }

    /// From the event that was read last.
    private static func node(_ reader: EventReader, depth: Int) throws(YAMLError) -> YAMLNode {
        if depth > maximumDepth { throw reader.error("more than \(maximumDepth) levels of nesting") }
        let place = reader.place
        switch reader.kind {
        case YAML_SCALAR_EVENT:
            let (text, isPlain) = reader.scalar
            return YAMLNode(content: .scalar(text, isPlain: isPlain), place: place, endOffset: reader.endOffset)
        case YAML_SEQUENCE_START_EVENT:
            var items: [YAMLNode] = []
            while try reader.next() != YAML_SEQUENCE_END_EVENT { items.append(try node(reader, depth: depth + 1)) }
            return YAMLNode(
                content: .sequence(items), place: place, endOffset: items.last?.endOffset ?? reader.endOffset)
        case YAML_MAPPING_START_EVENT:
            var entries: [YAMLNode.Entry] = []
            var keys: Set<String> = []
            while try reader.next() != YAML_MAPPING_END_EVENT {
                let key = try node(reader, depth: depth + 1)
                guard let name = key.text else { throw reader.error("a key is a text", at: key.place) }
                guard keys.insert(name).inserted else {
                    throw reader.error("the key '\(name)' stands here a second time", at: key.place)
                }
                _ = try reader.next()
                entries.append(
                    YAMLNode.Entry(key: name, keyPlace: key.place, value: try node(reader, depth: depth + 1)))
            }
            return YAMLNode(
                content: .mapping(entries), place: place, endOffset: entries.last?.value.endOffset ?? reader.endOffset)
        case YAML_ALIAS_EVENT: throw reader.error("aliases are not taken: write it out")
        default: throw reader.error("something is missing here")
        }
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
