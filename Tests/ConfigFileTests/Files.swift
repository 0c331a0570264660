import ConfigFile

/// Files of the repository, found from this one's own path.
enum Files {
    static let tests = String(
        #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(2).joined(separator: "/"))
    static let golden = tests + "/ConfigFileTests/Golden"
    static let corpus = tests + "/Fuzz/ConfigFile/Corpus"
    static let failCases = tests + "/Fuzz/ConfigFile/FailCases"

    static func names(in directory: String) -> [String] {
        (DiskFiles().entries(ofDirectory: directory) ?? []).filter { !$0.hasPrefix(".") }.sorted()
    }

    static func bytes(_ path: String) throws -> [UInt8] {
        try DiskFiles().read(path, maximumBytes: 1 << 26)
    }

    static func text(_ path: String) throws -> String {
        String(decoding: try bytes(path), as: UTF8.self)
    }
}

/// Text as a configuration, parsed, with its messages as text.
struct Parsed {
    let document: ConfigDocument
    var root: Section { document.root }
    var diagnostics: Diagnostics { document.diagnostics }
    /// `line:column severity message`, in the order of the file.
    var messages: [String] {
        diagnostics.inFileOrder.map { "\($0.line):\($0.column) \($0.severity.rawValue) \($0.message)" }
    }
    var hints: [String] { diagnostics.inFileOrder.map { $0.hint ?? "" } }
    var rendered: String { DiagnosticRenderer().render(diagnostics, file: "fluent.conf") }

    init(_ text: String, environment: [String: String] = [:], files: [String: String] = [:]) {
        document = ConfigDocument.parse(
            text, environment: ConfigEnvironment(variables: environment, hostname: "host.example", workerID: 3),
            from: MemoryFiles(files))
    }

    /// The value of `key` in the first section.
    func value(_ key: String) -> Parameter.Value? { root.sections.first?.parameter(key)?.value }
    func text(_ key: String) -> String? { root.sections.first?.parameter(key)?.text }
}

/// A `<source>` around lines.
func source(_ lines: String) -> String { "<source>\n\(lines)\n</source>\n" }
