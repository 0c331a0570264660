import ConfigFile
import Foundation
import Pipeline
import TestSupport
import Testing

/// A configuration, read and planned, with its messages as text.
struct Checked {
    let document: ConfigDocument
    let plan: PipelinePlan

    static let environment = ConfigEnvironment(hostname: "host.example")

    init(_ text: String, files: [String: String] = [:]) { self.init(bytes: Array(text.utf8), files: files) }

    init(bytes: [UInt8], files: [String: String] = [:]) {
        document = ConfigDocument.parse(bytes: bytes, environment: Self.environment, from: MemoryFiles(files))
        plan = PlanBuilder.build(document, environment: Self.environment)
    }

    init(path: String, variables: [String: String] = [:]) {
        let environment = ConfigEnvironment(variables: variables, hostname: "host.example")
        document = ConfigDocument.load(path: path, environment: environment)
        plan = PlanBuilder.build(document, environment: environment)
    }

    var diagnostics: Diagnostics { document.diagnostics }
    var errors: [Diagnostic] { diagnostics.inFileOrder.filter { $0.severity == .error } }
    /// `line:column severity message`, in the order of the file.
    var messages: [String] {
        diagnostics.inFileOrder.map { "\($0.line):\($0.column) \($0.severity.rawValue) \($0.message)" }
    }
    /// An expected message may be shortened: what another room says about the value is that room's to test.
    static func expect(_ text: String, _ expected: [String], sourceLocation: SourceLocation = #_sourceLocation) {
        let checked = Checked(text)
        let isEqual =
            checked.messages.count == expected.count
            && zip(checked.messages, expected).allSatisfy { $0.hasPrefix($1) }
        #expect(
            isEqual, "\(checked.rendered)\nexpected: \(expected)\ngot: \(checked.messages)",
            sourceLocation: sourceLocation)
        for diagnostic in checked.errors {
            #expect(diagnostic.hint != nil || diagnostic.message.count > 30, sourceLocation: sourceLocation)
        }
    }

    var rendered: String { DiagnosticRenderer().render(diagnostics, file: "fluent.conf") }
}

/// Files of the repository that the tests read.
enum Repository {
    static let root = GoldenData.tests.deletingLastPathComponent().path
    static let corpus = root + "/Tests/Fuzz/ConfigFile/Corpus"
    static let golden = root + "/Tests/PipelineTests/Golden"
    static let behaviour = root + "/Tests/Behaviour"

    static func names(in folder: String, ending: String = "") -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.filter { !$0.hasPrefix(".") && $0.hasSuffix(ending) }.sorted()
    }

    static func text(_ path: String) throws -> String {
        String(decoding: try Data(contentsOf: URL(fileURLWithPath: path)), as: UTF8.self)
    }
}
