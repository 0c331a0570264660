package import EventLoop
internal import Events
internal import HTTPServer
package import Logging
internal import Synchronization

/// The window into the daemon: HTTP on a thread of its own, so that it answers whatever the loops with events do.
///
/// | path | answer |
/// | --- | --- |
/// | `/api/plugins.json`, `/api/plugins`, `/api/config.json`, `/api/config` | as Fluentd's monitor_agent |
/// | `/metrics` | Prometheus' text format, or OpenMetrics where it is asked for |
/// | `/health`, `/ready` | 200 or 503, and why |
/// | `/` and what it asks | `PageRoute`, `PageAccess` |
///
/// Safe from any thread.
package final class MonitorServer: Sendable {
    private let thread: LoopThread
    private let log: Log
    private let daemon: any MonitoredDaemon
    private let worker = PageWorker()
    /// Of the thread's own loop; the lock is for those who open and close.
    private let open = Mutex<[Desk]>([])
    private static let joinSeconds = 2.0

    /// Starts the thread, on which `daemon` is asked.
    package init(log: Log, daemon: any MonitoredDaemon) throws(LoopError) {
        thread = try LoopThread.start(try Loop(receiveBufferBytes: 4096), name: "sluice-monitor")
        (self.log, self.daemon) = (log, daemon)
    }

    /// Answers on other addresses from now on. Those that stay keep their sockets and clients.
    ///
    /// - Parameter endpoints: bound sockets are opened at once, on the calling thread.
    package func listen(on endpoints: [MonitorEndpoint], _ monitors: [FluentdMonitor]) throws(LoopError) {
        var left = open.withLock { $0 }
        var desks: [Desk] = []
        var new: [Desk] = []
        var staying: [(desk: Desk, endpoint: MonitorEndpoint)] = []
        do {
            for endpoint in endpoints {
                if let same = left.firstIndex(where: { $0.address == Desk.address(endpoint) }) {
                    let desk = left.remove(at: same)
                    staying.append((desk, endpoint))
                    desks.append(desk)
                } else {
                    let desk = try Desk(endpoint, monitors, daemon, worker, log)
                    new.append(desk)
                    desks.append(desk)
                }
            }
        } catch {
            for desk in new { desk.abandon() }
            throw error
        }
        open.withLock { $0 = desks }
        for (desk, endpoint) in staying { desk.change(endpoint, monitors) }
        let (closing, opening) = (left, desks)
        thread.loop.submit { [thread, log] in
            for desk in closing { desk.close() }
            for desk in opening {
                do throws(LoopError) {
                    guard try desk.open(on: thread.loop) else { continue }
                    log.info("the monitor answers", ["at": desk.url])
                } catch {
                    log.error("the monitor cannot answer: \(error)", ["at": desk.url])
                }
            }
        }
    }

    /// Where it answers: `http://127.0.0.1:24220`, `https://[::1]:24220`.
    package var urls: [String] { open.withLock { $0.map(\.url) } }

    /// Hangs up, and ends the thread.
    package func close() {
        let desks = open.withLock { open in
            defer { open = [] }
            return open
        }
        thread.loop.submit { [thread] in
            for desk in desks { desk.close() }
            thread.loop.closeEverything()
            thread.loop.stop()
        }
        _ = thread.join(withinSeconds: Self.joinSeconds)
        worker.close()
    }
}

/// One address at work: a socket, and the answers.
///
/// `@unchecked Sendable`: made on the caller's thread, then touched on the monitor's loop alone, but for `settings`.
private final class Desk: HTTPHandler, @unchecked Sendable {
    let address: String
    private let daemon: any MonitoredDaemon
    private let log: Log
    private let page: PageDesk
    private let settings: Mutex<(endpoint: MonitorEndpoint, monitors: [FluentdMonitor])>
    private let socket: ListeningSocket
    private var server: HTTPServer?
    private var loop: Loop?

    static func address(_ endpoint: MonitorEndpoint) -> String {
        endpoint.host.contains(":") ? "[\(endpoint.host)]:\(endpoint.port)" : "\(endpoint.host):\(endpoint.port)"
    }

    init(
        _ endpoint: MonitorEndpoint, _ monitors: [FluentdMonitor], _ daemon: any MonitoredDaemon, _ worker: PageWorker,
        _ log: Log
    ) throws(LoopError) {
        socket = try ListeningSocket.listen(
            host: endpoint.host, port: endpoint.port, backlog: 64, reusePort: false, inherited: nil)
        address = Self.address(endpoint)
        settings = Mutex((endpoint, monitors))
        (self.daemon, self.log) = (daemon, log)
        page = PageDesk(daemon, worker)
    }

    func change(_ endpoint: MonitorEndpoint, _ monitors: [FluentdMonitor]) {
        settings.withLock { $0 = (endpoint, monitors) }
    }

    var url: String { (settings.withLock { $0.endpoint.tls } == nil ? "http://" : "https://") + address }

    /// It was never opened.
    func abandon() { socket.close() }

    /// Answers as its settings say. Where TLS comes or goes everybody is hung up on; a new certificate is for new clients.
    ///
    /// - Returns: whether it did not answer so before.
    func open(on loop: Loop) throws(LoopError) -> Bool {
        let tls = settings.withLock { $0.endpoint.tls }
        self.loop = loop
        if let server, server.speaksTLS == (tls != nil) {
            if let tls { server.renew(tls) }
            return false
        }
        server?.close()
        server = nil
        var settings = HTTPServer.Settings()
        settings.connectionLimit = 64
        settings.tls = tls
        // The server closes its listener, and the address is this desk's until the end.
        server = try HTTPServer(socket.duplicate(), settings, on: loop, handler: self)
        return true
    }

    func close() {
        server?.close()
        server = nil
        socket.close()
    }

    // MARK: - Requests

    func admits() -> Bool { true }
    func left(_ client: HTTPClient) {}
    /// Of plain HTTP a client that breaks off is nothing to know; that TLS does not come about is for the operator to mend.
    func failed(_ reason: String, _ client: HTTPClient?) {
        guard server?.speaksTLS ?? false else { return }
        log.limited(.warn, kind: "monitor", subject: ["at": address], "the monitor: \(reason)")
    }

    func began(_ exchange: HTTPExchange) {
        let route = Self.route(exchange, HTTPTarget(exchange.target))
        let methods = route?.methods ?? ["GET", "HEAD"]
        guard methods.contains(exchange.method) else {
            let allowed = methods.joined(separator: ", ")
            return exchange.respond(405, [("Allow", allowed)], Array("only \(allowed)\n".utf8))
        }
        if let route { page.began(exchange, route, at: settings.withLock { $0.endpoint }) }
    }

    func takes(_ bytes: Int, of exchange: HTTPExchange) -> BodyDecision { page.takes(bytes, of: exchange) }

    func ended(_ exchange: HTTPExchange) {
        let (endpoint, monitors) = settings.withLock { $0 }
        let target = HTTPTarget(exchange.target)
        if let route = Self.route(exchange, target), let loop {
            return page.ended(exchange, route, target, at: endpoint, on: loop)
        }
        switch target.path {
        case "/api/plugins.json":
            respond(exchange, "application/json", plugins(target, endpoint).json())
        case "/api/plugins": respond(exchange, "text/plain", plugins(target, endpoint).ltsv())
        case "/api/config.json": respond(exchange, "application/json", ConfigAnswer(daemon.report().process).json())
        case "/api/config": respond(exchange, "text/plain", ConfigAnswer(daemon.report().process).ltsv())
        case "/health", "/ready":
            let answer = HealthAnswer(daemon.report(), target.path == "/ready" ? .ready : .health)
            exchange.respond(answer.status, [("Content-Type", "application/json")], answer.body)
        case let path where path == "/metrics" || endpoint.metricsPaths.contains(path):
            let report = daemon.report()
            let format = MetricsText.Format(accept: exchange.header("Accept"))
            let families =
                SluiceMetrics(report).families() + monitors.flatMap { FluentdMetrics(report).families($0) }
                + EventMetricReading.families(report.eventMetrics)
            exchange.respond(
                200, [("Content-Type", format.contentType)], Array(MetricsText.write(families, as: format).utf8))
        default: exchange.respond(404, [("Content-Type", "text/plain")], Array("not found\n".utf8))
        }
    }

    func finished(_ exchange: HTTPExchange) {}

    /// The page is for browsers, which say that they want one; others hear at `/` what Fluentd says.
    private static func route(_ exchange: HTTPExchange, _ target: HTTPTarget) -> PageRoute? {
        let route = PageRoute(target.path)
        let wantsPage = exchange.header("Accept")?.contains("text/html") ?? false
        return route == .file(.document) && !wantsPage ? nil : route
    }

    private func plugins(_ target: HTTPTarget, _ endpoint: MonitorEndpoint) -> PluginsAnswer {
        PluginsAnswer(
            daemon.report(),
            PluginsAnswer.Query(target, showsConfig: endpoint.showsConfig, showsRetry: endpoint.showsRetry))
    }

    private func respond(_ exchange: HTTPExchange, _ type: String, _ body: borrowing ByteBuffer) {
        exchange.respond(200, [("Content-Type", type)], body.array())
    }
}
