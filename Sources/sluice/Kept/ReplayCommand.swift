import CommandLine
import Events
import ForwardProtocol
import Glibc
import KeptEvents
import Logging
import Outputs
import Pipeline
import Time

/// `sluice replay FILE…`: the events of dead letters and backup files, sent again with their tags and times.
enum ReplayCommand {
    /// Exit status 0 when every event of every file was acknowledged; 1 when one was not, or a line was no event (the
    /// others are sent all the same).
    static func run(_ parsed: ParsedCommand) -> Int32 {
        if let text = parsed.value(SendOptions.reason), let reason = reason(parsed), !isThere(reason, parsed) {
            StandardError.write(
                """
                sluice replay: no event is kept for this reason: \(text.withoutControls)
                  'sluice dead-letters' shows the reasons; one of them, or the word behind its number, is what --reason takes

                """)
            return ExitStatus.failure
        }
        if let output = parsed.value(SendOptions.to) { return ReplayToOutput.run(parsed, to: output) }
        var status = ExitStatus.success
        for name in parsed.arguments {
            do throws(KeptFiles.Failure) {
                for file in KeptFiles.expand(name) {
                    let one = try replay(file, parsed)
                    if one != ExitStatus.success { status = one }
                }
            } catch {
                StandardError.write("sluice replay: \(error.sentence)\n")
                status = ExitStatus.failure
            }
        }
        return status
    }

    /// `--reason`; nil: all events.
    static func reason(_ parsed: ParsedCommand) -> KeptReason? {
        parsed.value(SendOptions.reason).map { KeptReason(named: $0, constantPart: LogKind.constantPart) }
    }

    /// A file that cannot be read is told when it is sent.
    private static func isThere(_ reason: KeptReason, _ parsed: ParsedCommand) -> Bool {
        var times = TimeReader(.iso8601, zone: .utc)
        var isThere = false
        for file in parsed.arguments.flatMap(KeptFiles.expand) where !isThere {
            do throws(KeptFiles.Failure) {
                try KeptFiles.eachLine(of: file) { line in
                    if isThere || line.isEmpty { return }
                    isThere = (try? KeptEvent(line, &times)).map { reason.holds(for: $0.cause) } ?? false
                }
            } catch {
                return true
            }
        }
        return isThere
    }

    private static func replay(_ name: String, _ parsed: ParsedCommand) throws(KeptFiles.Failure) -> Int32 {
        let descriptor = try KeptFiles.open(name)
        defer { close(descriptor) }
        do {
            let tls = try SendCommand.tlsContext(parsed)
            let feed = try EventFeed(
                SendCommand.clientSettings(parsed), tls: tls, asksForReceipts: true,
                batchEvents: parsed.integer(SendOptions.batch) ?? EventFeed.defaultBatchEvents,
                saysSummary: parsed.has(SendOptions.verbose), command: "replay", descriptor: descriptor)
            let encoder = ForwardEncoder(
                tag: [], usesIntegerTime: parsed.has(SendOptions.timeAsInteger), asksForReceipts: true)
            return feed.run(ForwardEventReader(.kept, reason: reason(parsed)), encoder)
        } catch {
            StandardError.write("sluice replay: \(error)\n")
            return ExitStatus.failure
        }
    }
}
