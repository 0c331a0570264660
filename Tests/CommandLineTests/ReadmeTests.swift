import CommandLine
import Foundation
import Testing

/// The README's list of exit statuses is the program's.
@Suite struct ReadmeTests {
    @Test("the README names each exit status that there is, and no other")
    func exitStatuses() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let readme = try String(contentsOf: root.appendingPathComponent("README.md"), encoding: .utf8)
        let row = try #require(readme.split(separator: "\n").first { $0.hasPrefix("| exit status |") })
        // A cell's own `\|` splits it as well, which does no harm: a status stands behind a dot or begins the cell.
        let listed = row.split(separator: "|").flatMap { $0.split(separator: "·") }.compactMap {
            $0.split(separator: " ").first.flatMap { Int32($0) }
        }
        #expect(
            listed == [
                ExitStatus.success, ExitStatus.failure, ExitStatus.configuration, ExitStatus.usage,
                ExitStatus.cannotRead, ExitStatus.cannotWrite,
            ])
    }
}
