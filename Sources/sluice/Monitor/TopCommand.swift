import CommandLine
import ConfigFile
import Glibc
import Time

/// `sluice top`: what passes each stage of a running daemon, a table every second.
enum TopCommand {
    /// Exit status 0 after `--count` tables; 1 when nobody answers at the beginning.
    static func run(_ parsed: ParsedCommand) -> Int32 {
        let terminal = Terminal.standardOutput
        let seconds = max(parsed.seconds(TopOptions.interval) ?? 1, 0.1)
        let count = parsed.integer(TopOptions.count) ?? (terminal.isTerminal ? .max : 1)
        do throws(MonitorClient.Failure) {
            let client = try MonitorClient(
                at: parsed.value(MonitorOptions.address), token: MonitorOptions.token(parsed),
                authorities: parsed.value(MonitorOptions.caFile))
            defer { client.close() }
            var rates = StageRates()
            rates.take(try client.json("/api/pipeline"), atMilliseconds: Clock.monotonicMilliseconds())
            for number in 0..<count {
                usleep(UInt32(seconds * 1_000_000))
                do throws(MonitorClient.Failure) {
                    rates.take(try client.json("/api/pipeline"), atMilliseconds: Clock.monotonicMilliseconds())
                    show(rates, of: client.address, parsed, terminal, isLast: number == count - 1)
                } catch {
                    // It may be starting again.
                    guard terminal.isTerminal else { throw error }
                    StandardOutput.write("\u{1B}[H\(error)\u{1B}[K\n\u{1B}[J")
                }
            }
            return ExitStatus.success
        } catch {
            StandardError.write("sluice top: \(error)\n")
            return ExitStatus.failure
        }
    }

    private static func show(
        _ rates: StageRates, of address: String, _ parsed: ParsedCommand, _ terminal: Terminal, isLast: Bool
    ) {
        if parsed.value(TopOptions.format) == "json" { return StandardOutput.write(rates.json() + "\n") }
        let text = TopTable(terminal).text(rates, address: address)
        guard terminal.isTerminal else { return StandardOutput.write(text + (isLast ? "" : "\n")) }
        // In place, without a flicker: from the top, each line to its end, and nothing below.
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
        StandardOutput.write("\u{1B}[H" + lines.map { $0 + "\u{1B}[K\n" }.joined() + "\u{1B}[J")
    }
}
