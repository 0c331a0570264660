import ConfigFile
import Testing

/// What the README says about `#{…}` is what is evaluated.
@Suite struct ReadmeTests {
    /// What stands in backticks in the right column of the table under "Embedded code".
    private static func samples() throws -> [String] {
        let root = Files.tests.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
        let readme = try Files.text(root + "/README.md")
        let start = try #require(readme.range(of: "### Embedded code\n")?.upperBound)
        let end = try #require(readme[start...].range(of: "\n### ")?.lowerBound)
        var samples: [String] = []
        for row in readme[start..<end].split(separator: "\n") where row.hasPrefix("| ") {
            let cells = String(row).replacing("\\|", with: "¦").split(separator: "|")
            let parts = (cells.last ?? "").split(separator: "`", omittingEmptySubsequences: false)
            for (index, part) in parts.enumerated() where index % 2 == 1 {
                samples.append(String(part).replacing("¦", with: "|"))
            }
        }
        return samples
    }

    @Test("each piece of code in the README's table is evaluated without a word")
    func table() throws {
        let samples = try Self.samples()
        #expect(samples.count > 35)
        for sample in samples {
            let parsed = Parsed(
                source(##"k "#{\##(sample)}""##), environment: ["X": "a", "N": "1"], files: ["F": "text"])
            #expect(parsed.rendered == "", "\(sample)")
        }
    }

    @Test(
        "code that the language does not have is an error",
        arguments: ["`date`", "record['a']", "ENV = 1", "loop { 1 }"])
    func others(_ code: String) {
        #expect(Parsed(source(##"k "#{\##(code)}""##)).diagnostics.errorCount == 1)
    }
}
