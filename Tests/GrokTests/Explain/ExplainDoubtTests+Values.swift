import Grok
import TestSupport

/// Lines in which a value is to blame, or something beside it.
extension ExplainDoubtTests {
    static let valueKinds: [Kind] = [
        Kind(
            testDescription: "a longer value, or the blank behind it, before any text",
            expression: #"^%{WORD:w} %{INT:id} .*$"#
        ) {
            let (w, id, rest) = (word(&$0), number(&$0), word(&$0))
            return ("\(w) \(id)N/A(N/A) \(rest)", [["w": w, "id": id]])
        },
        Kind(
            testDescription: "a value of a pair, or the name of the next",
            expression: #"^%{WORD}:%{INT:a} %{WORD}:%{INT:b}.*end$"#
        ) {
            let (a, b) = (number(&$0), number(&$0))
            return ("\(word(&$0)):\(a):\(b) \(word(&$0)):\(number(&$0)) end", [["a": a, "b": b]])
        },
        Kind(
            testDescription: "a value of a pair, or none before the next",
            expression: #"^%{WORD}:%{INT:a} %{WORD}:%{INT:b}.*end$"#
        ) {
            let b = number(&$0)
            return ("\(word(&$0)):\(word(&$0)):\(b) \(word(&$0)):\(number(&$0)) end", [["b": b]])
        },
        Kind(
            testDescription: "a date, or one that ends behind the next blank",
            expression: #"^%{CATALINA_DATESTAMP:t} %{JAVACLASS:c} %{GREEDYDATA:m}$"#
        ) {
            let (c, m) = ("\(word(&$0)).X\(word(&$0))", word(&$0))
            return ("Nov 24, 2026 6.22.44 PM \(c) \(m)", [["c": c, "m": m]])
        },
        Kind(
            testDescription: "a value that looks ahead, or a mark behind it",
            expression: #"^(?<q>\{ .*(?= \} n:) \}) n:%{INT:n} %{DATA} end$"#
        ) {
            let (q, n) = (word(&$0), number(&$0))
            return ("{ \(q) }, n:\(n) \(word(&$0)) end", [["q": "{ \(q) }", "n": n]])
        },
        Kind(
            testDescription: "a blank between two values of any text, or the second of them",
            expression: #"^%{INT:n} %{NOTSPACE:f} %{NOTSPACE:b}/%{WORD:s}$"#
        ) {
            let (n, f, s) = (number(&$0), "\(word(&$0))~", word(&$0))
            return ("\(n) \(f)/\(s)", [["n": n, "f": f, "s": s]])
        },
        Kind(
            testDescription: "a value in quotes twice, or the end of the line",
            expression: #"^%{INT:n} "%{WORD:verb} %{NOTSPACE:p}"(?: "%{DATA:agent}")?"#
        ) {
            let (n, agent) = (number(&$0), word(&$0))
            return (#"\#(n) ""GET /\#(word(&$0))"" "\#(agent)""#, [["agent": agent]])
        },
        Kind(
            testDescription: "one text of several, or the blank before it",
            expression: #"^%{WORD:h}(?: Id %{INT:id})?:? (?:lost %{WORD:v}|new (?<w>\w+) of %{INT:k}|gone)"#
        ) {
            let (h, id, w, k) = (word(&$0), number(&$0), word(&$0), number(&$0))
            return ("\(h) Id \(id)new \(w) of \(k)", [["w": w]])
        },
        Kind(
            testDescription: "a longer value, or a mark for the blank before a part that may be missing",
            expression: #"^DPT=(?:%{INT:port})?\s+(?:SEQ=%{INT:seq} )?"#
        ) {
            let (port, seq) = (number(&$0), number(&$0))
            return ("DPT=\(port)-SEQ=\(seq) RES=0", [["seq": seq]])
        },
        Kind(
            testDescription: "a label, or its letters alone",
            expression: #"IN=(?:%{WORD:i})? OUT=(?:%{NOTSPACE:o})? SRC=%{IP:s}"#
        ) {
            let (i, o) = (word(&$0), word(&$0))
            return ("IN=\(i) =\(o) SRC=192.0.2.7", [["i": i, "o": o]])
        },
        Kind(
            testDescription: "a number that ends at the edge of a word, or the blank before it in what is one word now",
            expression: #"^%{NOTSPACE:app} (?:-|%{POSINT:pid}) (?:-|%{NOTSPACE:id}) (?:(?<sd>\{.*\})|-|)"#
        ) {
            let (id, sd) = ("ID\(word(&$0))", "{\(word(&$0))}")
            return ("\(word(&$0))\(number(&$0)) \(id) \(sd) \(word(&$0))", [["id": id, "sd": sd]])
        },
        Kind(
            testDescription: "a value that opens a bracket, or more behind the match that closes it",
            expression: #"^%{INT:n} %{NOTSPACE:what} (?:%{INT:v})?"#
        ) {
            let (n, what) = (number(&$0), "[\(word(&$0)) id=\(word(&$0))]")
            return ("\(n)ms \(what) \(word(&$0))", [["what": what]])
        },
        Kind(
            testDescription: "an address with the mark before it, or the value before the mark",
            expression: #"^%{WORD:w} -> %{NOTSPACE:side}/%{IP:ip}\(%{INT:port}\)"#
        ) {
            let (w, ip, port) = (word(&$0), "203.0.113.\(Int.random(in: 1...200, using: &$0))", number(&$0))
            return ("\(w) -> /\(ip)(\(port))", [["ip": ip]])
        },
        Kind(
            testDescription: "a bracket that closes one within a value, or the one that is wanted behind it",
            expression: #"^job %{DATA:what}\) %{INT:n}$"#
        ) {
            let (what, n) = ("\(word(&$0)) (\(word(&$0)))", number(&$0))
            return ("job \(what) \(n)ms", [["what": what]])
        },
        Kind(
            testDescription: "a mark beside a blank, or the value that begins with it, of which more is unread",
            expression: #"^%{WORD:w} *(?:<(?<code>\d+\.\d+)> )?%{HOSTNAME:host}(?: %{WORD:p}:|)"#
        ) {
            let (w, code, host) = (word(&$0), "\(Int.random(in: 1...7, using: &$0)).3", word(&$0))
            return ("\(w) <\(code)> \"\(host)\" \(word(&$0)): x", [["w": w, "code": code]])
        },
    ]
}
