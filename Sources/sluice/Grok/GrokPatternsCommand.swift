import CommandLine
import Grok

/// `sluice grok patterns`: what definitions there are, and what one consists of.
enum GrokPatternsCommand {
    static func run(_ parsed: ParsedCommand) -> Int32 {
        GrokCommand.run { () throws(GrokCommand.Failure) in
            let library = try GrokCommand.library(parsed)
            let wanted = parsed.argument(0) ?? "*"
            if let definition = library.definition(of: wanted) {
                StandardOutput.write(
                    parsed.has(GrokCommandOptions.names) ? wanted + "\n" : describe(definition, library))
                return GrokCommand.Status.matched
            }
            let glob = Array(wanted.uppercased().unicodeScalars)
            let names = library.names.filter { fits(glob[...], Array($0.uppercased().unicodeScalars)[...]) }.sorted()
            if names.isEmpty {
                let hint =
                    library.nearest(to: wanted).map { "did you mean \($0)?" }
                    ?? "'sluice grok patterns' lists them; '*\(wanted)*' finds names that contain it"
                throw GrokCommand.Failure("Error: no pattern is named \(wanted); \(hint)\n")
            }
            if !wanted.contains("*"), !wanted.contains("?"), let definition = library.definition(of: names[0]) {
                StandardOutput.write(describe(definition, library))
                return GrokCommand.Status.matched
            }
            StandardOutput.write(
                parsed.has(GrokCommandOptions.names) ? names.joined(separator: "\n") + "\n" : list(names, library))
            return GrokCommand.Status.matched
        }
    }

    /// `*`: any characters, `?`: one.
    private static func fits(_ glob: ArraySlice<Unicode.Scalar>, _ name: ArraySlice<Unicode.Scalar>) -> Bool {
        // The usual two-pointer walk: on a mismatch the last star takes one character more.
        var (g, n) = (glob.startIndex, name.startIndex)
        var star: (glob: Int, name: Int)?
        while n < name.endIndex {
            if g < glob.endIndex, glob[g] == "*" {
                star = (g + 1, n)
                g += 1
            } else if g < glob.endIndex, glob[g] == "?" || glob[g] == name[n] {
                g += 1
                n += 1
            } else if let last = star {
                star = (last.glob, last.name + 1)
                (g, n) = (last.glob, last.name + 1)
            } else {
                return false
            }
        }
        return glob[g...].allSatisfy { $0 == "*" }
    }

    private static func list(_ names: [String], _ library: PatternLibrary) -> String {
        var table = Table([("NAME", .left), ("FILE", .left), ("WHAT IT MATCHES", .left)])
        for name in names {
            guard let definition = library.definition(of: name) else { continue }
            let about = definition.about ?? definition.expression
            let sample = definition.sample.map { " — \($0)" } ?? ""
            table.append([name, fileName(definition.file), about + sample])
        }
        let terminal = Terminal.standardOutput
        return table.text(width: terminal.isTerminal ? terminal.width : nil)
    }

    private static func fileName(_ path: String) -> String { path.split(separator: "/").last.map(String.init) ?? path }

    private static func describe(_ definition: PatternLibrary.Definition, _ library: PatternLibrary) -> String {
        let style = Style(.standardOutput)
        var text = style.bold(definition.name)
        if let about = definition.about { text += "  \(about)" }
        text += "\n\n"
        func row(_ label: String, _ value: String) {
            text += style.bold(label) + String(repeating: " ", count: 12 - label.count) + value + "\n"
        }
        row("definition", definition.expression)
        row("defined in", "\(definition.file), line \(definition.line)")
        if let sample = definition.sample { row("sample", sample) }
        let compiler = GrokCompiler(library: library)
        do throws(GrokError) {
            let pattern = try compiler.compile("%{\(definition.name):\(wholeField)}")
            let fields = pattern.fields.filter { $0.name != wholeField }
            row(
                "fields",
                fields.isEmpty
                    ? "none; name one: %{\(definition.name):name}"
                    : fields.map { $0.type == .string ? $0.name : "\($0.name):\($0.type.name)" }.joined(separator: ", ")
            )
            let users = library.names.filter { name in
                library.definition(of: name)?.expression.contains("%{\(definition.name)") == true
                    && refers(library.definition(of: name)?.expression ?? "", to: definition.name)
            }
            if !users.isEmpty { row("used by", users.joined(separator: ", ")) }
            row("expansion", try compiler.expansion(of: "%{\(definition.name)}"))
        } catch {
            text += "\n" + GrokPlaces.text(error, expression: "%{\(definition.name)}", on: .standardOutput)
        }
        return text
    }

    /// A field no definition has, so that patterns without fields compile too.
    private static let wholeField = "whole.match"

    private static func refers(_ expression: String, to name: String) -> Bool {
        expression.contains("%{\(name)}") || expression.contains("%{\(name):")
    }
}
