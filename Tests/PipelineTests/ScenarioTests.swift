import Events
import Foundation
import Pipeline
import TestSupport
import Testing

/// What plugins of Fluentd did with events that came over the forward protocol, replayed without sockets: each case has a
/// configuration of its own. Order counts within each tag.
@Suite(.serialized) struct ScenarioTests {
    /// `suite/id`, with the case's JSON.
    private static let cases: [(name: String, text: String)] = ["rewrite-tag", "concat", "kubernetes-plugins"].flatMap {
        suite in
        let lines = (try? GoldenData.bytes(suite + "-scenarios.jsonl"))?.split(separator: 0x0A) ?? []
        return lines.map { line in
            let text = String(decoding: line, as: UTF8.self)
            return ("\(suite)/\(object(text)["id"] as? String ?? "?")", text)
        }
    }

    private static func object(_ text: String) -> [String: Any] {
        (try? JSONSerialization.jsonObject(with: Data(text.utf8))) as? [String: Any] ?? [:]
    }

    @Test("a scenario ends as it did in Fluentd, or as deviations.json says", arguments: cases.map(\.name))
    func scenario(_ name: String) throws {
        guard let text = Self.cases.first(where: { $0.name == name })?.text else { return }
        let one = Self.object(text)
        let configuration = try #require(one["config"] as? String).replacing("{port:forward}", with: "24224")
        let steps = try #require(one["steps"] as? [[String: Any]])
        let checked = Checked(configuration)
        if steps.contains(where: { $0["may_fail"] != nil }) {
            #expect(!checked.errors.isEmpty, "\(name) was refused by Fluentd")
            return
        }
        #expect(checked.errors.isEmpty, "\(checked.rendered)")
        let run = try Run(checked.plan)
        for step in steps {
            if let events = step["forward"] as? [[Any]] { try send(events, to: run) }
            if let seconds = step["settle"] as? Double { run.wait(seconds: seconds) }
        }
        let got = Self.byTag(try run.written().split(separator: "\n").map(String.init))
        let allowed = try Self.allowed(name, try #require(one["expect"] as? [String: Any]))
        #expect(
            allowed.contains { $0 == nil || Self.byTag($0 ?? []) == got },
            "\(name) printed \(got.values.flatMap { $0 })\n\(allowed)")
    }

    @Test("there are cases") func count() { #expect(Self.cases.count >= 48) }

    /// Events of one tag that follow each other are one batch.
    private func send(_ events: [[Any]], to run: Run) throws {
        var batch: EventBatch?
        for event in events {
            let tag = try #require(event[0] as? String)
            if batch?.tag.text != tag {
                if let batch { run.send(batch) }
                batch = EventBatch(tag: tag)
            }
            let time: EventTime =
                if let parts = event[1] as? [String: Int] {
                    EventTime(seconds: Int64(parts["sec"] ?? 0), nanoseconds: UInt32(parts["nsec"] ?? 0))
                } else {
                    EventTime(seconds: Int64(try #require(event[1] as? Int)))
                }
            let record = try JSONSerialization.data(withJSONObject: event[2], options: [.sortedKeys])
            try batch?.add(json: Array(record), at: time)
        }
        if let batch { run.send(batch) }
    }

    /// The outcomes that are right; nil: any.
    private static func allowed(_ name: String, _ golden: [String: Any]) throws -> [[String]?] {
        let captured = golden["stdout"] as? [String] ?? []
        let deviations = try JSONSerialization.jsonObject(with: Data(try GoldenData.bytes("deviations.json")))
        guard let deviation = (deviations as? [String: [String: Any]])?[name] else { return [captured] }
        return (deviation["expect"] as? [Any] ?? []).map { one in
            guard let outcome = one as? [String: Any] else { return captured }
            return outcome["stdout"] as? [String]
        }
    }

    /// Lines by tag; the keys of records in an order of their own, as they are sent.
    private static func byTag(_ lines: [String]) -> [Substring: [String]] {
        var sorted: [Substring: [String]] = [:]
        for line in lines {
            let line = Run.withoutPresent(
                line.replacing("<now>", with: "NOW").replacing("<hostname>", with: "host.example"))
            guard let brace = line.firstIndex(of: "{"),
                let record = try? JSONSerialization.jsonObject(with: Data(line[brace...].utf8)),
                let keys = try? JSONSerialization.data(withJSONObject: record, options: [.sortedKeys])
            else {
                sorted["", default: []].append(line)
                continue
            }
            let front = line[..<brace]
            sorted[front.split(separator: " ").last ?? "", default: []].append(
                front + String(decoding: keys, as: UTF8.self))
        }
        return sorted
    }
}
