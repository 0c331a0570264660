import CommandLine
import Testing

/// What must hold for every entry of the table.
@Suite struct TableRulesTests {
    private static let root = SluiceCommands.table.root
    private static let commands = [root] + HelpTests.paths.map { $0[$0.count - 1] }

    @Test("names are unique, sentences are sentences", arguments: commands) func entries(_ command: Command) {
        let longs = command.allOptions.compactMap(\.long)
        let shorts = command.allOptions.compactMap(\.short)
        #expect(Set(longs).count == longs.count)
        #expect(Set(shorts).count == shorts.count)
        #expect(isSentence(command.abstract))
        for option in command.allOptions {
            #expect(option.long != nil || option.short != nil)
            if let reason = option.ignoredBecause {
                #expect(reason.hasSuffix("."), "\(option.name)")
            } else {
                #expect(isSentence(option.abstract), "\(option.name)")
            }
        }
        for argument in command.arguments { #expect(isSentence(argument.abstract)) }
        let names = command.subcommands.flatMap { [$0.name] + $0.aliases }
        #expect(Set(names).count == names.count)
        if let name = command.defaultSubcommand { #expect(command.subcommand(name) != nil) }
        let optional = command.arguments.firstIndex { $0.isOptional } ?? command.arguments.count
        #expect(command.arguments[optional...].allSatisfy { $0.isOptional }, "required arguments come first")
    }

    @Test("each example parses", arguments: commands.flatMap(\.examples).map(\.line)) func examples(_ line: String)
        throws
    {
        let words = try shellWords(line)
        let start = try #require(words.lastIndex(of: "sluice"))
        let typed = words[(start + 1)...].prefix { $0 != ">" && $0 != "|" }
        let request = try SluiceCommands.table.parse(Array(typed)).get()
        guard case .command(let parsed) = request else {
            Issue.record("\(line) asks for \(request)")
            return
        }
        #expect(parsed.warnings.isEmpty)
    }

    @Test("each option can be given, and is read back", arguments: HelpTests.paths) func options(
        _ path: [Command]
    ) throws {
        let command = path[path.count - 1]
        let arguments = command.arguments.map { value($0.kind) }
        for option in command.options {
            let given = option.kind.map { "=" + value($0) } ?? ""
            guard let long = option.long else { continue }
            let words = path.dropFirst().map(\.name) + ["--\(long)\(given)"] + arguments
            let request = try SluiceCommands.table.parse(words).get()
            guard case .command(let parsed) = request else {
                Issue.record("\(words) asks for \(request)")
                continue
            }
            #expect(parsed.has(option))
            #expect(parsed.value(option) == option.kind.map(value) ?? "")
            #expect(parsed.warnings.isEmpty == (option.ignoredBecause == nil))
        }
    }

    /// The words as bash makes them; substitutions are not run.
    private func shellWords(_ line: String) throws -> [String] {
        let quoted = line.replacing("$(", with: "\\$(").replacing("|", with: "'|'").replacing(">", with: "'>'")
        // A bar or angle inside quotes is left as it was written: the expressions of examples have none.
        let (status, output, _) = try run("/bin/bash", ["--norc"], input: "printf '%s\\0' \(quoted)")
        #expect(status == 0)
        return output.split(separator: "\0").map(String.init)
    }

    private func isSentence(_ text: String) -> Bool {
        text.first?.isUppercase == true && (text.hasSuffix(".") || text.hasSuffix(")."))
    }

    private func value(_ kind: ValueKind) -> String {
        switch kind {
        case .text, .file, .directory, .listed: "x"
        case .integer(let range): String(range.lowerBound)
        case .choiceOrInteger(_, let range): String(range.upperBound)
        case .seconds: "1.5"
        case .octal: "022"
        case .choice(let values): values.last ?? ""
        }
    }
}
