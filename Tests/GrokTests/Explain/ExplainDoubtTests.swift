import Grok
import TestSupport
import Testing

/// Lines with one fault that may be one of two: whatever is proposed keeps the fields on which both readings agree, and
/// gives no field a text that only the other reading would give it.
@Suite struct ExplainDoubtTests {
    /// A way to make lines, and what their fields are if one thing is at fault, and if the other is.
    struct Kind: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let expression: String
        let make: @Sendable (inout SeededGenerator) -> (line: String, readings: [[String: String]])
    }

    static func word(_ generator: inout SeededGenerator) -> String {
        String(
            (0..<Int.random(in: 3...8, using: &generator)).map { _ in
                "bcdfghklmnprstvz".randomElement(using: &generator)!
            })
    }

    static func number(_ generator: inout SeededGenerator) -> String {
        String(Int.random(in: 100...99_999, using: &generator))
    }

    static let kinds: [Kind] = [
        Kind(
            testDescription: "a unit, or a blank that is missing",
            expression: #"^to %{INT:port} %{DATA:service} for %{WORD:w}$"#
        ) {
            let (port, service, w) = (number(&$0), "\(word(&$0)) \(word(&$0))", word(&$0))
            let unit = ["ms", "k", "h"].randomElement(using: &$0)!
            return (
                "to \(port)\(unit) \(service) for \(w)",
                [["service": service, "w": w], ["port": port, "service": "\(unit) \(service)", "w": w]]
            )
        },
        Kind(
            testDescription: "a number, or the blank before another",
            expression: #"^hits %{INT:a} %{INT:b}-second %{WORD:w}$"#
        ) {
            let (one, two, w) = (number(&$0), number(&$0), word(&$0))
            return ("hits \(one)\(two)-second \(w)", [["b": one + two, "w": w], ["a": one, "b": two, "w": w]])
        },
        Kind(
            testDescription: "a label, or a part of it",
            expression: #"^TTL=%{INT:ttl} ID=(?:%{INT:id})?(?: %{WORD:w})?"#
        ) {
            let (ttl, id) = (number(&$0), number(&$0))
            return ("TTL=\(ttl) =\(id) DF", [["ttl": ttl, "id": id]])
        },
        Kind(
            testDescription: "a name among names of any text, or the number behind them",
            expression: #"^%{INT:n} %{DATA:rule} %{DATA:from} %{DATA:to} %{INT:id} .*"#
        ) {
            let (n, from, to, id) = (number(&$0), word(&$0), word(&$0), number(&$0))
            return ("\(n) \(from) \(to) \(id) \(word(&$0)) x", [["n": n, "from": from, "to": to, "id": id]])
        },
        Kind(
            testDescription: "a mark behind quotes, or one in the value",
            expression: #"^%{INT:n} (?:%{QUOTEDSTRING:from}|-) (?:"?%{QUOTEDSTRING:agent}"?|-) %{WORD:w}$"#
        ) {
            let (n, from, agent, w) = (number(&$0), word(&$0), word(&$0), word(&$0))
            let mark = [",", ";"].randomElement(using: &$0)!
            return (
                #"\#(n) "\#(from)"\#(mark) "\#(agent)" \#(w)"#,
                [["n": n, "from": #""\#(from)""#, "agent": #""\#(agent)""#, "w": w]]
            )
        },
        Kind(
            testDescription: "a sign, or a mark before a number",
            expression: #"^Completed %{POSINT:code}%{DATA} in %{INT:ms}$"#
        ) {
            let (code, ms) = (number(&$0), number(&$0))
            return ("Completed -\(code) \(word(&$0)) in \(ms)", [["code": "-\(code)", "ms": ms]])
        },
        Kind(
            testDescription: "a tab, or a longer value",
            expression: #"^%{WORD:w}: (?<q>\{[^}\t]*\} z?) %{WORD}:%{INT:a} %{WORD}:%{INT:b}.*end$"#
        ) {
            let (w, a, b, c) = (word(&$0), number(&$0), number(&$0), number(&$0))
            return (
                "\(w): { x }\t\(word(&$0)):\(a) \(word(&$0)):\(b) \(word(&$0)):\(c) end", [["w": w, "a": a, "b": b]]
            )
        },
        Kind(
            testDescription: "a word, or the blank before it",
            expression: #"^took %{WORD:m} for %{USERNAME:u} at %{INT:n}$"#
        ) {
            let (m, u, n) = (word(&$0), word(&$0), number(&$0))
            return ("took \(m)for \(u) at \(n)", [["m": m, "u": u, "n": n], ["m": "\(m)for", "u": u, "n": n]])
        },
        Kind(
            testDescription: "two blanks, or a value between them",
            expression: #"^Built(?: %{WORD:d})? %{WORD:p} connection %{INT:n}$"#
        ) {
            let (w, n) = (word(&$0), number(&$0))
            return ("Built \(w)  connection \(n)", [["d": w, "p": "", "n": n], ["p": w, "n": n]])
        },
        Kind(
            testDescription: "words in brackets, or a bracket",
            expression: #"^%{INT:n} \[%{WORD:w}\] %{GREEDYDATA:m}$"#
        ) {
            let (n, w, m) = (number(&$0), "\(word(&$0)) \(word(&$0))", word(&$0))
            return ("\(n) [\(w)] \(m)", [["n": n, "w": w, "m": m]])
        },
        Kind(
            testDescription: "a mark in a number, or one between two",
            expression: #"<%{NONNEGINT:f}.%{NONNEGINT:p}>"#
        ) {
            let (f, p) = (number(&$0), number(&$0))
            return ("<1,\(f).\(p)>", [["f": "1,\(f)", "p": p]])
        },
        Kind(
            testDescription: "two words, or a part that is missing before any text",
            expression: #"^%{INT:n} *%{LOGLEVEL:l} -- +%{DATA:p}: %{GREEDYDATA:m}$"#
        ) {
            let (n, l, m) = (number(&$0), "\(word(&$0)) \(word(&$0))", word(&$0))
            return ("\(n) \(l) -- : \(m)", [["n": n, "l": l, "p": "", "m": m]])
        },
        Kind(
            testDescription: "the one number or the other, where the rest is not read",
            expression: #"^%{WORD:w} (?:-|%{INT:s}) (?:-|%{INT:b})"#
        ) {
            let (w, n) = (word(&$0), number(&$0))
            return ("\(w) \(n) \(word(&$0)) x", [["w": w, "s": n], ["w": w, "s": "", "b": n]])
        },
        Kind(
            testDescription: "a mark, or a word before the one that has the mark",
            expression: #"^%{INT:n} %{WORD:level} %{NOTSPACE:database} %{NOTSPACE:logger}: %{GREEDYDATA:message}$"#
        ) {
            let (n, level, logger, message) = (number(&$0), word(&$0), word(&$0), "\(word(&$0)) \(word(&$0))")
            return (
                "\(n) \(level) \(logger): \(message)", [["n": n, "level": level, "logger": logger, "message": message]]
            )
        },
        Kind(
            testDescription: "a mark, or two words where the value is one",
            expression: #"^%{INT:n} %{WORD:level} %{NOTSPACE:logger}: %{GREEDYDATA:message}$"#
        ) {
            let (n, one, logger, message) = (number(&$0), word(&$0), word(&$0), "\(word(&$0)) \(word(&$0))")
            return ("\(n) \(one) \(word(&$0)) \(logger): \(message)", [["n": n, "message": message]])
        },
        Kind(
            testDescription: "the last of some words, or all of them but the first",
            expression: #"^query: %{GREEDYDATA:name} (?<class>IN|CH) %{WORD:type} x$"#
        ) {
            let (name, one, two, type) = (word(&$0), word(&$0), word(&$0), word(&$0))
            return (
                "query: \(name) \(one) \(two) \(type) x",
                [
                    ["name": name, "class": "\(one) \(two)", "type": type],
                    ["name": "\(name) \(one)", "class": two, "type": type],
                ]
            )
        },
        Kind(
            testDescription: "one of several separators, or the last of them",
            expression: #"^%{WORD:k}: (?<host>[^;]*);(?<service>[^;]*);(?<state>[^;]*);%{GREEDYDATA:m}"#
        ) {
            let (k, host, service, state, m) = (word(&$0), word(&$0), word(&$0), word(&$0), word(&$0))
            return (
                "\(k): \(host);\(service),\(state);\(m)",
                [["k": k, "host": host, "service": service, "state": state, "m": m]]
            )
        },
    ]

    @Test("where two faults would explain a line, no change takes one for the other", arguments: kinds + valueKinds)
    func doubt(_ kind: Kind) throws {
        let compiler = GrokCompiler(library: try PatternLibrary(series: .legacy))
        var generator = SeededGenerator(seed: 11)
        for _ in 0..<12 {
            let (line, readings) = kind.make(&generator)
            let bytes = Array(line.utf8)
            let found = try #require(try compiler.explain(kind.expression, line: bytes), "\(line) matches")
            for remedy in found.suggestions {
                let fields = try #require(NearMissFields.of(remedy.expression, line: bytes, compiler.applying(remedy)))
                for (name, range) in fields {
                    let text = String(decoding: bytes[range], as: UTF8.self)
                    for reading in readings {
                        #expect(
                            reading[name] == nil || reading[name] == text,
                            "\(name) is '\(text)' in \(line) by \(remedy.expression)")
                    }
                }
                for reading in readings where readings.count == 1 {
                    #expect(
                        reading.keys.allSatisfy { fields[$0] != nil }, "\(line) loses a field by \(remedy.expression)")
                }
            }
        }
    }
}
