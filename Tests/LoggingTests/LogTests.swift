import Logging
import Testing

@Suite struct LogTests {
    private let recorder = LogRecorder()

    @Test("the component's fields stand before the line's") func context() {
        let log = Log(handler: recorder).with("source", "forward").with("worker", 0)
        log.info("listening port", ["port": 24224, "bind": "127.0.0.1", "tls": false])
        #expect(
            recorder.lines == ["[info]: listening port source=forward worker=0 port=24224 bind=127.0.0.1 tls=false"])
    }

    @Test("deriving a log leaves the original as it was") func derivation() {
        let log = Log(handler: recorder)
        _ = log.with("source", "forward")
        log.warn("plain")
        #expect(recorder.lines == ["[warn]: plain"])
    }

    @Test("a line below the level is neither written nor evaluated", arguments: LogLevel.allCases)
    func levels(_ level: LogLevel) {
        let log = Log(handler: recorder, level: level)
        var evaluated = 0
        func message(_ text: String) -> String {
            evaluated += 1
            return text
        }
        log.trace(message("t"))
        log.debug(message("d"))
        log.info(message("i"))
        log.warn(message("w"))
        log.error(message("e"))
        log.fatal(message("f"))
        let expected = LogLevel.allCases.filter { $0 >= level }
        #expect(recorder.entries.map(\.level) == expected)
        #expect(evaluated == expected.count)
        #expect(log.isEnabled(level))
    }

    @Test("a section's own level goes before the daemon's, both ways") func ownLevel() {
        let log = Log(handler: recorder, level: .warn)
        log.at(.debug).debug("talkative")
        log.at(.error).warn("quiet")
        log.at(nil).info("as the daemon")
        #expect(recorder.lines == ["[debug]: talkative"])
    }

    @Test("changing the daemon's level reaches every derived log") func changingLevel() {
        let log = Log(handler: recorder)
        let derived = log.with("a", 1)
        log.level = .trace
        derived.trace("now")
        #expect(recorder.lines == ["[trace]: now a=1"])
    }

    @Test("levels are found by Fluentd's names and moved by -v and -q within the range") func levelNames() {
        #expect(LogLevel("warn") == .warn)
        #expect(LogLevel("warning") == nil)
        #expect(LogLevel.info.moved(by: -1) == .debug)
        #expect(LogLevel.info.moved(by: -9) == .trace)
        #expect(LogLevel.info.moved(by: 2) == .error)
        #expect(LogLevel.info.moved(by: Int.max) == .fatal)
    }

    @Test("the discarding log says nothing") func discarding() {
        #expect(!Log.discarding.isEnabled(.error))
    }
}
