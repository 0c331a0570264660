import CommandLine
import Events
import ForwardProtocol
import Glibc
import Outputs

/// `sluice replay FILE…`: the events of backup files, sent again with their tags and times.
enum ReplayCommand {
    /// Exit status 0 when every event of every file was acknowledged; 1 when one was not, or a line was no event (the
    /// others are sent all the same).
    static func run(_ parsed: ParsedCommand) -> Int32 {
        var status = ExitStatus.success
        for name in parsed.arguments {
            let one = replay(name, parsed)
            if one != ExitStatus.success { status = one }
        }
        return status
    }

    private static func replay(_ name: String, _ parsed: ParsedCommand) -> Int32 {
        let descriptor = unsafe open(name, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            // strerror's text is copied at once, on the only thread that asks for one.
            let why = unsafe String(cString: strerror(errno)).lowercased()
            StandardError.write("sluice replay: cannot open \(name): \(why)\n")
            return ExitStatus.failure
        }
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
