import Foundation
import TestSupport
import Testing

@testable import Monitor

private func object(_ bytes: [UInt8]) throws -> [String: Any] {
    try #require(JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
}

private func match(_ expression: String, _ lines: String, definitions: String = "") throws -> [String: Any] {
    try object(GrokPlayground(definitions: definitions).match(expression, lines: lines).array())
}

@Suite("Monitor: the grok playground")
struct PlaygroundTests {
    @Test("captures have their types, and places as a browser counts them")
    func captures() throws {
        // One code unit for ß, two for the clock.
        let answer = try match("%{NOTSPACE:a} %{NOTSPACE:b} %{INT:n:integer}", "ß ⏰🕐x 12\r\nß\n\nno")
        let lines = try #require(answer["lines"] as? [[String: Any]])
        #expect(lines.map { $0["matched"] as? Bool } == [true, false, false])
        #expect(answer["matched"] as? Int == 1)
        let captures = try #require(lines[0]["captures"] as? [[String: Any]])
        #expect(captures.map { $0["start"] as? Int } == [0, 2, 7])
        #expect(captures.map { $0["end"] as? Int } == [1, 6, 9])
        #expect(captures[2]["value"] as? Int == 12)
        #expect(
            answer["section"] as? String
                == "<parse>\n  @type grok\n  grok_pattern %{NOTSPACE:a} %{NOTSPACE:b} %{INT:n:integer}\n</parse>\n")
    }

    @Test(
        "a bad expression is told with its place",
        arguments: [
            ("%{IP:a} %{NOSUCH:b}", 8, 19), ("ß %{IP:a", 8, 8), ("%{IP:a}(", 7, 8), ("plain", 0, 5),
        ])
    func errors(_ expression: String, _ start: Int, _ end: Int) throws {
        let error = try #require(match(expression, "x")["error"] as? [String: Any])
        #expect(error["message"] as? String != "")
        #expect(error["start"] as? Int == start && error["end"] as? Int == end, "\(error)")
    }

    @Test("definitions of one's own count, and go into the section")
    func definitions() throws {
        let answer = try match("%{BEAN:a}", "b-17", definitions: "BEAN b-\\d+\n")
        #expect(answer["matched"] as? Int == 1)
        #expect((answer["section"] as? String)?.contains(#"pattern_definitions {"BEAN":"b-\\d+"}"#) == true)
    }

    @Test("no more than so many lines are looked at, and it is said")
    func manyLines() throws {
        let answer = try match("%{WORD:a}", String(repeating: "x\n", count: GrokPlayground.mostLines + 5))
        #expect((answer["lines"] as? [Any])?.count == GrokPlayground.mostLines)
        #expect((answer["note"] as? String)?.hasPrefix("the first 200 of 205 lines") == true)
    }

    @Test("an expression that never ends ends, lines that were not tried are said to be")
    func endless() throws {
        let lines = String(repeating: String(repeating: "a", count: 2000) + "!\n", count: 100)
        let start = ThreadTime.seconds
        let answer = try match("^(?<x>(a+)+)$", lines)
        #expect(ThreadTime.seconds - start < 8)
        #expect(answer["matched"] as? Int == 0)
        #expect((answer["lines"] as? [[String: Any]])?.allSatisfy { $0["matched"] as? Bool == false } == true)
    }

    @Test("an expression beyond its limit is refused")
    func longExpression() throws {
        let playground = try GrokPlayground(definitions: "")
        #expect(throws: PageRefusal.self) {
            _ = try playground.match(String(repeating: "a", count: GrokPlayground.expressionBytes + 1), lines: "a")
        }
    }

    @Test("where a line stops is told in both texts, with changes that were tried")
    func explain() throws {
        let answer = try object(
            GrokPlayground(definitions: "").explain("ß %{INT:n:integer} end", lines: "ß x5 end").array())
        let stops = try #require(answer["stops"] as? [String: Any])
        let found = try #require(answer["found"] as? [String: Any])
        #expect(stops["start"] as? Int == 2 && stops["element"] as? String == "%{INT:n:integer}")
        #expect(found["start"] as? Int == 2 && found["text"] as? String == "x5")
        let fixes = try #require(answer["fixes"] as? [[String: Any]])
        let fixed = try #require(fixes.first?["expression"] as? String)
        #expect(try match(fixed, "ß x5 end")["matched"] as? Int == 1)
    }

    @Test("lines are proposed an expression that matches them")
    func suggest() throws {
        let lines = "10.0.0.1 - - [10/Oct/2000:13:55:36 -0700] \"GET /a HTTP/1.0\" 200 12"
        let answer = try object(GrokPlayground(definitions: "").suggest(lines: lines).array())
        let pattern = try #require((answer["patterns"] as? [[String: Any]])?.first?["pattern"] as? String)
        #expect(try match(pattern, lines)["matched"] as? Int == 1)
    }

    @Test("every name that an expression may use is listed, with what it is for")
    func patterns() throws {
        let answer = try object(GrokPlayground(definitions: "").patterns().array())
        let all = try #require(answer["patterns"] as? [[String: Any]])
        #expect(all.count > 100)
        #expect(all.contains { $0["name"] as? String == "IP" && $0["about"] as? String != nil })
    }
}

@Suite("Monitor: what the page posts")
struct PageQuestionTests {
    @Test("texts are read with their escapes; other values are none")
    func texts() throws {
        let question = try PageQuestion(Array(#"{"a":"x\n\"ü","b":3,"c":"<"}"#.utf8))
        #expect(try question.text("a") == "x\n\"ü")
        #expect(try question.text("c") == "<")
        #expect(throws: PageRefusal.self) { _ = try question.text("b") }
        #expect(question.text("d", default: "-") == "-")
    }

    @Test("what is no JSON object is refused", arguments: ["", "[]", "{", "\"a\"", "{\"a\":}"])
    func faults(_ body: String) {
        #expect(throws: PageRefusal.self) { _ = try PageQuestion(Array(body.utf8)) }
    }
}

@Suite("Monitor: /api/pipeline")
struct PipelineAnswerTests {
    private func graph() -> PipelineGraph {
        var graph = PipelineGraph()
        graph.add(.init(id: "in", category: .input, type: "forward", summary: "0.0.0.0:1"))
        graph.add(.init(id: "label @ROOT", category: .label, type: "events", summary: "@ROOT"))
        graph.add(.init(id: "out", category: .output, type: "elasticsearch", summary: "\"<x>\""))
        graph.connect("in", "label @ROOT")
        graph.connect("label @ROOT", "out", tags: "a.*")
        graph.connect("label @ROOT", "out", tags: "b")
        graph.connect("label @ROOT", "out", tags: "b")
        return graph
    }

    @Test("nodes have the figures of their stages, edges the patterns that go their way, each once")
    func answer() throws {
        var input = StageReport(id: "in", category: .input, type: "forward")
        (input.counts.eventsIn, input.counts.eventsOut) = (12, 11)
        let report = MonitorReport(process: ProcessReport(), stages: [input])
        let answer = try object(PipelineAnswer(graph: graph(), report: report).json().array())
        let nodes = try #require(answer["nodes"] as? [[String: Any]])
        #expect(nodes.map { $0["id"] as? String } == ["in", "label @ROOT", "out"])
        #expect((nodes[0]["counts"] as? [String: Int])?["in"] == 12)
        #expect(nodes[2]["summary"] as? String == "\"<x>\"" && nodes[2]["counts"] == nil)
        let edges = try #require(answer["edges"] as? [[String: String]])
        #expect(edges.map { $0["tags"] } == ["", "a.* b"])
        #expect(answer["state"] as? String == "ok")
    }
}

@Suite("Monitor: the page's own parts")
struct PageFileTests {
    @Test("they are in the program, and name nothing elsewhere", arguments: ["/", "/page.css", "/page.js"])
    func files(_ path: String) throws {
        let file = try #require(PageFile(path))
        let text = String(decoding: file.bytes, as: UTF8.self)
        #expect(text.count > 1000)
        let addresses = text.matches(of: #/https?://[^"\s]+/#).map { String($0.output) }
        #expect(addresses.allSatisfy { $0 == "http://www.w3.org/2000/svg" }, "\(addresses)")
    }

    @Test("no script puts in markup, and no markup holds a script or a style of its own")
    func markup() throws {
        let script = String(decoding: PageFile.script.bytes, as: UTF8.self)
        for word in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function"] {
            #expect(!script.contains(word), "\(word)")
        }
        let document = String(decoding: PageFile.document.bytes, as: UTF8.self)
        #expect(document.matches(of: #/<script(?! src="page\.js" defer><\/script>)|<style| style=| on[a-z]+=/#).isEmpty)
    }

    @Test("what is answered is neither framed, nor kept, nor guessed at")
    func headers() {
        let headers = PageAnswer(PageFile.document).headers
        func value(_ name: String) -> String? { headers.first { $0.name == name }?.value }
        #expect(value("Content-Security-Policy")?.hasPrefix("default-src 'none'; script-src 'self';") == true)
        #expect(value("X-Content-Type-Options") == "nosniff" && value("Cache-Control") == "no-store")
        #expect(PageAnswer(PageRefusal(401, "x")).headers.contains { $0.name == "WWW-Authenticate" })
    }
}
