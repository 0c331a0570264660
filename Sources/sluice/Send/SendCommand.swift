import CommandLine
import EventLoop
import Events
import ForwardProtocol
import Glibc
import Outputs
import TLS

/// `sluice send TAG`: events from standard input to a forward source, as fluent-cat does.
enum SendCommand {
    /// Exit status 0 when every event was sent (and acknowledged with `--ack`); 1 when the connection failed or a line
    /// was no event (the others are sent all the same).
    static func run(_ parsed: ParsedCommand) -> Int32 {
        guard let tag = parsed.argument(0), !tag.isEmpty else {
            StandardError.write("sluice send: the tag is empty; name one, such as app.log\n")
            return ExitStatus.usage
        }
        // Before anything is opened, which would get the free number.
        guard fcntl(STDIN_FILENO, F_GETFD) >= 0 else {
            StandardError.write("sluice send: standard input is closed; give it the events\n")
            return ExitStatus.failure
        }
        do {
            let tls = try tlsContext(parsed)
            let feed = try EventFeed(
                clientSettings(parsed), tls: tls, asksForReceipts: parsed.has(SendOptions.ack),
                batchEvents: parsed.integer(SendOptions.batch) ?? EventFeed.defaultBatchEvents,
                saysSummary: parsed.has(SendOptions.verbose))
            let encoder = ForwardEncoder(
                tag: Array(tag.utf8), usesIntegerTime: parsed.has(SendOptions.timeAsInteger),
                asksForReceipts: parsed.has(SendOptions.ack))
            return feed.run(ForwardEventReader(format(parsed)), encoder)
        } catch {
            StandardError.write("sluice send: \(error)\n")
            return ExitStatus.failure
        }
    }

    private static func format(_ parsed: ParsedCommand) -> ForwardEventReader.Format {
        switch parsed.value(SendOptions.format) {
        case "msgpack": .messagePack
        case "none": .text(key: Array((parsed.value(SendOptions.messageKey) ?? "message").utf8))
        default: .json
        }
    }

    static func clientSettings(_ parsed: ParsedCommand) -> ForwardClient.Settings {
        let endpoint: Endpoint
        if let path = parsed.value(SendOptions.unix) {
            endpoint = .unix(path: path)
        } else {
            endpoint = .tcp(
                host: parsed.value(SendOptions.host) ?? "127.0.0.1",
                port: UInt16(clamping: parsed.integer(SendOptions.port) ?? 24224))
        }
        var settings = ForwardClient.Settings(endpoint: endpoint)
        if let seconds = parsed.seconds(SendOptions.timeout) {
            // A day is as good as for ever, and fits every clock.
            settings.timeoutMilliseconds = UInt64(min(max(seconds * 1000, 1), 86_400_000))
        }
        let key = parsed.value(SendOptions.sharedKey)
        let user = parsed.value(SendOptions.user)
        if key != nil || user != nil {
            // Not the bare host name: a daemon on this machine has that one, and would be taken for ourselves.
            settings.credentials = ForwardCredentials(
                selfHostname: "sluice-\(parsed.name)@\(hostName())", sharedKey: Array((key ?? "").utf8),
                username: Array((user ?? "").utf8),
                password: Array((parsed.value(SendOptions.password) ?? "").utf8))
        }
        return settings
    }

    static func tlsContext(_ parsed: ParsedCommand) throws(TLSError) -> TLSContext? {
        let file = parsed.value(SendOptions.caFile)
        guard parsed.has(SendOptions.tls) || file != nil else { return nil }
        var options = TLSClientOptions()
        if let file { options.authorities = .only([.file(file)]) }
        return try TLSContext(client: options)
    }

    private static func hostName() -> String {
        var name = [UInt8](repeating: 0, count: 256)
        // Writes within the array; its last byte stays zero.
        let status = unsafe name.withUnsafeMutableBytes { bytes in
            guard let base = bytes.baseAddress else { return Int32(-1) }
            return unsafe gethostname(base.assumingMemoryBound(to: CChar.self), bytes.count - 1)
        }
        return status == 0 ? String(decoding: name.prefix { $0 != 0 }, as: UTF8.self) : "localhost"
    }
}
