import CommandLine
import ConfigFile
import HTTPClient

/// `sluice health [URL]`: whether a daemon does its work, as one line and an exit status. Docker's HEALTHCHECK asks it, in an
/// image that has no curl.
enum HealthCommand {
    private static let defaultTimeoutSeconds = 3.0

    static func run(_ parsed: ParsedCommand) -> Int32 {
        let seconds = parsed.seconds(HealthOptions.timeout) ?? defaultTimeoutSeconds
        if let given = parsed.argument(0) {
            let (address, path) = parts(given)
            return report(ask(address, path, seconds, parsed))
        }
        let announced = MonitorClient.announced(withinSeconds: seconds)
        if let announced, announced.isEmpty {
            // That it spoke is what there is to know.
            return report(Verdict(isWell: true, sentence: "it runs, and has no monitor that could say more"))
        }
        let address = announced?.first.map(MonitorClient.reachable)
        return report(
            ask(address ?? MonitorClient.defaultAddress, "/health", seconds, parsed, isAnnounced: address != nil))
    }

    struct Verdict {
        var isWell: Bool
        var sentence: String
    }

    private static func report(_ verdict: Verdict) -> Int32 {
        StandardOutput.write(verdict.sentence.withoutControls + "\n")
        return verdict.isWell ? ExitStatus.success : ExitStatus.failure
    }

    /// A URL without a path means `/health`.
    private static func parts(_ url: String) -> (address: String, path: String) {
        let host = url.firstRange(of: "://")?.upperBound ?? url.startIndex
        guard let slash = url[host...].firstIndex(of: "/") else { return (url, "/health") }
        return (String(url[..<slash]), String(url[slash...]))
    }

    private static func ask(
        _ address: String, _ path: String, _ seconds: Double, _ parsed: ParsedCommand, isAnnounced: Bool = false
    ) -> Verdict {
        do {
            let client = try MonitorClient(
                at: address, authorities: parsed.value(MonitorOptions.caFile), isAnnounced: isAnnounced,
                timeoutSeconds: seconds)
            defer { client.close() }
            let response = try client.get(path)
            return Verdict(isWell: response.status == 200, sentence: sentence(response))
        } catch {
            return Verdict(
                isWell: false, sentence: "\(SecretText.masked(address)): \(error)")
        }
    }

    /// `degraded: es since 2026-11-29T17:00:00+00:00: connection refused`, from what `/health` says.
    private static func sentence(_ response: HTTPResponse) -> String {
        let text = response.excerpt(MonitorClient.responseLimitBytes)
        guard let body = JSONValue(parsing: text), let status = body.string("status") else {
            return "HTTP status \(response.status)"
        }
        let outputs = body.items("outputs")
        if outputs.isEmpty { return status }
        let troubles = outputs.map { output in
            (output.string("id") ?? "?") + (output.string("failing_since").map { " since \($0)" } ?? "")
                + (output.string("reason").map { ": \($0)" } ?? "")
        }
        return "\(status): \(troubles.joined(separator: "; "))"
    }
}
