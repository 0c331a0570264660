internal import Events

/// Which texts are null: `null_empty_string`, `null_value_pattern`. One for each parser and thread.
final class NullRule {
    private let takesEmpty: Bool

    init(_ options: ParserOptions) throws(ParserSetupError) {
        takesEmpty = options.nullEmptyString
    }

    var isActive: Bool { takesEmpty }

    func isNull(_ text: Slice, _ storage: inout ByteBuffer) -> Bool {
        takesEmpty && text.length == 0
    }
}
