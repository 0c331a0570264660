import CommandLine
import Events
import Grok

/// `sluice grok patterns`: what definitions there are, and what one consists of.
enum GrokPatternsCommand {
    static func run(_ parsed: ParsedCommand) -> Int32 {
        GrokCommand.run { () throws(GrokCommand.Failure) in
            let library = try GrokCommand.library(parsed)
            let names = try names(parsed, library)
            if parsed.has(GrokCommandOptions.names) {
                StandardOutput.write(names.list.joined(separator: "\n") + "\n")
            } else if parsed.value(GrokCommandOptions.listFormat) == "json" {
                var out = ByteBuffer(capacity: 64 * 1024)
                let writer = GrokPatternsJSON(library: library)
                for name in names.list {
                    guard let definition = library.definition(of: name) else { continue }
                    writer.write(definition, isWhole: names.isOne, to: &out)
                }
                StandardOutput.flush(&out)
            } else if names.isOne, let definition = names.list.first.flatMap(library.definition(of:)) {
                StandardOutput.write(describe(definition, library))
            } else {
                StandardOutput.write(list(names.list, library))
            }
            return GrokCommand.Status.matched
        }
    }

    /// The names that are asked for, and whether it is a single one by its name.
    private static func names(
        _ parsed: ParsedCommand, _ library: PatternLibrary
    ) throws(GrokCommand.Failure) -> (list: [String], isOne: Bool) {
        let wanted = parsed.argument(0) ?? "*"
        let text = parsed.value(GrokCommandOptions.search)?.lowercased()
        if text == nil, library.definition(of: wanted) != nil { return ([wanted], true) }
        let glob = Array(wanted.uppercased().unicodeScalars)
        let named = library.names.filter { fits(glob[...], Array($0.uppercased().unicodeScalars)[...]) }.sorted()
        guard !named.isEmpty else {
            let count = library.names.count { mentions(wanted.lowercased(), library, $0) }
            let hint =
                count > 0
                ? "'sluice grok patterns --search \(wanted)' finds \(count) that have to do with it"
                : library.nearest(to: wanted).map { "did you mean \($0)?" }
                    ?? "'sluice grok patterns' lists them"
            throw GrokCommand.Failure("Error: no pattern is named \(wanted); \(hint)\n")
        }
        guard let text else { return (named, !wanted.contains("*") && !wanted.contains("?")) }
        let found = named.filter { mentions(text, library, $0) }
        guard !found.isEmpty else {
            throw GrokCommand.Failure(
                "Error: '\(text)' is in no pattern's name, definition, description or sample\n",
                GrokCommand.Status.unmatched)
        }
        return (found, false)
    }

    /// Whether a text, in lowercase, is anywhere in what is known about a pattern.
    private static func mentions(_ text: String, _ library: PatternLibrary, _ name: String) -> Bool {
        guard let definition = library.definition(of: name) else { return false }
        return [name, definition.expression, definition.about ?? "", definition.sample ?? ""].contains {
            $0.lowercased().contains(text)
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
            let users = users(of: definition.name, library)
            if !users.isEmpty { row("used by", users.joined(separator: ", ")) }
            row("expansion", try compiler.expansion(of: "%{\(definition.name)}"))
        } catch {
            text += "\n" + GrokPlaces.text(error, expression: "%{\(definition.name)}", on: .standardOutput)
        }
        return text
    }

    /// A field no definition has, so that patterns without fields compile too.
    static let wholeField = "whole.match"

    /// The patterns that refer to one.
    static func users(of name: String, _ library: PatternLibrary) -> [String] {
        library.names.filter { refers(library.definition(of: $0)?.expression ?? "", to: name) }
    }

    private static func refers(_ expression: String, to name: String) -> Bool {
        expression.contains("%{\(name)}") || expression.contains("%{\(name):")
    }
}
