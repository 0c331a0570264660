import ConfigFile
import TestSupport
import Testing

@Suite struct DeletionTests {
    @Test("a configuration that Fluentd runs has no errors", arguments: Files.names(in: Files.corpus))
    func accepts(_ name: String) throws {
        let document = ConfigDocument.load(path: Files.corpus + "/" + name, environment: ConfigEnvironment())
        #expect(DiagnosticRenderer().render(document.diagnostics, file: name) == "")
        #expect(!document.root.sections.isEmpty)
    }

    @Test(
        "one missing character gives at most three errors, the first of them near it",
        arguments: Files.names(in: Files.corpus))
    func deletesEachCharacter(_ name: String) throws {
        let bytes = try Files.bytes(Files.corpus + "/" + name)
        var histogram: [Int: Int] = [:]
        for index in LongTests.sample(bytes.indices, count: 120) {
            var damaged = bytes
            damaged.remove(at: index)
            let document = ConfigDocument.parse(bytes: damaged)
            let errors = document.diagnostics.inFileOrder.filter { $0.severity == .error }
            histogram[errors.count, default: 0] += 1
            let rendered = DiagnosticRenderer().render(document.diagnostics, file: name)
            #expect(errors.count <= 3, "byte \(index): \(rendered)")
            guard let first = errors.first else { continue }
            let line = bytes[..<index].count { $0 == UInt8(ascii: "\n") } + 1
            // An error may point at the opening tag of the damaged section, so all places that it names count.
            let lines = errors.flatMap { [$0.line] + $0.related.map(\.line) }
            #expect(lines.contains { abs($0 - line) <= 1 }, "byte \(index), line \(line): \(rendered)")
            #expect(first.line >= 1 && first.column >= 1)
        }
        print("deletions in \(name): errors -> count", histogram.sorted { $0.key < $1.key })
    }
}
