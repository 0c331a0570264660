import CommandLine
import ConfigFile
import Dispatch
import EventLoop
import Glibc
import HTTPClient
import Pipeline
import Synchronization

/// Asks the monitor of a daemon, one question after the other.
struct MonitorClient {
    /// Without `/` at its end: `http://127.0.0.1:24220`.
    let address: String
    private let client: HTTPClient
    private let options: HTTPOptions
    private let token: String?

    /// Where a monitor answers that nothing was said about.
    static let defaultAddress = "http://127.0.0.1:24220"
    static let responseLimitBytes = 16 << 20

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// - Parameters:
    ///   - address: a URL or `host:port`; nil: that of the only daemon of this account, or the standard one.
    ///   - authorities: PEM file of those whose certificates are taken; nil: the system's.
    ///   - isAnnounced: the address is one that a daemon of this machine has announced.
    init(
        at address: String?, token: String? = nil, authorities: String? = nil, isAnnounced: Bool = false,
        timeoutSeconds seconds: Double = 3
    ) throws(Failure) {
        let announced = address == nil ? Self.announced(withinSeconds: seconds)?.first : nil
        let found = address ?? announced.map(Self.reachable)
        var whole = found ?? Self.defaultAddress
        if !whole.contains("://") { whole = "http://\(whole)" }
        while whole.hasSuffix("/") { whole.removeLast() }
        self.address = whole
        self.token = token
        var options = HTTPOptions()
        (options.connectTimeoutSeconds, options.timeoutSeconds) = (seconds, seconds)
        options.responseLimitBytes = Self.responseLimitBytes
        // The daemon is asked itself, whatever proxy the environment names.
        options.proxy = ""
        // The daemon has said itself where it answers on this machine, where its certificate need not be for.
        options.verifiesCertificate = announced == nil && !isAnnounced || authorities != nil
        options.authorityFile = authorities
        self.options = options
        do throws(HTTPError) { client = try HTTPClient() } catch { throw Failure(description: "\(error)") }
    }

    /// URLs at which the monitor of the only daemon of this account answers; nil: there are none or several, or it does not speak;
    /// empty: it has no monitor.
    static func announced(withinSeconds seconds: Double) -> [String]? {
        let daemons = DaemonProcess.all()
        guard daemons.count == 1, let socket = try? ControlChannel.connect(TakeOver.name(ofProcess: daemons[0])) else {
            return nil
        }
        defer { Glibc.close(socket) }
        // A loop that hangs does not answer here, and its monitor does.
        var patience = timeval(tv_sec: 0, tv_usec: Int(min(seconds / 3, 0.9) * 1e6))
        // The pointer is to a local and does not leave the call.
        unsafe setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        ControlChannel.send("monitor", to: socket)
        guard let (answer, _) = ControlChannel.receive(from: socket) else { return nil }
        return answer.split(separator: "\n").dropFirst().map(String.init)
    }

    /// One can listen on all addresses, and connect only to one.
    static func reachable(_ address: String) -> String {
        for (all, own) in [("://0.0.0.0:", "://127.0.0.1:"), ("://[::]:", "://[::1]:")] {
            guard let place = address.firstRange(of: all) else { continue }
            return address[..<place.lowerBound] + own + address[place.upperBound...]
        }
        return address
    }

    /// Waits for the whole answer.
    func get(_ path: String) throws(HTTPError) -> HTTPResponse {
        var request = HTTPRequest(.get, address + path, options: options)
        if let token { request.headers.append(("Authorization", "Bearer \(token)")) }
        let answer = Mutex<Result<HTTPResponse, HTTPError>>(.failure(.cancelled))
        let ended = DispatchSemaphore(value: 0)
        Task.detached { [request, client] in
            let result: Result<HTTPResponse, HTTPError>
            do throws(HTTPError) { result = .success(try await client.send(request)) } catch {
                result = .failure(error)
            }
            answer.withLock { $0 = result }
            ended.signal()
        }
        ended.wait()
        return try answer.withLock { $0 }.get()
    }

    /// The answer as JSON, which status 200 has.
    func json(_ path: String) throws(Failure) -> JSONValue {
        let response: HTTPResponse
        do throws(HTTPError) { response = try get(path) } catch {
            throw Failure(description: "\(SecretText.masked(address)) does not answer: \(error)")
        }
        let text = response.excerpt(Self.responseLimitBytes)
        guard response.status == 200 else {
            throw Failure(
                description: response.status == 404
                    ? "\(SecretText.masked(address)) is no monitor of sluice"
                    : text.split(separator: "\n").first.map(String.init) ?? "HTTP status \(response.status)")
        }
        guard let value = JSONValue(parsing: text) else {
            throw Failure(description: "\(SecretText.masked(address)) answers with what is no JSON")
        }
        return value
    }

    func close() { client.stop() }
}

extension MonitorOptions {
    static func token(_ parsed: ParsedCommand) -> String? {
        parsed.value(token) ?? ConfigurationLoader.environment("SLUICE_MONITOR_TOKEN")
    }
}

extension JSONValue {
    func member(_ key: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.last { $0.key == key }?.value
    }

    func string(_ key: String) -> String? {
        guard case .string(let text)? = member(key) else { return nil }
        return text
    }

    func number(_ key: String) -> Double? {
        guard case .number(let digits)? = member(key) else { return nil }
        return Double(digits)
    }

    func items(_ key: String) -> [JSONValue] {
        guard case .array(let items)? = member(key) else { return [] }
        return items
    }
}
