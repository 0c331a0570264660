import Buffering
import Events
import Foundation
import Logging
import Outputs
import TestSupport
import Testing

@testable import Pipeline

/// A loop's stages take refused events back into a label.
@Suite("Handing events back")
struct HandBackTests {
    /// Stages of a plan with a label `@ERROR`, and what reaches standard output.
    private final class Stages {
        private let file = FileManager.default.temporaryDirectory.appendingPathComponent("sluice-\(UUID().uuidString)")
        private let writer: WriterThread
        let stages: LoopStages

        init(_ output: String) throws {
            let plan = Checked("<label @ERROR>\n<match **>\n\(output)\n</match>\n</label>").plan
            writer = try WriterThread()
            try Data().write(to: file)
            let handle = try FileHandle(forWritingTo: file)
            let sink = TextSink(descriptor: dup(handle.fileDescriptor), writer: writer)
            let context = RunContext(
                log: .discarding, stateDirectory: "/nonexistent", standardOutput: sink,
                returnPath: Labels([:]).path)
            stages = LoopStages(
                log: .discarding, standardOutput: sink, metrics: MetricsRegistry(), gates: context.gates)
            stages.connect(plan, outputs: try plan.makeOutputs(context))
        }

        deinit { try? FileManager.default.removeItem(at: file) }

        /// `a {"n":0}`: tag and record of each line.
        func written() throws -> [String] {
            writer.drain(withinSeconds: 30)
            return try String(contentsOf: file, encoding: .utf8).split(separator: "\n").map {
                $0.split(separator: " ").dropFirst(3).joined(separator: " ")
            }
        }
    }

    /// Two events of tag a, one of tag b, one more of tag a.
    private let events: RefusedEvents = {
        var body = ChunkBody(capacity: 256)
        let (a, b) = (Tag("a"), Tag("b"))
        for (number, tag) in [a, a, b, a].enumerated() {
            let start = body.bytes.count
            body.bytes.append(Array("{\"n\":\(number)}".utf8))
            body.endItem(from: start, label: 0, tag: body.tag(tag), time: EventTime(seconds: 1))
        }
        return RefusedEvents(LoadedChunk(body, id: "c"), ItemSet(0..<4), TextReader())
    }()

    @Test("a step takes events of one tag that stand together, each event once, in their order") func tags() throws {
        let stages = try Stages("@type stdout")
        var rest = events
        var steps: [Int] = []
        while !rest.items.isEmpty {
            let step = stages.stages.handBack(rest, to: "@ERROR")
            steps.append(step.itemCount)
            rest.items = rest.items.split(after: max(step.itemCount, 1)).1
        }
        #expect(steps == [2, 1, 1])
        #expect(try stages.written() == [#"a: {"n":0}"#, #"a: {"n":1}"#, #"b: {"n":2}"#, #"a: {"n":3}"#])
    }

    @Test("what the label refuses is not taken, and waits for room") func refused() throws {
        let stages = try Stages(
            """
            @type elasticsearch
            <buffer>
              total_limit_size 1
              overflow_action throw_exception
            </buffer>
            """)
        #expect(stages.stages.handBack(events, to: "@ERROR").itemCount == 2)
        let step = stages.stages.handBack(events, to: "@ERROR")
        #expect(step.itemCount == 0 && step.isFull)
    }

    @Test("a label that does not exist takes nothing") func nobody() throws {
        let step = try Stages("@type stdout").stages.handBack(events, to: "@OTHER")
        #expect(step.itemCount == 0 && !step.isFull)
    }
}
