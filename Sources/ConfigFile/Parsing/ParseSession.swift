/// What all files of one configuration share while they are parsed: the open sections, the messages, the includes.
///
/// A class because included files work on the same open sections. Used by one thread.
final class ParseSession {
    let source: any FileSource
    let embedded: EmbeddedCode
    let limits: ConfigLimits
    var diagnostics: Diagnostics
    /// Sections whose end has not come; the first is the root.
    var open: [OpenSection]
    /// Whether indentation decides where an unclosed section ended. Only on the second pass, when the first found
    /// that the tags do not match: a correct file means what it says, whatever its indentation.
    var isGuided = false
    /// Whether a tag was missing or did not match.
    var hasTagErrors = false
    /// Set when going on makes no sense.
    var isStopped = false

    /// Files being read, outermost first, by identity.
    private var includePath: [String] = []
    private var files: [String: SourceFile] = [:]
    private var includedCount = 0

    init(source: any FileSource, environment: ConfigEnvironment, limits: ConfigLimits, root: SourceFile) {
        self.source = source
        self.embedded = EmbeddedCode(environment: environment, files: source)
        self.limits = limits
        self.diagnostics = Diagnostics(maximumCount: limits.maximumDiagnostics)
        self.open = [OpenSection.root(root)]
    }

    /// Back to an empty tree for a second pass; files read stay read.
    func restart(root: SourceFile) {
        diagnostics = Diagnostics(maximumCount: limits.maximumDiagnostics)
        open = [OpenSection.root(root)]
        hasTagErrors = false
        isStopped = false
        includedCount = 0
        isGuided = true
    }

    /// Parses a file into the innermost open section.
    func parse(_ file: SourceFile) {
        reading(file.path) {
            var parser = FileParser(file: file, session: self)
            parser.parse()
        }
    }

    /// Notes that a file is being read meanwhile, so that it is seen when it includes itself.
    func reading(_ path: String, _ body: () -> Void) {
        includePath.append(source.identity(of: path))
        body()
        includePath.removeLast()
    }

    /// Reads and parses the files that an `@include` names.
    func include(_ path: String, at place: Place) {
        for match in matches(of: path, at: place) where !isStopped && mayInclude(match, at: place) {
            if ConfigDocument.isYAML(match) {
                diagnostics.error(
                    place, "'\(match)' is YAML, which a configuration of this format cannot include",
                    hint: "name a YAML file on the command line; it can include others: - !include PATH")
            } else if let file = included(match, at: place) {
                parse(file)
            }
        }
    }

    /// The files that an include names, sorted; that there are none is said.
    func matches(of path: String, at place: Place) -> [String] {
        guard source.isRead else {
            diagnostics.warning(
                place, "'\(path)' is not included: no file is read here", hint: "paste what stands in it")
            return []
        }
        var path = path
        if let scheme = Self.scheme(of: path) {
            guard scheme == "file" else {
                diagnostics.error(
                    place, "'\(scheme)' cannot be included: only files on this machine",
                    hint: "fetch the file before the start and include the copy")
                return []
            }
            path.removeFirst("file://".count)
        }
        let pattern = path.hasPrefix("/") ? path : Self.join(Self.directory(of: place.file.path), path)
        let matches = Glob.paths(Self.normalised(pattern), in: source).filter { source.entries(ofDirectory: $0) == nil }
        if matches.isEmpty {
            diagnostics.warning(
                place, "nothing matches '\(pattern)'", hint: "the path is relative to the including file")
        }
        return matches
    }

    /// Whether a file can be included here; why not is reported.
    func mayInclude(_ path: String, at place: Place) -> Bool {
        let identity = source.identity(of: path)
        if includePath.contains(identity) {
            diagnostics.error(
                place, "'\(path)' includes itself: \((includePath + [identity]).joined(separator: " -> "))",
                hint: "remove one of these includes")
            return false
        }
        if includePath.count > limits.maximumIncludeDepth {
            diagnostics.error(
                place, "includes are nested more than \(limits.maximumIncludeDepth) deep",
                hint: "include the file from a file further up")
            return false
        }
        includedCount += 1
        if includedCount > limits.maximumIncludedFiles {
            diagnostics.error(
                place, "more than \(limits.maximumIncludedFiles) files are included",
                hint: "a file included from several files counts each time")
            isStopped = true
            return false
        }
        return true
    }

    /// `config_include_dir` of `<system>`: the files of a folder and those below it, as if they stood at the end.
    func includeFolder() {
        let settings = open[0].section.sections(named: "system").compactMap { $0.parameter("config_include_dir") }
        guard let setting = settings.last, let folder = setting.text, !folder.isEmpty else { return }
        guard source.entries(ofDirectory: folder) != nil else {
            diagnostics.warning(
                setting.valuePlace, "there is no folder '\(folder)'", hint: "nothing is included from it")
            return
        }
        let pattern = (folder.hasSuffix("/") ? folder : folder + "/") + "**/*.{conf,yaml,yml}"
        for path in Glob.paths(pattern, in: source) where source.entries(ofDirectory: path) == nil && !isStopped {
            guard mayInclude(path, at: setting.valuePlace) else { continue }
            if ConfigDocument.isYAML(path) {
                guard let bytes = bytes(of: path, at: setting.valuePlace) else { continue }
                let repaired = ConfigDocument.repaired(bytes, path: path, diagnostics)
                YAMLBuilder(session: self).build(YAMLFile(path: path, bytes: repaired, diagnostics))
            } else if let file = included(path, at: setting.valuePlace) {
                parse(file)
            }
        }
    }

    private func included(_ path: String, at place: Place) -> SourceFile? {
        if let known = files[path] { return known }
        guard let bytes = bytes(of: path, at: place) else { return nil }
        let file = ConfigDocument.file(path: path, bytes: bytes, diagnostics)
        files[path] = file
        return file
    }

    /// What an included file holds; that it cannot be read is reported.
    func bytes(of path: String, at place: Place) -> [UInt8]? {
        do throws(FileFailure) {
            return try source.read(path, maximumBytes: limits.maximumFileBytes)
        } catch {
            diagnostics.error(place, "cannot read '\(path)': \(error.reason)")
            return nil
        }
    }

    private static func scheme(of path: String) -> String? {
        guard let end = path.firstRange(of: "://")?.lowerBound, end > path.startIndex else { return nil }
        let scheme = path[..<end]
        return scheme.utf8.allSatisfy(Byte.isName) ? String(scheme) : nil
    }

    private static func directory(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "" }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    private static func join(_ directory: String, _ path: String) -> String {
        directory.isEmpty ? path : directory.hasSuffix("/") ? directory + path : directory + "/" + path
    }

    /// Without `.` parts, and without `..` where the part before it is known.
    private static func normalised(_ path: String) -> String {
        var parts: [Substring] = []
        for part in path.split(separator: "/") where part != "." {
            if part == "..", let last = parts.last, last != ".." { parts.removeLast() } else { parts.append(part) }
        }
        return (path.hasPrefix("/") ? "/" : "") + parts.joined(separator: "/")
    }
}

/// A section whose end has not come.
struct OpenSection {
    var section: Section
    /// The name that was read, where `section.name` is what was meant.
    var writtenName: String
    /// Blanks before its opening tag.
    var indentation: Int
    /// Whether the last line was a parameter outside of any section, and reported: one message for the lot.
    var isInStrayParameters = false

    static func root(_ file: SourceFile) -> OpenSection {
        OpenSection(
            section: Section(
                name: "ROOT", argument: Argument(text: "", place: Place(file, 0, 0)), place: Place(file, 0, 0)),
            writtenName: "ROOT", indentation: -1)
    }
}

/// Bounds that keep a wrong or hostile configuration from taking the machine.
package struct ConfigLimits: Sendable {
    /// Files inside one another.
    package var maximumIncludeDepth = 16
    /// Files in all, counted as often as they are included.
    package var maximumIncludedFiles = 1024
    /// Sections inside one another.
    package var maximumSectionDepth = 64
    /// Size of one file, in bytes.
    package var maximumFileBytes = 16 * 1024 * 1024
    /// Messages kept; further ones are counted.
    package var maximumDiagnostics = 100

    package init() {}
}
