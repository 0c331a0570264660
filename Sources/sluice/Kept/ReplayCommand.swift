import CommandLine
import Events
import ForwardProtocol
import Glibc
import Outputs
import Pipeline

/// `sluice replay FILE…`: the events of dead letters and backup files, sent again with their tags and times.
enum ReplayCommand {
    /// Exit status 0 when every event of every file was acknowledged; 1 when one was not, or a line was no event (the
    /// others are sent all the same).
    static func run(_ parsed: ParsedCommand) -> Int32 {
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
            return feed.run(ForwardEventReader(.kept), encoder)
        } catch {
            StandardError.write("sluice replay: \(error)\n")
            return ExitStatus.failure
        }
    }
}
