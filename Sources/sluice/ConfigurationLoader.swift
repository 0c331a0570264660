import CommandLine
import ConfigFile
import Glibc
import Pipeline

/// Finds, reads and checks the configuration that a command line means.
enum ConfigurationLoader {
    struct Loaded {
        var path: String
        var document: ConfigDocument
        var plan: PipelinePlan
    }

    /// The file to use; nil when none of the candidates exists.
    static func path(_ given: String?) -> String? {
        if let given { return given }
        let candidates = RunOptions.configurationCandidates(
            fluentdConf: environment("FLUENTD_CONF"), fluentConf: environment("FLUENT_CONF"))
        if candidates.count == 1 { return candidates[0] }
        return candidates.first { unsafe access($0, R_OK) == 0 }
    }

    static let noConfiguration =
        "Error: no configuration was found: FLUENTD_CONF and FLUENT_CONF are not set, and there is no fluent.conf in /fluentd/etc, /etc/fluent or .\n"
        + "  name one: sluice run -c FILE\n"

    /// How a configuration is read, as a command line says it.
    struct Manner {
        var format = ConfigDocument.Format.byName
        /// `--skip-unknown`
        var skipsUnknown = false
        /// A file is checked apart from its variables.
        var toleratesUnset = false
        /// `--inline-config` texts, which stand behind the file's own.
        var appending: [String] = []

        init() {}

        init(_ parsed: ParsedCommand) {
            switch parsed.value(RunOptions.configFileType) {
            case "yaml": format = .yaml
            case "v1": format = .classic
            default: format = .byName
            }
            skipsUnknown = parsed.has(RunOptions.skipUnknown)
        }
    }

    /// - Parameter opensFiles: whether the files that it names are looked at, as a start would.
    /// - Parameter keepsBuffersInMemory: whether buffers in files, which a daemon may have, are left alone.
    /// - Parameter others: variables in front of the process's own.
    static func load(
        _ path: String, _ manner: Manner = Manner(), variables others: [String: String] = [:],
        opensFiles: Bool = false, keepsBuffersInMemory: Bool = false
    ) -> Loaded {
        let environment = ConfigEnvironment(
            variables: variables().merging(others) { $1 }, hostname: hostname(), workingDirectory: workingDirectory())
        let document = ConfigDocument.load(
            path: path, as: manner.format, appending: manner.appending, environment: environment)
        document.diagnostics.toleratesUnset = manner.toleratesUnset
        return Loaded(
            path: path, document: document,
            plan: PlanBuilder.build(
                document, environment: environment, opensFiles: opensFiles,
                keepsBuffersInMemory: keepsBuffersInMemory, skipsUnknown: manner.skipsUnknown))
    }

    /// For commands that work on a plan without a daemon. nil: it cannot be run, and standard error has why.
    static func runnable(_ path: String, variables others: [String: String] = [:]) -> PipelinePlan? {
        let loaded = load(path, variables: others, keepsBuffersInMemory: true)
        guard loaded.document.diagnostics.hasErrors else { return loaded.plan }
        StandardError.write(report(loaded, to: .standardError))
        return nil
    }

    /// What there is to say about a configuration, for a terminal or a file.
    static func report(_ loaded: Loaded, to terminal: Terminal) -> String {
        DiagnosticRenderer(colour: terminal.allowsColour, maximumWidth: max(terminal.width - 8, 60))
            .render(loaded.document.diagnostics, file: loaded.path)
    }

    static func environment(_ name: String) -> String? { unsafe getenv(name).map { unsafe String(cString: $0) } }

    private static func variables() -> [String: String] {
        var variables: [String: String] = [:]
        var entry = unsafe environ
        while let pointer = unsafe entry.pointee {
            let text = unsafe String(cString: pointer)
            if let equals = text.firstIndex(of: "=") {
                variables[String(text[..<equals])] = String(text[text.index(after: equals)...])
            }
            unsafe entry += 1
        }
        return variables
    }

    private static func workingDirectory() -> String {
        // Memory of the C library's, which is ours to free.
        guard let path = unsafe getcwd(nil, 0) else { return "." }
        defer { unsafe free(path) }
        return unsafe String(cString: path)
    }

    private static func hostname() -> String {
        var buffer = [CChar](repeating: 0, count: 256)
        guard unsafe gethostname(&buffer, buffer.count - 1) == 0 else { return "localhost" }
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
