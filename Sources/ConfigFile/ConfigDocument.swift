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

    /// In which language a configuration is written.
    package enum Format: Sendable {
        /// By the ending of its name, as Fluentd does it: `.yaml` and `.yml` are YAML.
        case byName
        case classic
        case yaml
    }

    /// Reads a configuration file and all it includes.
    ///
    /// Never fails: what is wrong stands in `diagnostics`, and the tree holds what could be understood, so that
    /// errors in the meaning of parameters can be reported together with those of the syntax.
    /// - Parameter appending: texts in the classic format that stand behind the file's own.
    package static func load(
        path: String, as format: Format = .byName, appending: [String] = [], environment: ConfigEnvironment,
        from source: any FileSource = DiskFiles(), limits: ConfigLimits = ConfigLimits()
    ) -> ConfigDocument {
        do throws(FileFailure) {
            let bytes = try source.read(path, maximumBytes: limits.maximumFileBytes)
            return parse(
                bytes: bytes, path: path, as: format, appending: appending, environment: environment, from: source,
                limits: limits)
        } catch {
            let reading = Diagnostics(maximumCount: limits.maximumDiagnostics)
            reading.add(Diagnostic(.error, file: path, "cannot read the configuration: \(error.reason)"))
            let root = OpenSection.root(SourceFile(path: path, bytes: [])).section
            return ConfigDocument(root: root, diagnostics: reading, path: path, files: source)
        }
    }

    static func isYAML(_ path: String) -> Bool {
        path.hasSuffix(".yaml") || path.hasSuffix(".yml")
    }

    /// Parses text in memory; what it includes comes from `source`.
    package static func parse(
        _ text: String, path: String = "fluent.conf", environment: ConfigEnvironment = ConfigEnvironment(),
        from source: any FileSource = MemoryFiles([:]), limits: ConfigLimits = ConfigLimits()
    ) -> ConfigDocument {
        parse(bytes: Array(text.utf8), path: path, environment: environment, from: source, limits: limits)
    }

    /// Parses bytes in memory, which need not be valid UTF-8.
    package static func parse(
        bytes: [UInt8], path: String = "fluent.conf", as format: Format = .byName, appending: [String] = [],
        environment: ConfigEnvironment = ConfigEnvironment(), from source: any FileSource = MemoryFiles([:]),
        limits: ConfigLimits = ConfigLimits()
    ) -> ConfigDocument {
        let reading = Diagnostics(maximumCount: limits.maximumDiagnostics)
        if format == .yaml || format == .byName && isYAML(path) {
            let yaml = YAMLFile(path: path, bytes: repaired(bytes, path: path, reading), reading)
            let session = ParseSession(source: source, environment: environment, limits: limits, root: yaml.file)
            YAMLBuilder(session: session).build(yaml)
            // Nothing can be appended to YAML, so it is a file of its own.
            if !appending.isEmpty {
                session.parse(SourceFile(path: "--inline-config", text: appending.joined(separator: "\n")))
            }
            return finished(session, reading, path)
        }
        let whole = bytes + appending.flatMap { [Byte.newline] + Array($0.utf8) }
        let file = Self.file(path: path, bytes: whole, reading)
        let session = ParseSession(source: source, environment: environment, limits: limits, root: file)
        session.parse(file)
        return finished(session, reading, path) {
            session.restart(root: file)
            session.parse(file)
        }
    }

    /// What a session has read, with the files of `config_include_dir`.
    /// - Parameter again: reads the same once more, now that tags are known not to match.
    private static func finished(
        _ session: ParseSession, _ reading: Diagnostics, _ path: String, again: (() -> Void)? = nil
    ) -> ConfigDocument {
        func finish() {
            session.includeFolder()
            session.open[0].section.reportDuplicates(session.diagnostics)
        }
        finish()
        var root = session.open[0].section
        var diagnostics = session.diagnostics
        let hasTagErrors = session.hasTagErrors
        if hasTagErrors, !session.isStopped, let again {
            again()
            finish()
            if session.diagnostics.errorCount <= diagnostics.errorCount {
                root = session.open[0].section
                diagnostics = session.diagnostics
            }
        }
        reading.add(contentsOf: diagnostics)
        reading.readsFiles = session.source.isRead
        reading.hasTagErrors = reading.hasErrors && hasTagErrors
        return ConfigDocument(root: root, diagnostics: reading, path: path, files: session.source)
    }

    /// The bytes of a file with what is not UTF-8 repaired, so that every offset is one of valid text.
    static func file(path: String, bytes: [UInt8], _ diagnostics: Diagnostics) -> SourceFile {
        SourceFile(path: path, bytes: repaired(bytes, path: path, diagnostics))
    }

    /// What is not UTF-8 is reported and becomes U+FFFD.
    static func repaired(_ bytes: [UInt8], path: String, _ diagnostics: Diagnostics) -> [UInt8] {
        let repaired = Array(String(decoding: bytes, as: UTF8.self).utf8)
        if repaired != bytes {
            let file = SourceFile(path: path, bytes: repaired)
            let first = zip(repaired, bytes).enumerated().first { $0.element.0 != $0.element.1 }?.offset
            let offset = first ?? min(repaired.count, bytes.count)
            diagnostics.warning(
                Place(file, offset, offset + 3), "the file is not valid UTF-8; what is not was replaced by U+FFFD",
                hint: "save it as UTF-8")
        }
        return repaired
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
