internal import Glibc
internal import Synchronization

/// Sends requests, many at once, from one thread of its own; connections are kept open and used again.
///
/// One client serves all outputs. Proxy variables of the environment (`https_proxy`, `no_proxy` …) are honoured.
package final class HTTPClient: Sendable {
    private struct State {
        var arrivals: [Pending] = []
        var cancellations: [Int] = []
        var isStopping = false
        var nextNumber = 0
    }

    private struct Pending: Sendable {
        var number: Int
        var transfer: CurlTransfer
        var continuation: CheckedContinuation<Result<HTTPResponse, HTTPError>, Never>
    }

    private let state = Mutex(State())
    private let multi: CurlMulti
    private let thread = Mutex<pthread_t?>(nil)

    /// Starts the thread.
    package init() throws(HTTPError) {
        multi = try CurlMulti()
        var made = pthread_t()
        // The thread holds the client until it ends, and it ends at `stop`.
        let context = unsafe Unmanaged.passRetained(self)
        let code = unsafe pthread_create(
            &made, nil,
            { context in
                guard let context = unsafe context else { return nil }
                unsafe Unmanaged<HTTPClient>.fromOpaque(context).takeRetainedValue().run()
                return nil
            }, context.toOpaque())
        guard code == 0 else {
            unsafe context.release()
            throw .unusable("no thread for the HTTP client (error \(code))")
        }
        let started = made
        thread.withLock { $0 = started }
    }

    /// Ends the thread; requests under way end as cancelled. Blocks until it is done. Later requests fail at once.
    package func stop() {
        state.withLock { $0.isStopping = true }
        let running = thread.withLock { thread in
            let running = thread
            thread = nil
            return running
        }
        guard let running else { return }
        multi.wake()
        _ = pthread_join(running, nil)
    }

    /// Sends a request and waits for the whole answer. Cancelling the task ends the request.
    package func send(_ request: HTTPRequest) async throws(HTTPError) -> HTTPResponse {
        let transfer = try CurlTransfer(request)
        let number = state.withLock { state in
            state.nextNumber += 1
            return state.nextNumber
        }
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation {
                (continuation: CheckedContinuation<Result<HTTPResponse, HTTPError>, Never>) in
                let isStopping = state.withLock { state in
                    if state.isStopping || Task.isCancelled { return true }
                    state.arrivals.append(Pending(number: number, transfer: transfer, continuation: continuation))
                    return false
                }
                if isStopping { continuation.resume(returning: .failure(.cancelled)) } else { multi.wake() }
            }
        } onCancel: {
            state.withLock { $0.cancellations.append(number) }
            multi.wake()
        }
        return try result.get()
    }

    // MARK: - The thread

    private func run() {
        var pending: [Int: Pending] = [:]
        var numbers: [ObjectIdentifier: Int] = [:]
        func finish(_ number: Int, _ result: Result<HTTPResponse, HTTPError>) {
            guard let entry = pending.removeValue(forKey: number) else { return }
            numbers[ObjectIdentifier(entry.transfer)] = nil
            multi.remove(entry.transfer)
            entry.continuation.resume(returning: result)
        }
        while true {
            let (arrivals, cancellations, isStopping) = state.withLock { state in
                defer {
                    state.arrivals.removeAll()
                    state.cancellations.removeAll()
                }
                return (state.arrivals, state.cancellations, state.isStopping)
            }
            for arrival in arrivals {
                pending[arrival.number] = arrival
                numbers[ObjectIdentifier(arrival.transfer)] = arrival.number
                do throws(HTTPError) {
                    try multi.start(arrival.transfer)
                } catch {
                    finish(arrival.number, .failure(error))
                }
            }
            // After the arrivals: one may be taken back in the same moment.
            for number in cancellations { finish(number, .failure(.cancelled)) }
            if isStopping {
                for number in Array(pending.keys) { finish(number, .failure(.cancelled)) }
                return
            }
            for transfer in multi.perform() {
                guard let number = numbers[ObjectIdentifier(transfer)], let result = transfer.result else { continue }
                finish(number, result)
            }
            multi.poll(milliseconds: pending.isEmpty ? 60_000 : 1000)
        }
    }
}
