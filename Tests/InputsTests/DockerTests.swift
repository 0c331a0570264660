import Events
import Inputs
import TestSupport
import Testing

/// The bytes that Docker's fluentd driver sent.
@Suite struct DockerTests {

    @Test("each line is an event, whatever the reads", arguments: ["post", "ui", "ack", "untagged", "partial"])
    func captures(_ name: String) throws {
        let bytes = try GoldenData.bytes("docker/\(name).msgpack")
        let whole = Recorder()
        #expect(whole.fed(bytes) == nil)
        #expect(whole.events.count >= 4)
        #expect(whole.decoder.unfinishedBytes == 0)
        #expect(whole.warnings.isEmpty)
        for feeding in Feeding.allCases where feeding != .whole {
            let recorder = Recorder()
            #expect(recorder.fed(bytes, feeding) == nil)
            #expect(recorder.events == whole.events)
            #expect(recorder.replies == whole.replies)
        }
        for event in whole.events {
            #expect(event.contains(#""container_id":""#) && event.contains(#""container_name":"/"#))
            #expect(event.contains(#""source":"std"#))
        }
        #expect(whole.replies.isEmpty == (name != "ack"), "only the capture with request-ack wants answers")
    }

    @Test("times: whole seconds by default, nanoseconds when asked for") func times() throws {
        for (name, isWhole) in [("post", true), ("ui", false)] {
            let recorder = Recorder()
            recorder.fed(try GoldenData.bytes("docker/\(name).msgpack"))
            let fractions = recorder.events.map { $0.split(separator: " ")[1].split(separator: ".")[1] }
            #expect(fractions.allSatisfy { $0 == "0" } == isWhole)
        }
    }

    @Test("each ack answers one message, in order") func acks() throws {
        let recorder = Recorder()
        recorder.fed(try GoldenData.bytes("docker/ack.msgpack"))
        let replies = ByteBuffer(recorder.replies)
        var offset = 0
        var acks = 0
        while offset < replies.count {
            offset = try replies.skipMessagePack(at: offset, end: replies.count)
            acks += 1
        }
        #expect(acks == recorder.events.count)
    }

    @Test("the pieces of a long line say so") func partial() throws {
        let recorder = Recorder()
        recorder.fed(try GoldenData.bytes("docker/partial.msgpack"))
        let pieces = recorder.events.filter { $0.contains(#""partial_message":"true""#) }
        #expect(pieces.map { $0.contains(#""partial_last":"true""#) } == [false, false, true, false, false])
    }
}
