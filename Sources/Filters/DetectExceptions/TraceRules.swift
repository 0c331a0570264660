package import Grok

/// How lines of stack traces follow each other, language by language, after the rules of Google's plugin
/// fluent-plugin-detect-exceptions: from a state, a line that a pattern fits leads to another state. A trace begins where
/// the first state is left and ends where it is reached again.
package struct TraceRules: Sendable {
    struct Step: Sendable {
        let pattern: Regex
        let next: Int
    }

    /// By state; the first is that of lines which belong to no trace.
    let steps: [[Step]]

    /// All names of languages.
    package static let languages = [
        "java", "javascript", "js", "csharp", "py", "python", "php", "go", "rb", "ruby", "dart", "all",
    ]

    /// - Parameter languages: of `TraceRules.languages`; what is not one of them has no rules.
    package init(languages: [String]) throws(PatternError) {
        var numbers: [String: Int] = ["": 0]
        var steps: [[Step]] = [[]]
        var seen: Set<String> = []
        func number(_ state: String) -> Int {
            if let known = numbers[state] { return known }
            numbers[state] = steps.count
            steps.append([])
            return steps.count - 1
        }
        for rules in Self.tables(languages) {
            for (states, pattern, next) in rules {
                for state in states where seen.insert("\(state)\u{0}\(pattern)\u{0}\(next)").inserted {
                    let from = number(state)
                    let to = number(next)
                    steps[from].append(Step(pattern: try Regex(pattern), next: to))
                }
            }
        }
        self.steps = steps
    }

    private typealias Rule = (states: [String], pattern: String, next: String)

    private static func tables(_ languages: [String]) -> [[Rule]] {
        languages.flatMap { language -> [[Rule]] in
            switch language {
            case "java", "javascript", "js", "csharp": [java]
            case "py", "python": [python]
            case "php": [php]
            case "go": [go]
            case "rb", "ruby": [ruby]
            case "dart": [dart]
            case "all": [java, python, php, go, ruby, dart]
            default: []
            }
        }
    }

    /// Java, JavaScript and C#, whose traces look alike.
    private static let java: [Rule] = [
        (["", "java start"], #"(?:Exception|Error|Throwable|V8 errors stack trace)[:\r\n]"#, "java after"),
        (["java after"], #"^[\t ]*nested exception is:[\t ]*"#, "java start"),
        (["java after"], #"^[\r\n]*$"#, "java after"),
        (["java after", "java"], #"^[\t ]+(?:eval )?at "#, "java"),
        (["java after", "java"], "^[\\t ]+--- End of inner exception stack trace ---$", "java"),
        (
            ["java after", "java"], "^--- End of stack trace from previous location where exception was thrown ---$",
            "java"
        ),
        (["java after", "java"], #"^[\t ]*(?:Caused by|Suppressed):"#, "java after"),
        (["java after", "java"], #"^[\t ]*... \d+ (?:more|common frames omitted)"#, "java"),
    ]

    private static let python: [Rule] = [
        ([""], #"^Traceback \(most recent call last\):$"#, "python"),
        (["python"], #"^[\t ]+File "#, "python code"),
        (["python code"], #"[^\t ]"#, "python"),
        (["python"], #"^(?:[^\s.():]+\.)*[^\s.():]+:"#, ""),
    ]

    private static let php: [Rule] = [
        (
            [""], "PHP (?:Notice|Parse error|Fatal error|Warning):|exception '[^']+' with message '", "php begin"
        ),
        (["php begin"], "^Stack trace:", "php frames"),
        (["php frames"], #"^#\d"#, "php frames"),
        (["php frames"], #"^\s+thrown in "#, ""),
    ]

    private static let go: [Rule] = [
        ([""], #"\bpanic: "#, "go panic"),
        ([""], "http: panic serving", "go goroutine"),
        (["go panic", "go signal", "go frame"], "^$", "go goroutine"),
        (["go panic"], #"^\[signal "#, "go signal"),
        (["go goroutine"], #"^goroutine \d+ \[[^\]]+\]:$"#, "go frame"),
        (["go frame"], #"^(?:[^\s.:]+\.)*[^\s.():]+\(|^created by "#, "go place"),
        (["go place"], #"^\s"#, "go frame"),
    ]

    private static let ruby: [Rule] = [
        ([""], #"Error \(.*\):$"#, "ruby begin"),
        (["ruby begin"], "^  $", "ruby"),
        (["ruby begin", "ruby"], #"^[\t ]+.*?\.rb:\d+:in `"#, "ruby"),
    ]

    private static let dart: [Rule] = {
        let frame = #"^#\d+\s+.+?\(.+?\)$"#
        let plain = [
            "Instance of", "Exception", "Bad state", "IntegerDivisionByZeroException", "Invalid argument",
            "RangeError", "Assertion failed", "Cannot instantiate", "Reading static variable", "UnimplementedError",
            "Unsupported operation", "Concurrent modification", "Out of Memory", "Stack Overflow",
        ]
        var rules: [Rule] = [([""], "^Unhandled exception:$", "dart")]
        rules += plain.map { (["dart"], "^" + $0, "dart stack") }
        rules += [
            (["dart"], "^'.+?':.+?$", "dart type 1"), (["dart type 1"], frame, "dart stack"),
            (["dart type 1"], "^.+?$", "dart type 2"), (["dart type 2"], #"^.*?\^.*?$"#, "dart type 3"),
            (["dart type 3"], "^$", "dart type 4"), (["dart type 4"], "^$", "dart stack"),
            (["dart"], "^FormatException", "dart format 1"), (["dart format 1"], frame, "dart stack"),
            (["dart format 1"], "^.", "dart format 2"), (["dart format 2"], #"^.*?\^"#, "dart format 3"),
            (["dart format 3"], "^$", "dart stack"), (["dart"], "^NoSuchMethodError:", "dart method 1"),
            (["dart method 1"], "^Receiver:", "dart method 2"),
            (["dart method 2"], "^Tried calling:", "dart method 3"), (["dart method 3"], "^Found:", "dart stack"),
            (["dart method 3"], frame, "dart stack"), (["dart stack"], frame, "dart stack"),
            (["dart stack"], "^<asynchronous suspension>$", "dart stack"),
        ]
        return rules
    }()
}
