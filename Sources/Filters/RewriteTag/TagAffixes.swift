/// `remove_tag_prefix`, `remove_tag_suffix`, `add_tag_prefix` and `add_tag_suffix` of outputs from before Fluentd 0.14: text
/// as it is, with whatever dots it has (`lib/fluent/compat/handle_tag_name_mixin.rb`), and after that `tag`, a template.
package struct TagAffixes: Sendable, Equatable {
    package var removedPrefix: [UInt8] = []
    package var removedSuffix: [UInt8] = []
    package var addedPrefix: [UInt8] = []
    package var addedSuffix: [UInt8] = []
    /// nil: the tag is what the others have made of it.
    package var template: TagTemplate?
    package var hostname: [UInt8] = []

    package init() {}

    package func changed(_ tag: [UInt8]) -> [UInt8] {
        var rest = tag[...]
        if rest.starts(with: removedPrefix) { rest = rest.dropFirst(removedPrefix.count) }
        if rest.reversed().starts(with: removedSuffix.reversed()) { rest = rest.dropLast(removedSuffix.count) }
        let shown = addedPrefix + rest + addedSuffix
        guard let template else { return shown }
        let parts = shown.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).map(Array.init)
        // There is no pattern, so a group has taken nothing.
        return template.pieces(tag: shown, tagParts: parts, hostname: hostname).flatMap { piece in
            if case .text(let bytes) = piece { bytes } else { [UInt8]() }
        }
    }
}
