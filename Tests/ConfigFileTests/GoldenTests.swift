import ConfigFile
import Foundation
import Testing

/// What a user sees for a damaged configuration, character by character. After a deliberate change run once with
/// `SLUICE_UPDATE_GOLDEN=1` and read the difference.
@Suite struct GoldenTests {
    static let names = Files.names(in: Files.golden).filter { $0.hasSuffix(".conf") || $0.hasSuffix(".yaml") }

    @Test("the messages for a configuration are those of its golden file", arguments: names)
    func renders(_ name: String) throws {
        // Relative paths, so that messages do not depend on where the repository stands.
        var files: [String: [UInt8]] = [:]
        for file in Self.names { files[file] = try Files.bytes(Files.golden + "/" + file) }
        let document = ConfigDocument.load(
            path: name, environment: ConfigEnvironment(hostname: "host.example"), from: MemoryFiles(bytes: files))
        let text = DiagnosticRenderer().render(document.diagnostics, file: name)
        let goldenPath = Files.golden + "/" + name.replacing(".conf", with: "") + ".txt"
        if ProcessInfo.processInfo.environment["SLUICE_UPDATE_GOLDEN"] != nil {
            try text.write(toFile: goldenPath, atomically: true, encoding: .utf8)
        }
        #expect(try Files.text(goldenPath) == text)
    }
}
