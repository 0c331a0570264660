/// A section of the configuration: `<name argument> … </name>`, or the root, which has the name `ROOT`.
package struct Section: Sendable {
    /// The name in the opening tag (corrected when it was misspelt and the error was reported).
    package var name: String
    /// The text after the name.
    package var argument: Argument
    /// Key and value lines in the order of the file; a key can stand there twice, the last one counts.
    package var parameters: [Parameter] = []
    /// Nested sections in the order of the file.
    package var sections: [Section] = []
    /// The opening tag.
    package var place: Place

    package init(
        name: String, argument: Argument, parameters: [Parameter] = [], sections: [Section] = [], place: Place
    ) {
        self.name = name
        self.argument = argument
        self.parameters = parameters
        self.sections = sections
        self.place = place
    }

    /// The value that counts for a key: the last one.
    package func parameter(_ key: String) -> Parameter? {
        parameters.last { $0.key == key }
    }

    /// The nested sections of a name.
    package func sections(named name: String) -> [Section] {
        sections.filter { $0.name == name }
    }

    /// Whether plugins commonly take a section of its name, which is then no misspelling of another one.
    package var hasCommonName: Bool { SectionNames.nested.contains(name) }

    /// `@type`, or `type` as v0.12 has it.
    package var type: Parameter? { parameter("@type") ?? parameter("type") }

    /// `@id`, or `id` as v0.12 has it.
    package var id: Parameter? { parameter("@id") ?? parameter("id") }

    /// The tag as a message names it: `<filter service.ui>`.
    package var tag: String { argument.text.isEmpty ? "<\(name)>" : "<\(name) \(argument.text)>" }

    /// `<filter service.ui> of type parser`, the description that readers use.
    package var summary: String {
        guard let type = type?.text, !type.isEmpty else { return tag }
        return "\(tag) of type \(type)"
    }
}

/// What stands after the name in an opening tag, trimmed; empty when nothing does.
package struct Argument: Sendable {
    /// The text, without quotes, embedded code evaluated.
    package var text: String
    /// Where it stands, with its quotes; an empty place behind the name when there is none.
    package var place: Place

    package init(text: String, place: Place) {
        self.text = text
        self.place = place
    }
}
