import Events
import Outputs
import Testing

@testable import Pipeline

/// Which outputs a reload takes over. Sections are read as from a file.
@Suite("Outputs over a reload")
struct LiveOutputsTests {
    private final class Output: RunningOutput {
        func makeEmitter(_ context: LoopContext) -> any Emitter { NullEmitter() }
    }

    private func plan(_ text: String) -> PipelinePlan { Checked("<source>\n@type forward\n</source>\n" + text).plan }

    private func es(_ host: String, _ more: String = "") -> String {
        "@type elasticsearch\nhost \(host)\n\(more)"
    }

    /// Makes the outputs of a plan as a reload does, without their insides: `=` kept, `+` new, `-` retiring.
    private func reload(_ live: LiveOutputs, _ plan: PipelinePlan) throws -> [String] {
        let unwanted = live.unwanted(by: plan).map { "-\($0.plan.summary)" }
        live.beginReload(without: [])
        var lines: [String] = []
        for output in plan.bufferedOutputs {
            var isNew = false
            _ = try live.output(of: output) {
                isNew = true
                return Output()
            }
            lines.append((isNew ? "+" : "=") + output.summary)
        }
        let (made, retiring) = live.commit()
        #expect(made.count == lines.count { $0.hasPrefix("+") })
        let gone = retiring.map { "-\($0.plan.summary)" }
        #expect(gone == unwanted, "what is told before is what happens")
        return lines + gone
    }

    private func name(_ host: String) -> String { "http://\(host):9200, index fluentd" }

    @Test("the same section keeps its output, wherever it stands; another one is new, and the old one retires")
    func sections() throws {
        let live = LiveOutputs()
        let first = plan("<match a>\n\(es("one"))</match>\n<match b>\n\(es("two"))</match>")
        #expect(try reload(live, first) == ["+" + name("one"), "+" + name("two")])
        // Other lines, another order, comments.
        let second = plan("# later\n\n<match b>\n  \(es("two"))</match>\n<match a>\n\(es("one"))</match>")
        #expect(try reload(live, second) == ["=" + name("two"), "=" + name("one")])
        let third = plan("<match b>\n\(es("two", "request_timeout 7s\n"))</match>\n<match a>\n\(es("one"))</match>")
        #expect(try reload(live, third) == ["+" + name("two"), "=" + name("one"), "-" + name("two")])
    }

    @Test("the stores of a copy are outputs of their own: one that changes takes no other down") func stores() throws {
        let live = LiveOutputs()
        func copy(_ stores: String...) -> PipelinePlan {
            plan("<match **>\n@type copy\n" + stores.map { "<store>\n\($0)</store>\n" }.joined() + "</match>")
        }
        _ = try reload(live, copy(es("one"), "@type stdout\n", es("two")))
        #expect(
            try reload(live, copy(es("one"), es("three"))) == [
                "=" + name("one"), "+" + name("three"), "-" + name("two"),
            ])
    }

    @Test("of sections alike as many stay as there are") func alike() throws {
        let live = LiveOutputs()
        func roundrobin(_ count: Int) -> PipelinePlan {
            let store = "<store>\n\(es("one"))</store>\n"
            return plan("<match **>\n@type roundrobin\n" + String(repeating: store, count: count) + "</match>")
        }
        _ = try reload(live, roundrobin(2))
        #expect(
            try reload(live, roundrobin(3)) == ["=" + name("one"), "=" + name("one"), "+" + name("one")])
        #expect(try reload(live, roundrobin(1)) == ["=" + name("one"), "-" + name("one"), "-" + name("one")])
    }

    @Test("a secondary stays with its output: its hidden label has the same name in the next plan") func secondaries()
        throws
    {
        let text = "<match a>\n\(es("one", "<secondary>\n\(es("two"))</secondary>\n"))</match>"
        let (first, second) = (plan(text), plan("<match zzz>\n@type stdout\n</match>\n# x\n" + text))
        let labels = first.bufferedOutputs.compactMap(\.secondaryLabel)
        #expect(labels.count == 1 && labels == second.bufferedOutputs.compactMap(\.secondaryLabel))
        #expect(second.label(labels[0])?.isHidden == true)
        let live = LiveOutputs()
        _ = try reload(live, first)
        #expect(try reload(live, second).allSatisfy { $0.hasPrefix("=") })
    }

    @Test("a plan that cannot be had leaves all outputs at work, and gives back what was made for it")
    func rollBack() throws {
        let live = LiveOutputs()
        _ = try reload(live, plan("<match a>\n\(es("one"))</match>\n<match b>\n\(es("two"))</match>"))
        let before = live.entries.map(\.plan.summary)
        struct Broken: Error {}
        let next = plan(
            "<match a>\n\(es("one"))</match>\n<match b>\n\(es("new"))</match>\n<match c>\n\(es("bad"))</match>")
        live.beginReload(without: [])
        #expect(throws: Broken.self) {
            for output in next.bufferedOutputs {
                _ = try live.output(of: output) {
                    if output.summary.contains("bad") { throw Broken() }
                    return Output()
                }
            }
        }
        #expect(live.rollBack(without: []).map(\.plan.summary) == [name("new")])
        #expect(live.entries.map(\.plan.summary) == before)
    }
}
