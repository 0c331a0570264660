import CommandLine
import Foundation
import Testing

@Suite struct HelpTests {
    private static let table = SluiceCommands.table

    @Test("the tool's help") func root() {
        expectGolden(HelpText(path: [Self.table.root]).text, "help.txt")
        expectGolden(HelpText(path: [Self.table.root], includingHidden: true).text, "help-hidden.txt")
    }

    @Test("each command's help", arguments: paths) func commands(_ path: [Command]) {
        expectGolden(HelpText(path: path).text, "help-\(path.dropFirst().map(\.name).joined(separator: "-")).txt")
    }

    /// Every command with those above it, the tool first.
    static let paths = below([table.root])

    private static func below(_ path: [Command]) -> [[Command]] {
        path[path.count - 1].subcommands.flatMap { [path + [$0]] + below(path + [$0]) }
    }

    @Test("hidden options of run") func hidden() {
        let text = HelpText(path: [Self.table.root, SluiceCommands.run], includingHidden: true).text
        expectGolden(text, "help-run-hidden.txt")
    }

    @Test("no line is wider than the terminal, except for a word that is", arguments: [40, 60, 80, 132])
    func widths(_ width: Int) {
        for path in Self.paths {
            let command = path[path.count - 1]
            let text = HelpText(path: path, width: width, includingHidden: true).text
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
            for line in lines where line.count > width {
                let words = line.split(separator: " ")
                let isExample = command.examples.contains { "  \($0.line)" == line }
                let isLabel = line.hasPrefix("  -")
                #expect(words.count <= 1 || isExample || isLabel, "\(width): \(line)")
            }
        }
    }

    @Test("the man page") func manual() throws {
        let text = ManPage(table: Self.table, version: "0.0.0").text
        expectGolden(text, "sluice.1")
        guard FileManager.default.isExecutableFile(atPath: "/usr/bin/groff") else { return }
        let (status, _, complaints) = try run("/usr/bin/groff", ["-man", "-Tascii", "-ww", "-z"], input: text)
        #expect(status == 0)
        #expect(complaints == "")
    }
}
