import Suggest
import Testing

/// What lines of some kinds become: fields, types, the event's time.
@Suite struct SuggestShapeTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let text: String
        /// Fields of the first line that must be found, with their types behind a colon.
        let fields: [String: String]
        var time: String?
        var testDescription: String { text }
    }

    static let cases = [
        Case(
            text:
                "INFO  [main] 2026-03-04 05:06:07,715 SSTable.java:127 - Deleting\nWARN  [gc] 2026-03-04 05:06:08,715 Server.java:12 - Full",
            fields: ["file": "SSTable.java", "line:integer": "127", "thread": "main"], time: "%Y-%m-%d %H:%M:%S,%N"),
        Case(
            text:
                "2026-03-04 05:06:07,715 mx.example.org:25 refused\n2026-03-04 05:06:08,715 mail.example.net:587 accepted",
            fields: ["host": "mx.example.org", "port:integer": "25"]),
        Case(
            text:
                "2026-03-04 05:06:07,858 [myid:1] - INFO  [Peer[myid=1]/0.0.0.0:2181:Peer@738] - FOLLOWING\n2026-03-04 05:06:08,858 [myid:2] - WARN  [Peer[myid=2]/0.0.0.0:2181:Learner@325] - Getting a snapshot",
            fields: ["myid:integer": "1", "level": "INFO"],
            time: "%Y-%m-%d %H:%M:%S,%N"),
        Case(text: "temp -3.5 C\ntemp 12.0 C", fields: ["temp:float": "-3.5"]),
        Case(
            text: "req-7f3a done in 12 ms\nreq-9b21 done in 14 ms",
            fields: ["name": "req-7f3a", "number:integer": "12"]),
        Case(text: "a\t1\tok\nb\t2\tbad", fields: ["number:integer": "1"]),
        Case(text: "1772600767 web01 up\n1772600768 web02 down", fields: ["timestamp": "1772600767"], time: "%s"),
        Case(
            text: "03/14/2026 05:06 PM login ok\n03/15/2026 05:07 PM login bad",
            fields: ["timestamp": "03/14/2026 05:06 PM"], time: "%m/%d/%Y %I:%M %p"),
        Case(
            text:
                "20260304-5:6:7:812|Step|300|moved 3579\n20260304-5:6:8:812|Sense|301|total 12\n20260304-15:6:8:812|Sense|301|x y",
            fields: ["timestamp": "20260304-5:6:7:812", "number:integer": "300"]),
        Case(
            text:
                "2026-03-04 05:06:07, Info                  CSI    00000001 Loaded\n2026-03-04 05:06:08, Warning               CSI    00000002 Unloaded",
            fields: ["level": "Info", "component": "CSI"], time: "%Y-%m-%d %H:%M:%S"),
        Case(
            text: "[2001:db8::1]:443 open\n[2001:db8::2]:80 closed",
            fields: ["clientip": "2001:db8::1", "clientport:integer": "443"]),
        Case(
            text: "2026-03-04T05:06:07Z 200 GET /a 12\n2026-03-04T05:06:08Z 404 GET /b 13",
            fields: ["status:integer": "200", "method": "GET"], time: "%Y-%m-%dT%H:%M:%S%z"),
        Case(
            text: "4018:M 04 Mar 2026 05:06:07.114 * Ready\n4018:M 04 Mar 2026 05:06:08.200 # Started",
            fields: ["timestamp": "04 Mar 2026 05:06:07.114"], time: "%d %b %Y %H:%M:%S.%N"),
        Case(
            text: "aa:bb:cc:dd:ee:ff joined wlan0\naa:bb:cc:dd:ee:f0 left wlan1", fields: ["mac": "aa:bb:cc:dd:ee:ff"]),
        Case(text: "user=bob op=get took=12\nop=put user=eve took=9", fields: ["user": "bob", "took:integer": "12"]),
        Case(
            text: "2026-03-04 05:06:07 10.0.0.1 GET / q=1 80 - 200\n2026-03-04 05:06:08 10.0.0.2 GET /x - 80 bob 404",
            fields: ["method": "GET", "path": "/", "query": "q=1", "status:integer": "200"]),
        Case(
            text: "2026-03-04 05:06:07 10.0.0.1 GET / q=1 80 200\n2026-03-04 05:06:08 10.0.0.2 GET /x page=2 80 404",
            fields: ["query": "q=1", "status:integer": "200"]),
        Case(
            text: "2026-03-04 05:06:07 10.0.0.1 - bob 200\n2026-03-04 05:06:08 10.0.0.2 jane - 404",
            fields: ["user": "-", "word": "bob", "number:integer": "200"]),
        Case(
            text: "161209 13:08:33 [Warning] one two three\n161209  3:08:34 [Error] four five",
            fields: ["timestamp": "161209 13:08:33"]),
        Case(
            text:
                "[2026-03-04 05:06:07 +0100] information/Notifier: sent one\n[2026-03-04 05:06:08 +0100] critical/Checker: gave up",
            fields: ["level": "information", "program": "Notifier", "message": "sent one"]),
        Case(
            text:
                "[2026-03-04T05:06:07.802Z] I guard: action=RUN|args=ls -l /tmp|pid=12|user=eve\n[2026-03-04T05:06:08.802Z] I guard: action=RUN|pid=13|user=bob",
            fields: ["level": "I", "action": "RUN", "args": "ls -l /tmp", "pid:integer": "12", "user": "eve"]),
        Case(
            text:
                "type=LOGIN msg=audit(1772600767.114:5): pid=7 msg='op=start addr=10.0.0.1 res=success'\ntype=LOGIN msg=audit(1772600768.200:6): pid=8 msg='op=stop addr=10.0.0.2 res=failed'",
            fields: ["op": "start", "addr": "10.0.0.1", "res": "success"]),
    ]

    @Test("the first line has the fields, and all lines one pattern", arguments: cases)
    func shape(_ one: Case) throws {
        let suggestion = try SuggestSupport.suggest(one.text)
        #expect(suggestion.proposals.count == 1 && suggestion.uncoveredCount == 0, "\(suggestion.configuration)")
        let proposal = try #require(suggestion.proposals.first)
        let captures = proposal.captures.map { capture in
            let name = capture.type == .string ? capture.name : "\(capture.name):\(capture.type.name)"
            return (name, String(decoding: capture.text, as: UTF8.self))
        }
        for (name, value) in one.fields {
            #expect(captures.contains { $0 == (name, value) }, "\(name) in \(proposal.expression)")
        }
        if let time = one.time { #expect(proposal.time?.formats == [time]) }
    }

    @Test(
        "what is no number has no number's type",
        arguments: [
            ("id 00123 x\nid 00456 x", "00123"), ("key deadbeef01 x\nkey 1234567890ab x", "deadbeef01"),
            ("at 2026.03 x\nat 2026.04 x", "2026.03"), ("on 1.2.3 x\non 1.2.4 x", "1.2.3"),
        ])
    func noNumbers(_ text: String, _ value: String) throws {
        let captures = try SuggestSupport.suggest(text).proposals.flatMap(\.captures)
        let capture = try #require(captures.first { $0.text == Array(value.utf8) })
        #expect(capture.type == .string)
    }

    @Test(
        "nothing that is another value tomorrow is a literal",
        arguments: [
            ("17/06/09 20:10:40 INFO a.B: x y\n17/06/09 20:10:41 INFO a.C: z", "18/07/10 20:10:40 WARN a.D: q r s"),
            ("user jane from 10.0.0.1\nuser jane from 10.0.0.2", "user bob from 10.0.0.3"),
            ("[pid 12] id 7 ok\n[pid 12] id 7 bad", "[pid 13] id 8 no"),
            ("2026-03-04 05:06:07 web-1 up\n2026-03-04 05:06:08 web-1 down", "2027-01-01 00:00:00 db-2 up"),
        ])
    func literals(_ text: String, _ other: String) throws {
        let suggestion = try SuggestSupport.suggest(text)
        let section = try PrintedSection(suggestion.configuration)
        #expect(section.fields(Array(other.utf8)) != nil, "\(suggestion.configuration)")
    }

    @Test(
        "a letter is a level where levels stand, and no unit",
        arguments: [
            ("2026-03-04 05:06:07 W disk full\n2026-03-04 05:06:08 I disk fine", true),
            ("03-04 05:06:07.114  1702  2555 C Monitor: gone\n03-04 05:06:08.200  1702  8671 D Monitor: back", true),
            ("2026-03-04 05:06:07 temp -3.5 C\n2026-03-04 05:06:08 temp 4.0 C", false),
            ("2026-03-04 05:06:07 21 C outside, fine\n2026-03-04 05:06:08 70 F outside, fine", false),
            ("temp 4 C", false),
        ])
    func levelLetters(_ text: String, _ isLevel: Bool) throws {
        let names = try SuggestSupport.suggest(text).proposals.flatMap(\.fields).map(\.name)
        #expect(names.contains("level") == isLevel, "\(names)")
    }

    @Test("the columns of a table keep their names where values are missing")
    func tables() throws {
        let suggestion = try SuggestSupport.suggest(
            """
            #Fields: date time c-ip cs-method sc-status s-reason
            2026-03-04 05:06:07 10.0.0.1 GET 503 ConnLimit
            2026-03-04 05:06:08 10.0.0.2 - - Timer
            #Fields: date time s-sitename c-ip cs-method sc-status
            2026-03-04 05:06:09 W3SVC1 10.0.0.1 GET 200
            2026-03-04 05:06:10 W3SVC1 10.0.0.2 GET
            """)
        #expect(suggestion.uncoveredCount == 0)
        let section = try PrintedSection(suggestion.configuration)
        func fields(_ line: String) -> [String: String]? {
            section.fields(Array(line.utf8))
        }
        let missing = try #require(fields("2026-03-04 05:06:08 10.0.0.2 - - Timer"))
        #expect(missing["s-reason"] == "Timer" && missing["c-ip"] == "10.0.0.2" && missing["sc-status"] == nil)
        // Under the second header.
        #expect(fields("2026-03-04 05:06:09 W3SVC1 10.0.0.1 GET 200")?["s-sitename"] == "W3SVC1")
        // A value that no line of the sample lacks may be missing tomorrow.
        #expect(fields("2026-03-04 05:06:09 W3SVC1 - GET 200")?["cs-method"] == "GET")
        // A line that no header fits has none of its names.
        let odd = suggestion.proposals.first { $0.sample.elementsEqual("2026-03-04 05:06:10 W3SVC1 10.0.0.2 GET".utf8) }
        #expect(odd?.fields.contains { $0.name.hasPrefix("s-") } == false)
    }

    @Test("lines that go on with an address have a pattern of their own")
    func addressed() throws {
        let text = (0..<4).map {
            "[1] 2026/03/04 05:06:0\($0).624334 [INF] Server is ready\n"
                + "[1] 2026/03/04 05:06:0\($0).702334 [TRC] 10.0.0.\($0):4222 - cid:\($0) - PING"
        }.joined(separator: "\n")
        let suggestion = try SuggestSupport.suggest(text)
        #expect(suggestion.proposals.count == 2 && suggestion.uncoveredCount == 0)
        let section = try PrintedSection(suggestion.configuration)
        let fields = try #require(
            section.fields(Array("[1] 2026/03/04 05:06:07.1 [TRC] 10.9.9.9:80 - cid:7 - PONG".utf8)))
        #expect(fields["clientip"] == "10.9.9.9" && fields["cid"] == "7")
    }

    @Test("a stack trace belongs to the line before it, and the section joins them")
    func continuations() throws {
        let text = """
            2026-11-24 18:22:44 ERROR failed badly here
            \tat org.acme.Main.main(Main.java:12)
            Caused by: java.io.IOException: gone
            \tat org.acme.Other.run(Other.java:99)
            2026-11-24 18:22:45 INFO went on working
            """
        let suggestion = try SuggestSupport.suggest(text)
        #expect(suggestion.continuationCount == 3 && suggestion.uncoveredCount == 0)
        #expect(suggestion.configuration.contains("@type multiline_grok\n  multiline_start_regexp /^\\d{4}-"))
        #expect(suggestion.concatenation?.contains("@type concat") == true)
        #expect(try SuggestSupport.taken(suggestion, of: Array(text.utf8)) == 5)
    }

    @Test("field names of the Elastic Common Schema")
    func elastic() throws {
        let suggestion = try SuggestSupport.suggest("10.0.0.1 GET /cart 200 12ms\n10.0.0.2 POST /pay 503 40ms", .ecsV1)
        let names = try #require(suggestion.proposals.first).captures.map(\.name)
        #expect(
            names == [
                "source.ip", "http.request.method", "url.path", "http.response.status_code", "event.duration",
            ])
    }

    @Test("an ingest pipeline has the pattern, the date and the types")
    func ingest() throws {
        let suggestion = try SuggestSupport.suggest(
            "2026-03-04T05:06:07Z 200 GET /a 12\n2026-03-04T05:06:08Z 404 GET /b 13")
        let json = IngestPipeline(suggestion).json
        #expect(json.contains("%{INT:status}") && !json.contains(":integer"))
        #expect(json.contains("\"date\": { \"field\": \"timestamp\", \"formats\": [\"ISO8601\""))
        #expect(json.contains("\"convert\": { \"field\": \"status\", \"type\": \"long\""))
    }
}
