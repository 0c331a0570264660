import CommandLine
import Testing

@Suite struct ErrorTests {
    /// Each kind of mistake once, with the sentence it gets.
    private static let mistakes: [([String], String)] = [
        (["--confg", "x"], "Unknown option '--confg'. Did you mean '--config'?"),
        (["--xyzzy"], "Unknown option '--xyzzy'"),
        (["run", "-Z"], "Unknown option '-Z'"),
        (["run", "-config", "x"], "Unknown option '-config'. Did you mean '--config'?"),
        (["run", "--config"], "Missing value for '--config <file>'"),
        (["run", "--config", "--dry-run"], "Missing value for '--config <file>'"),
        (["run", "-I"], "Missing value for '-I <path>'"),
        (["run", "--dry-run=yes"], "The option '--dry-run' does not take any value, but 'yes' was specified."),
        (["run", "a"], "Unexpected argument 'a'"),
        (["check", "a", "b", "c"], "2 unexpected arguments: 'b', 'c'"),
        (["chekc"], "Unknown subcommand 'chekc'. Did you mean 'check'?"),
        (["explain"], "Unknown subcommand 'explain'. Did you mean 'grok explain'?"),
        (["frobnicate"], "Unknown subcommand 'frobnicate'."),
        (["help", "snd"], "Unknown subcommand 'snd'. Did you mean 'send'?"),
        (["send"], "Missing expected argument '<tag>'"),
        (["send", "--ack"], "Missing expected argument '<tag>'"),
        (
            ["send", "t", "--port", "70000"],
            "The value '70000' is invalid for '--port <port>'. Please provide a whole number from 1 to 65535."
        ),
        (
            ["send", "t", "--format", "yaml"],
            "The value 'yaml' is invalid for '--format <format>'. Please provide one of 'json', 'msgpack' or 'none'."
        ),
        (
            ["send", "t", "--timeout", "soon"],
            "The value 'soon' is invalid for '--timeout <seconds>'. Please provide a number of seconds, such as 2 or 0.5."
        ),
        (
            ["run", "--umask", "99"],
            "The value '99' is invalid for '--umask <umask>'. Please provide an octal number from 0000 to 0777."
        ),
        (
            ["run", "--log-rotate-size", "0"],
            "The value '0' is invalid for '--log-rotate-size <bytes>'. Please provide a whole number of at least 1."
        ),
        (
            ["run", "--log-rotate-age", "hourly"],
            "The value 'hourly' is invalid for '--log-rotate-age <age>'. "
                + "Please provide 'daily', 'weekly', 'monthly' or a whole number from 0 to 1000."
        ),
        (
            ["run", "--config="],
            "The value '' is invalid for '--config <file>'. Please provide the path of a file."
        ),
        (
            ["completion", "tcsh"],
            "The value 'tcsh' is invalid for '<shell>'. Please provide one of 'bash', 'zsh' or 'fish'."
        ),
    ]

    @Test("each mistake gets its sentence", arguments: mistakes) func sentences(_ words: [String], _ expected: String) {
        guard case .failure(let error) = SluiceCommands.table.parse(words) else {
            Issue.record("\(words) was accepted")
            return
        }
        #expect(error.message == expected)
    }

    @Test("what is written to standard error") func texts() {
        let texts = Self.mistakes.map { words, _ in
            guard case .failure(let error) = SluiceCommands.table.parse(words) else { return "accepted\n" }
            return "$ sluice \(words.joined(separator: " "))\n\(error.text())"
        }
        expectGolden(texts.joined(separator: "\n"), "errors.txt")
    }
}
