import ConfigFile
import Testing

@Suite struct FuzzReplayTests {
    @Test("inputs that once failed do no harm", arguments: Files.names(in: Files.failCases))
    func replays(_ name: String) throws {
        let document = ConfigDocument.parse(bytes: try Files.bytes(Files.failCases + "/" + name))
        _ = DiagnosticRenderer().render(document.diagnostics, file: name)
        _ = document.root.dump(document.diagnostics)
        for section in document.root.sections {
            let reader = SectionReader(section, diagnostics: document.diagnostics)
            for parameter in section.parameters { _ = reader.regexp(parameter.key) }
            reader.finish()
        }
        #expect(document.diagnostics.all.count <= document.diagnostics.maximumCount)
    }
}
