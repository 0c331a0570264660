/// Where the parser and all readers of a configuration put their messages, so that the user sees all of them at once.
///
/// Used by one thread, while a configuration is loaded.
package final class Diagnostics {
    /// How many messages are kept; further ones are counted. 100 fill several screens already.
    package let maximumCount: Int
    /// The messages, in the order they were found.
    package private(set) var all: [Diagnostic] = []
    /// Messages that found no room.
    package private(set) var omittedCount = 0
    /// Errors found, with those that found no room.
    package private(set) var errorCount = 0
    /// Warnings found, with those that found no room.
    package private(set) var warningCount = 0
    /// Sections were not opened or closed as they should: what seems to be missing may stand in the wrong one.
    package internal(set) var hasTagErrors = false
    /// What is not as in Fluentd, in the order it was found, each once.
    package private(set) var differences: [Difference] = []
    /// More fill no screen, and a file that is included a thousand times says the same a thousand times.
    private static let maximumDifferences = 1000
    private var seen: Set<Diagnostic> = []
    /// Whether what is wrong because a variable is not set is a warning: where a file is checked apart from the machine on
    /// which it is to run.
    package var toleratesUnset = false
    /// Whether sections may read the files that they name (`FileSource.isRead`).
    package var readsFiles = true
    /// Where variables that are not set have left a value empty, with their names, by file.
    private var unset: [String: [Int: String]] = [:]
    /// Values that no message and no dump may show and that stand in no file: of environment variables, of files read.
    private(set) var hiddenTexts = KnownSecrets()
    /// How each value was read, by the place of the value: what the dump needs to print it as Fluentd does.
    private(set) var readings: [Place: ReadingKind] = [:]

    /// An empty collection.
    package init(maximumCount: Int = 100) {
        self.maximumCount = maximumCount
    }

    /// Whether the configuration must not be used.
    package var hasErrors: Bool { errorCount > 0 }

    /// The errors that were kept.
    package var errors: [Diagnostic] { all.filter { $0.severity == .error } }

    /// Adds a message. The same message twice (a file included twice, two readers of one section) is kept once.
    package func add(_ diagnostic: Diagnostic) {
        let diagnostic = hiddenTexts.isEmpty ? diagnostic : diagnostic.hiding(hiddenTexts)
        if isFull(for: diagnostic.severity) {
            if !seen.contains(diagnostic) { count(diagnostic.severity) }
            return
        }
        guard seen.insert(diagnostic).inserted else { return }
        if diagnostic.severity == .error { errorCount += 1 }
        if diagnostic.severity == .warning { warningCount += 1 }
        if all.count < maximumCount {
            all.append(diagnostic)
        } else {
            omittedCount += 1
            // Errors are what the user must see: one takes the place of the last message that is none.
            if diagnostic.severity == .error, let index = all.lastIndex(where: { $0.severity != .error }) {
                all[index] = diagnostic
            }
        }
    }

    /// Whether a message of this severity could only be counted.
    private func isFull(for severity: Diagnostic.Severity) -> Bool {
        all.count >= maximumCount && (severity != .error || errorCount >= maximumCount)
    }

    private func count(_ severity: Diagnostic.Severity) {
        omittedCount += 1
        if severity == .error { errorCount += 1 }
        if severity == .warning { warningCount += 1 }
    }

    /// Adds an error at a place.
    package func error(_ place: Place, _ message: String, hint: String? = nil, related: [Diagnostic.Related] = []) {
        // To build a message costs a walk over its line: not for one that nobody will see.
        if isFull(for: .error) { return count(.error) }
        if toleratesUnset, let name = unset[place.file.path]?[place.line] {
            return warning(place, message, hint: "sluice run refuses this: set \(name)", related: related)
        }
        add(Diagnostic(.error, at: place, message, hint: hint, related: related))
    }

    /// Adds a warning at a place.
    package func warning(_ place: Place, _ message: String, hint: String? = nil, related: [Diagnostic.Related] = []) {
        if isFull(for: .warning) { return count(.warning) }
        add(Diagnostic(.warning, at: place, message, hint: hint, related: related))
    }

    /// Adds a note at a place.
    package func note(_ place: Place, _ message: String, hint: String? = nil) {
        add(Diagnostic(.note, at: place, message, hint: hint))
    }

    /// Notes what is not as in Fluentd.
    package func add(_ difference: Difference) {
        guard differences.count < Self.maximumDifferences, !differences.contains(difference) else { return }
        differences.append(difference)
    }

    /// Notes that a variable is not set, and a value empty for it.
    func noteUnset(_ name: String, at place: Place) { unset[place.file.path, default: [:]][place.line] = name }

    /// Adds the messages of another collection.
    package func add(contentsOf other: Diagnostics) {
        hiddenTexts.formUnion(other.hiddenTexts)
        unset.merge(other.unset) { $0.merging($1) { old, _ in old } }
        for diagnostic in other.all { add(diagnostic) }
        for difference in other.differences { add(difference) }
        omittedCount += other.omittedCount
        errorCount += other.errorCount - other.all.count { $0.severity == .error }
        warningCount += other.warningCount - other.all.count { $0.severity == .warning }
    }

    /// The messages by file (in the order the files first appear) and line, as a user goes through them.
    package var inFileOrder: [Diagnostic] {
        var rank: [String: Int] = [:]
        for diagnostic in all where rank[diagnostic.file] == nil { rank[diagnostic.file] = rank.count }
        return all.enumerated().sorted { a, b in
            let left = (rank[a.element.file] ?? 0, a.element.line, a.element.column, a.offset)
            let right = (rank[b.element.file] ?? 0, b.element.line, b.element.column, b.offset)
            return left < right
        }.map(\.element)
    }

    /// Keeps a value out of every message from here on, and out of the dump.
    package func hide(_ text: String) {
        hiddenTexts.insert(text.utf8)
    }

    func hide(_ texts: KnownSecrets) { hiddenTexts.formUnion(texts) }

    func noteReading(_ kind: ReadingKind, of place: Place) {
        // Once a secret, always a secret.
        if readings[place] != .secret { readings[place] = kind }
    }
}

/// How a reader took a value.
enum ReadingKind: Sendable {
    /// Printed in quotes.
    case text
    /// Printed as it stands: numbers, times, sizes, words of a list.
    case plain
    /// Printed as `xxxxxx`.
    case secret
}
