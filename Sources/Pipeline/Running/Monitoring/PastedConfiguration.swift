internal import ConfigFile

/// A configuration that somebody pasted into the monitor's page: checked like a file, but it learns nothing of the machine.
enum PastedConfiguration {
    /// As `sluice check --format json`: errors with their places, and the plan.
    ///
    /// Variables are taken for unset, files for unreadable, and no buffer or certificate is looked at.
    static func check(_ text: String) -> String {
        let environment = ConfigEnvironment()
        let document = ConfigDocument.parse(
            text, path: "pasted.conf", environment: environment, from: UnreadFiles())
        document.diagnostics.toleratesUnset = true
        let plan = PlanBuilder.build(document, environment: environment, keepsBuffersInMemory: true)
        return PlanReport.json(plan, diagnostics: document.diagnostics)
    }

    /// Files that are not there, whatever they are called.
    private struct UnreadFiles: FileSource {
        func read(_ path: String, maximumBytes: Int) throws(FileFailure) -> [UInt8] {
            throw FileFailure(reason: "no file is read for a pasted configuration")
        }

        func entries(ofDirectory path: String) -> [String]? { nil }
        var isRead: Bool { false }
        func exists(_ path: String) -> Bool { false }
        func identity(of path: String) -> String { path }
    }
}
