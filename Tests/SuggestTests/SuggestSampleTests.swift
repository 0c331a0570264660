import Foundation
import Grok
import Suggest
import Testing

/// The proposals for sample files, checked by running them as an operator would: pasted into a set of their own.
@Suite struct SuggestSampleTests {
    static let compilers: [PatternSeries: GrokCompiler] = {
        var compilers: [PatternSeries: GrokCompiler] = [:]
        for series in PatternSeries.allCases {
            compilers[series] = (try? PatternLibrary(series: series)).map { GrokCompiler(library: $0) }
        }
        return compilers
    }()

    static func sample(_ name: String) throws -> [UInt8] { try SuggestSupport.sample(name) }

    static func suggest(_ text: [UInt8], _ series: PatternSeries = .legacy) throws -> GrokSuggestion {
        try SuggestSupport.suggest(text, series)
    }

    /// A matcher of a suggestion's expressions: made once for all lines, since compiling takes milliseconds.
    static func matcher(_ expressions: [String], _ series: PatternSeries) throws -> GrokMatcher {
        let compiler = try #require(compilers[series])
        return GrokMatcher(try GrokSet(expressions.map { GrokSet.Source($0) }, compiler: compiler))
    }

    static func captures(
        _ expressions: [String], _ line: [UInt8], _ series: PatternSeries
    ) throws -> [String: String]? {
        captures(try matcher(expressions, series), line)
    }

    /// What the expressions capture in a line; nil when none matches.
    static func captures(_ matcher: GrokMatcher, _ line: [UInt8]) -> [String: String]? {
        guard case .hit(let member) = matcher.match(line.span, as: SubjectText.classify(line.span)) else { return nil }
        var result: [String: String] = [:]
        for (index, field) in matcher.set.members[member].pattern.fields.enumerated() {
            let range = matcher.range(of: index)
            guard range.isSet else { continue }
            result[field.name] = String(decoding: line[Int(range.start)..<Int(range.end)], as: UTF8.self)
        }
        return result
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let file: String
        /// Fields of the first line that must be found, by series.
        let legacy: [String: String]
        let elastic: [String: String]
        var testDescription: String { file }
    }

    static let cases = [
        Case(
            file: "apache-combined",
            legacy: [
                "clientip": "203.0.113.44", "verb": "GET", "response": "200", "timestamp": "24/Nov/2026:18:22:44 +0000",
            ],
            elastic: [
                "source.address": "203.0.113.44", "http.request.method": "GET", "http.response.status_code": "200",
            ]),
        Case(
            file: "nginx-error",
            legacy: [
                "timestamp": "2026/11/24 18:22:44", "level": "error", "pid": "29", "clientip": "203.0.113.5",
                "server": "localhost", "request": "GET /favicon.ico HTTP/1.1", "host": "shop.example",
                "message": "open() \"/usr/share/nginx/html/favicon.ico\" failed (2: No such file or directory)",
            ],
            elastic: ["log.level": "error", "process.pid": "29", "source.ip": "203.0.113.5"]),
        Case(
            file: "syslog",
            legacy: ["timestamp": "Nov 24 18:22:44", "logsource": "web-1", "program": "sshd", "pid": "311"],
            elastic: ["host.hostname": "web-1", "process.name": "sshd", "process.pid": "311"]),
        Case(
            file: "haproxy",
            legacy: [
                "client_ip": "192.0.2.61", "http_status_code": "200", "http_verb": "GET", "frontend_name": "web-in",
            ],
            elastic: ["source.address": "192.0.2.61", "http.response.status_code": "200", "http.request.method": "GET"]),
        Case(
            file: "rails",
            legacy: ["timestamp": "2026-11-24T18:22:44.615172", "pid": "4801", "loglevel": "INFO"],
            elastic: ["process.pid": "4801", "log.level": "INFO"]),
        Case(
            file: "log4j",
            legacy: [
                "timestamp": "2026-11-24 18:22:44,615", "thread": "main", "level": "INFO",
                "class": "org.acme.billing.InvoiceService", "message": "Started in 3.2 seconds",
            ],
            elastic: [
                "process.thread.name": "main", "log.level": "INFO", "log.logger": "org.acme.billing.InvoiceService",
            ]),
        Case(
            file: "postgresql",
            legacy: [
                "timestamp": "2026-11-24 18:22:44.615 UTC", "pid": "77", "level": "LOG",
                "message": "database system is ready to accept connections",
            ],
            elastic: ["process.pid": "77", "log.level": "LOG"]),
        Case(
            file: "logfmt",
            legacy: ["time": "2026-11-24T18:22:44Z", "level": "info", "msg": "server started", "port": "8080"],
            elastic: ["time": "2026-11-24T18:22:44Z", "level": "info", "port": "8080"]),
        Case(
            file: "ruby-logger",
            legacy: ["timestamp": "2019-12-17T18:15:04.146453", "pid": "1", "loglevel": "INFO"],
            elastic: ["process.pid": "1", "log.level": "INFO"]),
        Case(
            file: "custom-app",
            legacy: [
                "timestamp": "2026-11-24 18:22:44.615", "level": "INFO", "clientip": "203.0.113.5",
                "clientport": "51234", "method": "GET", "request": "/a", "status": "200", "size": "512",
                "duration": "12.5", "user": "jane",
            ],
            elastic: ["log.level": "INFO", "source.ip": "203.0.113.5", "http.response.status_code": "200"]),
        Case(
            file: "app-text",
            legacy: ["timestamp": "2026-11-24 18:22:44", "level": "INFO", "message": "Server started on port 8080"],
            elastic: ["log.level": "INFO", "message": "Server started on port 8080"]),
        Case(
            file: "sentence", legacy: ["user": "jane", "clientip": "203.0.113.5", "port": "51234"],
            elastic: ["source.ip": "203.0.113.5", "port": "51234"]),
    ]

    @Test(
        "one expression matches every sample line of a format, with the obvious fields", arguments: cases,
        PatternSeries.allCases)
    func format(_ one: Case, _ series: PatternSeries) throws {
        let text = try Self.sample(one.file)
        let suggestion = try Self.suggest(text, series)
        #expect(suggestion.proposals.count == 1)
        #expect(suggestion.uncovered == [] && suggestion.uncoveredCount == 0)
        let expressions = suggestion.proposals.map(\.expression)
        let lines = text.split(separator: 0x0A).map { Array($0) }
        #expect(suggestion.lineCount == lines.count)
        let matcher = try Self.matcher(expressions, series)
        for line in lines {
            let captures = Self.captures(matcher, line)
            #expect(captures != nil, "no match: \(String(decoding: line, as: UTF8.self))")
        }
        let first = try #require(Self.captures(matcher, lines[0]))
        for (name, value) in series == .legacy ? one.legacy : one.elastic {
            #expect(first[name] == value, "\(name) in \(expressions)")
        }
    }

    @Test("the pairs in the messages of the Ruby logger are fields")
    func pairsInMessages() throws {
        let suggestion = try Self.suggest(try Self.sample("ruby-logger"))
        let request = Array(
            "I, [2019-12-17T18:15:04.146453 #1]  INFO -- : service=ui | event=request | path=/ | request_id=96e76ff2-3d06-4ffa-806b-c14d7ca6a78a | remote_addr=185.30.195.250 | method= GET | response_status=200"
                .utf8)
        let captures = try #require(try Self.captures(suggestion.proposals.map(\.expression), request, .legacy))
        let pairs = [
            "service": "ui", "event": "request", "path": "/", "request_id": "96e76ff2-3d06-4ffa-806b-c14d7ca6a78a",
            "remote_addr": "185.30.195.250", "method": "GET", "response_status": "200",
        ]
        for (name, value) in pairs { #expect(captures[name] == value, "\(name)") }
    }

    @Test("lines of other parsers are named, not matched", arguments: [("json", "json"), ("ltsv", "ltsv")])
    func otherParsers(_ file: String, _ parser: String) throws {
        let suggestion = try Self.suggest(try Self.sample(file))
        #expect(suggestion.proposals.map(\.parser.rawValue) == [parser])
        #expect(suggestion.uncoveredCount == 0)
        #expect(suggestion.configuration.hasPrefix("<parse>\n  @type \(parser)\n"))
        // The time of its first field is the event's.
        if parser == "ltsv" { #expect(suggestion.proposals.first?.time?.field == "time") }
    }
}
