internal import Synchronization
internal import Words

/// The two sets of pattern definitions that are shipped.
package enum PatternSeries: String, Sendable, CaseIterable {
    case legacy
    case ecsV1 = "ecs-v1"
}

/// Named pattern definitions: `%{NAME}` looks here.
///
/// A later definition of a name replaces an earlier one, so custom definitions are added after a series.
package struct PatternLibrary: Sendable {
    /// One definition and where it was read.
    package struct Definition: Sendable, Equatable {
        package let name: String
        package let expression: String
        /// The file, or what stands in its place in a message.
        package let file: String
        /// The line, from 1.
        package let line: Int
        /// The comment line above it, without `#`.
        package let comment: String?

        /// What the pattern matches, from its comment `# what — sample`.
        package var about: String? { comment.map { parts($0).about } }
        /// A line that the pattern matches, from its comment; nil when it names none.
        package var sample: String? { comment.flatMap { parts($0).sample } }

        private func parts(_ comment: String) -> (about: String, sample: String?) {
            let dash = Array(" — ".utf8)
            let bytes = Array(comment.utf8)
            var index = 0
            while index + dash.count <= bytes.count {
                if bytes[index..<(index + dash.count)].elementsEqual(dash) {
                    return (
                        String(decoding: bytes[..<index], as: UTF8.self),
                        String(decoding: bytes[(index + dash.count)...], as: UTF8.self)
                    )
                }
                index += 1
            }
            return (comment, nil)
        }
    }

    private var definitions: [String: Definition] = [:]
    /// The names in the order they were first defined.
    package private(set) var names: [String] = []
    /// What was read of these definitions; another object when one is added.
    private(set) var read = ReadDefinitions()

    /// A library without a definition.
    package init() {}

    /// A shipped series, from the pattern folder next to the program or, when there is none, from the copy inside it.
    ///
    /// Each parser of a configuration asks for one. The folder is read again when one of its files is another than before.
    package init(series: PatternSeries) throws(PatternLibraryError) {
        if let folder = PatternFolder.find() {
            let path = folder + "/" + series.rawValue
            let state = try PatternFolder.state(of: path)
            if let known = Self.known.withLock({ $0[path] }), known.state == state {
                self = known.library
                return
            }
            try add(path: path)
            let library = self
            Self.known.withLock { $0[path] = (state, library) }
        } else {
            if let known = Self.known.withLock({ $0[series.rawValue] }) {
                self = known.library
                return
            }
            for (file, text) in EmbeddedPatterns.files(of: series) { add(text: text, file: file) }
            let library = self
            Self.known.withLock { $0[series.rawValue] = ([], library) }
        }
    }

    /// What was read of the series, by folder or, for the copy inside the program, by name: one entry each.
    private static let known = Mutex<[String: (state: [PatternFolder.FileState], library: PatternLibrary)]>([:])

    /// The definition of a name, if there is one.
    package func definition(of name: String) -> Definition? { definitions[name] }

    /// Adds one definition given in the configuration itself.
    package mutating func add(
        name: String, expression: String, file: String = "inline definition", line: Int = 1, comment: String? = nil
    ) {
        if definitions[name] == nil { names.append(name) }
        read = ReadDefinitions()
        definitions[name] = Definition(name: name, expression: expression, file: file, line: line, comment: comment)
    }

    /// Adds the definitions of a file's text: `NAME regexp` a line.
    ///
    /// The name ends at the first white space, what follows it belongs to the expression to the end of the line,
    /// trailing spaces included; `#` in column 0 begins a comment; a name alone defines nothing.
    package mutating func add(text: String, file: String) {
        var number = 0
        var comment: Substring.UTF8View?
        for part in text.utf8.split(separator: 0x0A, omittingEmptySubsequences: false) {
            number += 1
            var line = part
            if line.last == 0x0D { line = line.dropLast() }
            let above = comment
            comment = line.first == UInt8(ascii: "#") ? line : nil
            guard line.first != UInt8(ascii: "#"), let end = line.firstIndex(where: Self.isSpace),
                let start = line[end...].firstIndex(where: { !Self.isSpace($0) }), end > line.startIndex
            else { continue }
            add(
                name: String(decoding: line[..<end], as: UTF8.self),
                expression: String(decoding: line[start...], as: UTF8.self), file: file, line: number,
                comment: above.map { String(decoding: $0.dropFirst().drop(while: Self.isSpace), as: UTF8.self) })
        }
    }

    /// Adds a file, or every file of a folder in the order of their names.
    package mutating func add(path: String) throws(PatternLibraryError) {
        for file in try PatternFolder.files(at: path) {
            add(text: try PatternFolder.text(of: file), file: file)
        }
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }

    /// The known name nearest to a misspelt one, if any is near; upper and lower case count as the same letter.
    package func nearest(to name: String) -> String? {
        let limit = name.count < 4 ? 1 : max(2, name.count / 3)
        let wanted = name.uppercased()
        var best: (name: String, distance: Int)?
        for candidate in names {
            let bound = best.map { $0.distance - 1 } ?? limit
            if let distance = EditDistance.between(candidate.uppercased(), wanted, limit: bound) {
                best = (candidate, distance)
            }
        }
        return best?.name
    }
}

/// Why pattern definitions could not be read.
package struct PatternLibraryError: Error, Equatable, CustomStringConvertible {
    /// The file or folder.
    package let path: String
    /// What the system said.
    package let reason: String
    package var description: String { "cannot read pattern definitions from \(path): \(reason)" }
}
