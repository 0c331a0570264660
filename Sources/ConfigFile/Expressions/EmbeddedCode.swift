/// What `"#{…}"` in a configuration can see of the world; injected, so that a test or a check on another machine
/// sees what it is meant to see.
package struct ConfigEnvironment: Sendable {
    /// Environment variables.
    package var variables: [String: String]
    /// What `hostname` and `Socket.gethostname` give.
    package var hostname: String
    /// What `worker_id` gives.
    package var workerID: Int
    /// What `Dir.pwd` gives.
    package var workingDirectory: String

    package init(
        variables: [String: String] = [:], hostname: String = "localhost", workerID: Int = 0,
        workingDirectory: String = "."
    ) {
        self.workingDirectory = workingDirectory
        self.variables = variables
        self.hostname = hostname
        self.workerID = workerID
    }
}

/// Evaluates the part of Ruby that configurations use inside double quotes.
///
/// There is no Ruby here, so the language is a closed list: environment variables with defaults, small files (mounted
/// secrets), the host's name, the worker's number, `use_nil`, `use_default`, `+`, comparison, the ternary operator and
/// some methods of strings. Anything else is an error that names the list.
struct EmbeddedCode {
    let environment: ConfigEnvironment
    let files: any FileSource

    static let supported =
        "supported are ENV['X'], ENV.fetch('X', 'default'), || 'default', || use_nil, || use_default, hostname, "
        + "Socket.gethostname, worker_id, File.read('path').strip, File.join, 'a' + 'b', and conditions such as "
        + "ENV['X'] == 'a' ? 'b' : 'c'"

    /// What one `#{…}` gives, and where it ends (behind the brace).
    struct Result {
        var value: Parameter.Value
        var end: Int
    }

    /// Evaluates the code whose `#{` stands at `start`. What is wrong is reported; the value is then empty.
    func evaluate(_ file: SourceFile, from start: Int, _ diagnostics: Diagnostics) -> Result {
        var parser = ExpressionParser(bytes: file.bytes, position: start + 2, environment: environment, files: files)
        defer { for secret in parser.secrets { diagnostics.hide(secret) } }
        do throws(ExpressionParser.Stop) {
            let value = try parser.whole()
            for unset in parser.unset where value.isNil {
                diagnostics.warning(
                    Place(file, unset.start, unset.end),
                    "the environment variable \(unset.name) is not set; the value is empty",
                    hint: "give a default: \"#{ENV['\(unset.name)'] || 'default'}\"")
            }
            return Result(value: .text(value.text), end: parser.position)
        } catch {
            let end = Self.end(of: file.bytes, from: start)
            switch error {
            case .useNil: return Result(value: .none, end: end)
            case .useDefault: return Result(value: .useDefault, end: end)
            case .unset(let name, let from, let to):
                diagnostics.error(
                    Place(file, from, to), "the environment variable \(name) is not set",
                    hint: "set it, or give a default: ENV.fetch('\(name)', 'default')")
            case .unreadable(let path, let reason, let from, let to):
                diagnostics.error(Place(file, from, to), "cannot read '\(path)': \(reason)")
            case .failure(let from, let to):
                // The place stays inside the braces, whatever the parser ran into.
                let bound = max(start + 2, end - 1)
                let first = min(from, bound)
                diagnostics.error(
                    Place(file, first, min(max(to, first), bound)), "embedded code that is not understood",
                    hint: Self.supported)
            }
            return Result(value: .text(""), end: end)
        }
    }

    /// Where the code ends: behind the brace that matches, quotes respected; or at the end of the line when none does.
    static func end(of bytes: [UInt8], from start: Int) -> Int {
        var depth = 0
        var quote: UInt8?
        var position = start + 1
        while position < bytes.count, bytes[position] != Byte.newline {
            let byte = bytes[position]
            if let open = quote {
                if byte == Byte.backslash { position += 1 } else if byte == open { quote = nil }
            } else if byte == Byte.quote || byte == Byte.apostrophe {
                quote = byte
            } else if byte == Byte.openBrace {
                depth += 1
            } else if byte == Byte.closeBrace {
                depth -= 1
                if depth == 0 { return position + 1 }
            }
            position += 1
        }
        // No matching brace on the line: take the first one, or the first quote, so that little is lost.
        var index = start + 2
        while index < bytes.count, bytes[index] != Byte.newline {
            if bytes[index] == Byte.closeBrace { return index + 1 }
            index += 1
        }
        return min(start + 2, bytes.count)
    }
}
