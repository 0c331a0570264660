import CUV
import Glibc

/// An outgoing connection in the making: resolves the name, tries its addresses in turn, gives up at a time limit.
///
/// Keeps itself alive until the outcome is told, which happens exactly once, on the loop and after `init` has returned,
/// unless `cancel` was called.
@safe
package final class ConnectAttempt: @unchecked Sendable {
    // `@unchecked Sendable`: all members assert the loop's thread, as `LoopHandle`'s do.

    /// Of `timeoutMilliseconds`.
    package static let defaultTimeoutMilliseconds: UInt64 = 10_000

    private let endpoint: Endpoint
    private let loop: Loop
    private let options: ConnectionOptions
    private let timeoutMilliseconds: UInt64
    private let shufflesAddresses: Bool
    private var outcome: ((Result<Connection, LoopError>) -> Void)?
    private var remaining: [SocketAddress] = []
    private var current: Connection?
    private var timer: LoopTimer?
    private var lookup: NameLookup?

    /// Starts.
    ///
    /// - Parameters:
    ///   - timeoutMilliseconds: for all of it, the resolver included.
    ///   - shufflesAddresses: tries a name's addresses in a random order, so that connections spread over them.
    ///   - outcome: gets a connection, to be started with a handler there and then, or the last error.
    @discardableResult
    package init(
        to endpoint: Endpoint, on loop: Loop, options: ConnectionOptions = ConnectionOptions(),
        timeoutMilliseconds: UInt64 = ConnectAttempt.defaultTimeoutMilliseconds, shufflesAddresses: Bool = false,
        _ outcome: @escaping (Result<Connection, LoopError>) -> Void
    ) {
        self.endpoint = endpoint
        self.loop = loop
        self.options = options
        self.timeoutMilliseconds = timeoutMilliseconds
        self.shufflesAddresses = shufflesAddresses
        self.outcome = outcome
        loop.assertOnLoop()
        let timer = LoopTimer(on: loop)
        self.timer = timer
        // The timer's action holds the attempt, until the timer is closed.
        timer.start(afterMilliseconds: timeoutMilliseconds) { [self] in
            finish(
                .failure(
                    LoopError(
                        "connect to", endpoint.description, status: UV_ETIMEDOUT.rawValue,
                        advice:
                            "no answer within \(timeoutMilliseconds) ms: check the address, the route and the firewall"
                    )))
        }
        switch endpoint {
        case .tcp(let host, let port): resolve(host, port)
        case .unix(let path): connect(path: path)
        }
    }

    /// Gives up; the outcome is not told any more.
    package func cancel() {
        loop.assertOnLoop()
        outcome = nil
        finish(.failure(LoopError("connect to", endpoint.description, status: UV_ECANCELED.rawValue)))
    }

    private func resolve(_ host: String, _ port: UInt16) {
        lookup = NameLookup(of: host, port: port, on: loop) { [self] result in
            lookup = nil
            switch result {
            case .success(let found):
                remaining = shufflesAddresses ? found.shuffled() : found.reversed()
                // There is at least one.
                tryNext(after: LoopError("resolve", endpoint.description, status: UV_EAI_NONAME.rawValue))
            case .failure(let error): finish(.failure(error))
            }
        }
    }

    private func tryNext(after error: LoopError) {
        guard let address = remaining.popLast() else {
            finish(.failure(error))
            return
        }
        do throws(LoopError) {
            let connection = try Connection(
                isTCP: true, on: loop, peer: address, peerName: address.description, options: options)
            current = connection
            connection.connect(to: address) { [self] error in
                guard let error else { return finish(.success(connection)) }
                connection.close()
                current = nil
                tryNext(after: error)
            }
        } catch {
            finish(.failure(error))
        }
    }

    private func connect(path: String) {
        guard sockaddr_un(path: path) != nil else {
            failSoon(
                LoopError(
                    "connect to", endpoint.description, name: "ENAMETOOLONG", explanation: "path longer than 107 bytes",
                    advice: "the kernel takes no more: choose a shorter path"))
            return
        }
        do throws(LoopError) {
            let connection = try Connection(
                isTCP: false, on: loop, peer: nil, peerName: endpoint.description, options: options)
            current = connection
            connection.connect(toPath: path) { [self] error in
                if let error { finish(.failure(error)) } else { finish(.success(connection)) }
            }
        } catch {
            failSoon(error)
        }
    }

    /// An outcome must not come before `init` has returned.
    private func failSoon(_ error: LoopError) {
        timer?.start(afterMilliseconds: 0) { [self] in finish(.failure(error)) }
    }

    private func finish(_ result: Result<Connection, LoopError>) {
        let tell = outcome
        outcome = nil
        timer?.close()
        timer = nil
        remaining = []
        lookup?.cancel()
        lookup = nil
        let tried = current
        current = nil
        guard case .success(let connection) = result, let tell else {
            tried?.close()
            tell?(result)
            return
        }
        tell(result)
        if !connection.isStarted { connection.close() }
    }
}
