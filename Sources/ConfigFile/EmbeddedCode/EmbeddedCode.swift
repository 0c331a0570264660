internal import Expressions

/// Evaluates `#{…}` of a configuration's texts, and says what is wrong with it at its place.
///
/// The language is that of expressions in filters (the room Expressions), without an event and with small files.
struct EmbeddedCode {
    private let code: ConfigurationCode

    init(environment: ConfigEnvironment, files: any FileSource) {
        var context = ExpressionContext()
        context.hostname = Array(environment.hostname.utf8)
        context.variables = environment.variables
        context.workerID = Array(String(environment.workerID).utf8)
        context.files = ConfigurationFiles(source: files, workingDirectory: environment.workingDirectory)
        code = ConfigurationCode(context)
    }

    static let supported =
        "there are ENV['X'], ENV.fetch('X', 'default'), || 'default', || use_nil, || use_default, hostname, "
        + "worker_id, File.read('path').strip, File.join, and expressions as in filters"

    /// What one `#{…}` gives, and where it ends (behind the brace).
    struct Result {
        var value: Parameter.Value
        var end: Int
    }

    /// Evaluates the code whose `#{` stands at `start` of a file. What is wrong is reported; the value is then empty.
    func evaluate(_ file: SourceFile, from start: Int, _ diagnostics: Diagnostics) -> Result {
        evaluate(file.bytes, from: start, diagnostics) { Place(file, $0.lowerBound, $0.upperBound) }
    }

    /// The same for bytes that need not be those of a file.
    /// - Parameter place: where a range of them is to be shown.
    func evaluate(
        _ bytes: [UInt8], from start: Int, _ diagnostics: Diagnostics, place: (Range<Int>) -> Place
    ) -> Result {
        let answer = code.evaluate(bytes, from: start + 2)
        hide(answer.trace, diagnostics)
        let end = answer.end ?? Self.end(of: bytes, from: start)
        // The place stays inside the braces, whatever was run into.
        let bound = max(start + 2, end - 1)
        func inside(_ range: Range<Int>) -> Place {
            let first = min(max(range.lowerBound, start + 2), bound)
            return place(first..<min(max(range.upperBound, first), bound))
        }
        switch answer.value {
        case .success(.noValue): return Result(value: .none, end: end)
        case .success(.defaultValue): return Result(value: .useDefault, end: end)
        case .success(.text(let text, let isNil)):
            for unset in answer.trace.unset where isNil {
                diagnostics.noteUnset(unset.name, at: inside(unset.place))
                diagnostics.warning(
                    inside(unset.place), "the environment variable \(unset.name) is not set; the value is empty",
                    hint: "give a default: \"#{ENV['\(unset.name)'] || 'default'}\"")
            }
            return Result(value: .text(String(decoding: text, as: UTF8.self)), end: end)
        case .failure(.unset(let unset)):
            diagnostics.error(
                inside(unset.place), "the environment variable \(unset.name) is not set",
                hint: "set it, or give a default: ENV.fetch('\(unset.name)', 'default')")
        case .failure(.raised(let sentence, let range)): diagnostics.error(inside(range), sentence)
        case .failure(.syntax(let error)):
            diagnostics.error(
                inside(error.offset..<(error.offset + max(error.length, 1))), error.message,
                hint: error.hint ?? Self.supported)
        }
        return Result(value: .text(""), end: end)
    }

    /// Variables whose names say that they are secrets, and what files hold, are shown nowhere.
    private func hide(_ trace: CodeTrace, _ diagnostics: Diagnostics) {
        for (name, value) in trace.variables where SecretNames.isSecret(name) { diagnostics.hide(value) }
        for contents in trace.contents {
            let text = String(decoding: contents, as: UTF8.self)
            diagnostics.hide(text)
            var inner = contents[...]
            while let first = inner.first, Byte.isSpace(first) { inner.removeFirst() }
            while let last = inner.last, Byte.isSpace(last) || last == 0 { inner.removeLast() }
            if inner.count < contents.count { diagnostics.hide(String(decoding: inner, as: UTF8.self)) }
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

/// The files of a configuration as code sees them.
private struct ConfigurationFiles: CodeFiles {
    let source: any FileSource
    let workingDirectory: String

    func contents(of path: String, maximumBytes: Int) throws(UnreadableFile) -> [UInt8] {
        do throws(FileFailure) {
            return try source.read(path, maximumBytes: maximumBytes)
        } catch {
            throw UnreadableFile(reason: error.reason)
        }
    }

    func exists(_ path: String) -> Bool { source.exists(path) }

    func isFolder(_ path: String) -> Bool { source.entries(ofDirectory: path) != nil }
}
