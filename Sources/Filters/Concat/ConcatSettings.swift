package import Grok

/// What `@type concat` is told.
package struct ConcatSettings: Sendable {
    /// How pieces are known.
    package enum Mode: Sendable {
        /// So many in a row.
        case lines(Int)
        /// By their text: a first one, a last one, one in between. At least one of the first two.
        case expressions(first: Regex?, last: Regex?, between: Regex?)
        /// A field has a certain value in all pieces but the last.
        case partialKey(name: [UInt8], value: [UInt8])
        /// Docker's fields about the piece.
        case partialMetadata(PartialFields)
        /// The tag `P` or `F` of Kubernetes' container logs (CRI), of each of a container's streams by itself.
        case containerTags(tag: [UInt8], stream: [UInt8])
    }

    /// What Docker calls the fields that say which piece of a message it is (`moby/daemon/logger/copier.go` and the log
    /// drivers): that it is one, of which message, as which one, and whether it is the last.
    package struct PartialFields: Sendable, Equatable {
        package var message: [UInt8]
        package var id: [UInt8]
        package var ordinal: [UInt8]
        package var last: [UInt8]

        /// - Parameter prefix: `partial_` of the fluentd driver, `CONTAINER_PARTIAL_` of the journald driver.
        package init(prefix: String) {
            let isUpper = prefix.first?.isUppercase == true
            func name(_ word: String) -> [UInt8] { Array((prefix + (isUpper ? word.uppercased() : word)).utf8) }
            (message, id, ordinal, last) = (name("message"), name("id"), name("ordinal"), name("last"))
        }
    }

    package var key: [UInt8]
    package var mode: Mode
    package var separator: [UInt8] = [0x0A]
    /// The field that says to which stream an event belongs, beside its tag.
    package var identityKey: [UInt8]?
    package var usesFirstTime = false
    /// Whether a whole event keeps the fields that say how it was cut.
    package var keepsPartialFields = false
    /// After so long without a piece what there is leaves; 0: never.
    package var timeoutMilliseconds: Int64 = 60_000

    package init(key: [UInt8], mode: Mode) { (self.key, self.mode) = (key, mode) }

    var removedKeys: [[UInt8]] {
        if keepsPartialFields { return [] }
        return switch mode {
        case .lines, .expressions: []
        case .partialKey(let name, _): [name]
        case .partialMetadata(let fields): [fields.message, fields.id, fields.ordinal, fields.last]
        case .containerTags(let tag, let stream): [tag, stream]
        }
    }
}
