/// A configuration as it was read: the tree, and everything there is to say about its text.
package struct ConfigDocument {
    /// The whole configuration, a section named `ROOT`.
    package let root: Section
    /// Errors and warnings of the syntax; readers of sections add theirs to it.
    package let diagnostics: Diagnostics
    /// The path that was asked for.
    package let path: String
    /// Where its files came from, and those come from that its code names.
    package let files: any FileSource

    /// Reads a configuration file and all it includes.
    ///
    /// Never fails: what is wrong stands in `diagnostics`, and the tree holds what could be understood, so that
    /// errors in the meaning of parameters can be reported together with those of the syntax.
    package static func load(
        path: String, environment: ConfigEnvironment, from source: any FileSource = DiskFiles(),
        limits: ConfigLimits = ConfigLimits()
    ) -> ConfigDocument {
        let reading = Diagnostics(maximumCount: limits.maximumDiagnostics)
        let file: SourceFile
        if isYAML(path) {
            reading.add(Diagnostic(.error, file: path, "the configuration is YAML", hint: yamlHint))
            return empty(path, reading, source)
        }
        do throws(FileFailure) {
            file = Self.file(
                path: path, bytes: try source.read(path, maximumBytes: limits.maximumFileBytes), reading)
        } catch {
            reading.add(Diagnostic(.error, file: path, "cannot read the configuration: \(error.reason)"))
            return empty(path, reading, source)
        }
        return parse(file, reading, environment: environment, from: source, limits: limits)
    }

    private static func empty(
        _ path: String, _ diagnostics: Diagnostics, _ files: any FileSource
    ) -> ConfigDocument {
        let file = SourceFile(path: path, bytes: [])
        return ConfigDocument(root: OpenSection.root(file).section, diagnostics: diagnostics, path: path, files: files)
    }

    /// Fluentd decides by the name, too.
    static func isYAML(_ path: String) -> Bool {
        path.hasSuffix(".yaml") || path.hasSuffix(".yml")
    }

    static let yamlHint = "only Fluentd's own format (.conf) is read: write <source> … </source>"

    /// Parses text in memory; what it includes comes from `source`.
    package static func parse(
        _ text: String, path: String = "fluent.conf", environment: ConfigEnvironment = ConfigEnvironment(),
        from source: any FileSource = MemoryFiles([:]), limits: ConfigLimits = ConfigLimits()
    ) -> ConfigDocument {
        parse(bytes: Array(text.utf8), path: path, environment: environment, from: source, limits: limits)
    }

    /// Parses bytes in memory, which need not be valid UTF-8.
    package static func parse(
        bytes: [UInt8], path: String = "fluent.conf", environment: ConfigEnvironment = ConfigEnvironment(),
        from source: any FileSource = MemoryFiles([:]), limits: ConfigLimits = ConfigLimits()
    ) -> ConfigDocument {
        let reading = Diagnostics(maximumCount: limits.maximumDiagnostics)
        let file = Self.file(path: path, bytes: bytes, reading)
        return parse(file, reading, environment: environment, from: source, limits: limits)
    }

    private static func parse(
        _ file: SourceFile, _ reading: Diagnostics, environment: ConfigEnvironment, from source: any FileSource,
        limits: ConfigLimits
    ) -> ConfigDocument {
        let session = ParseSession(source: source, environment: environment, limits: limits, root: file)
        session.parse(file)
        session.open[0].section.reportDuplicates(session.diagnostics)
        var root = session.open[0].section
        var diagnostics = session.diagnostics
        let hasTagErrors = session.hasTagErrors
        if session.hasTagErrors, !session.isStopped {
            session.restart(root: file)
            session.parse(file)
            session.open[0].section.reportDuplicates(session.diagnostics)
            if session.diagnostics.errorCount <= diagnostics.errorCount {
                root = session.open[0].section
                diagnostics = session.diagnostics
            }
        }
        reading.add(contentsOf: diagnostics)
        reading.hasTagErrors = reading.hasErrors && hasTagErrors
        return ConfigDocument(root: root, diagnostics: reading, path: file.path, files: source)
    }

    /// The bytes of a file with what is not UTF-8 repaired, so that every offset is one of valid text.
    static func file(path: String, bytes: [UInt8], _ diagnostics: Diagnostics) -> SourceFile {
        let repaired = Array(String(decoding: bytes, as: UTF8.self).utf8)
        let file = SourceFile(path: path, bytes: repaired)
        if repaired != bytes {
            let first = zip(repaired, bytes).enumerated().first { $0.element.0 != $0.element.1 }?.offset
            let offset = first ?? min(repaired.count, bytes.count)
            diagnostics.warning(
                Place(file, offset, offset + 3), "the file is not valid UTF-8; what is not was replaced by U+FFFD",
                hint: "save it as UTF-8")
        }
        return file
    }
}

extension Section {
    /// Sections that may stand once only.
    fileprivate func reportDuplicates(_ diagnostics: Diagnostics) {
        var seen: [String: Section] = [:]
        func check(_ section: Section, _ key: String) {
            if let first = seen[key] {
                diagnostics.error(
                    section.place, "\(section.tag) stands here a second time", hint: "put both into one section",
                    related: [.init(first.place, "the first one is here")])
            } else {
                seen[key] = section
            }
        }
        for section in sections where section.name == "system" { check(section, "system") }
        for section in sections where section.name == "label" {
            switch section.argument.text {
            case "":
                diagnostics.error(section.place, "<label> without a name", hint: "write <label @NAME>")
            case "@ROOT":
                diagnostics.error(
                    section.argument.place, "<label @ROOT> is reserved for the top level",
                    hint: "put its filters and matches at the top level")
            case let name: check(section, "label " + name)
            }
        }
    }
}
