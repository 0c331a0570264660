import CommandLine
import ConfigFile
import Events
import KeptEvents
import Logging
import Outputs
import Pipeline
import Time

/// `sluice replay -c FILE --to ID FILE…`: kept events, straight to one output of a configuration.
enum ReplayToOutput {
    /// Exit status 0 when every event was delivered, 1 when one was not or a line was no event, 2 when the configuration
    /// cannot be used.
    static func run(_ parsed: ParsedCommand, to name: String) -> Int32 {
        guard let path = ConfigurationLoader.path(parsed.value(RunOptions.config)) else {
            StandardError.write(ConfigurationLoader.noConfiguration)
            return ExitStatus.configuration
        }
        guard let plan = ConfigurationLoader.runnable(path) else { return ExitStatus.configuration }
        do {
            let writer = try WriterThread()
            defer { writer.drain(withinSeconds: 1) }
            let handler = LogWriter.standardError(
                format: .text, coloured: Terminal.standardError.allowsColour, writer: writer)
            let log = Log(handler: handler, level: .warn)
            let sink = TextSink(writer: writer, log: log)
            guard let replay = try OutputReplay(plan, to: name, log: log, standardOutput: sink) else {
                let names = OutputReplay.names(in: plan).joined(separator: ", ")
                StandardError.write(
                    "sluice replay: \(path) has no output '\(name)'\n  give it '@id \(name)'; there are \(names)\n")
                return ExitStatus.configuration
            }
            return try send(parsed, replay)
        } catch {
            StandardError.write("sluice replay: \(error)\n")
            return ExitStatus.failure
        }
    }

    private static func send(_ parsed: ParsedCommand, _ replay: OutputReplay) throws -> Int32 {
        let patience = parsed.seconds(SendOptions.timeout) ?? 10
        let reason = ReplayCommand.reason(parsed)
        var problems = 0
        var isStuck = false
        var times = TimeReader(.iso8601, zone: .utc)
        func complain(_ sentence: String) {
            problems += 1
            if problems <= EventFeed.maximumShownProblems { StandardError.write("sluice replay: \(sentence)\n") }
        }
        for name in parsed.arguments {
            for file in KeptFiles.expand(name) where !isStuck {
                var number = 0
                try KeptFiles.eachLine(of: file) { line in
                    number += 1
                    if isStuck || line.isEmpty { return }
                    do {
                        let event = try KeptEvent(line, &times)
                        if reason?.holds(for: event.cause) == false { return }
                        isStuck =
                            try !replay.send(
                                event.record, tag: event.tag, time: event.time, patienceSeconds: patience)
                    } catch let missing as KeptEvent.Missing {
                        complain("\(file):\(number): \(missing.sentence)")
                    } catch {
                        complain("\(file):\(number): \(error)")
                    }
                }
            }
        }
        let counts = replay.finish(patienceSeconds: patience)
        if counts.waiting > 0 || isStuck {
            complain(
                "nothing was delivered for \(patience) s: gave up (--timeout); what was not delivered is still in the files"
            )
        }
        if counts.refused > 0 {
            complain(
                "\(counts.refused) events or more were refused, or are in a batch with such; they stay in the files")
        }
        if parsed.has(SendOptions.verbose) || Terminal.standardError.isTerminal {
            StandardError.write("\(counts.handedOver) events sent, \(counts.delivered) delivered\n")
        }
        return problems == 0 ? ExitStatus.success : ExitStatus.failure
    }
}
