/// A node of a YAML document (YAML 1.2.2, 3.2.1), with its place.
package struct YAMLNode: Sendable {
    package indirect enum Content: Sendable {
        /// - Parameter isPlain: written without quotes: then it may stand for null, a truth value or a number.
        case scalar(String, isPlain: Bool)
        case sequence([YAMLNode])
        /// In the order of the document; keys are scalars, and no two are equal.
        case mapping([Entry])
    }

    package struct Entry: Sendable {
        package let key: String
        package let keyPlace: YAMLPlace
        package let value: YAMLNode

        package init(key: String, keyPlace: YAMLPlace, value: YAMLNode) {
            (self.key, self.keyPlace, self.value) = (key, keyPlace, value)
        }
    }

    package let content: Content
    /// As it is written (`!include`), of YAML's own with their prefix (`tag:yaml.org,2002:str`); nil: none is given.
    package let tag: String?
    package let place: YAMLPlace
    /// Behind its last letter, or the bracket that closes it.
    package let endOffset: Int
    /// A sequence or mapping between brackets.
    package let isFlow: Bool

    package init(content: Content, tag: String? = nil, place: YAMLPlace, endOffset: Int, isFlow: Bool = false) {
        (self.content, self.tag, self.place) = (content, tag, place)
        (self.endOffset, self.isFlow) = (endOffset, isFlow)
    }

    /// Of a mapping; nil for everything else.
    package var entries: [Entry]? { if case .mapping(let entries) = content { entries } else { nil } }
    package var items: [YAMLNode]? { if case .sequence(let items) = content { items } else { nil } }
    package var text: String? { if case .scalar(let text, _) = content { text } else { nil } }

    package subscript(_ key: String) -> YAMLNode? { entries?.first { $0.key == key }?.value }
}

/// Where a node begins.
package struct YAMLPlace: Sendable, Equatable {
    /// From 1.
    package let line: Int
    /// From 1, in characters.
    package let column: Int
    /// In Unicode scalars of the document.
    package let offset: Int

    package init(line: Int, column: Int, offset: Int) { (self.line, self.column, self.offset) = (line, column, offset) }
}

/// Why a text is no document of ours, and where.
package struct YAMLError: Error, Equatable, CustomStringConvertible {
    package let line: Int
    package let column: Int
    package let sentence: String

    package init(line: Int, column: Int, sentence: String) {
        (self.line, self.column, self.sentence) = (line, column, sentence)
    }

    package var description: String { "\(line):\(column): \(sentence)" }
}
