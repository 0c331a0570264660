internal import Glibc
internal import Synchronization

/// A thread that drives one client and ends it: nobody else waits for librdkafka.
///
/// Safety: the closure is written before the thread starts and taken by it.
@safe
final class ClientThread: @unchecked Sendable {
    private var body: (() -> Void)?
    private let isOver = Atomic<Bool>(false)

    private init(_ body: @escaping () -> Void) { self.body = body }

    static func start(_ body: @escaping () -> Void) throws(KafkaSetupError) -> ClientThread {
        let made = ClientThread(body)
        var thread = pthread_t()
        // The thread takes this reference over, or we take it back if there is none.
        let reference = unsafe Unmanaged.passRetained(made)
        let status = unsafe pthread_create(
            &thread, nil,
            { context in
                guard let context = unsafe context else { return nil }
                let own = unsafe Unmanaged<ClientThread>.fromOpaque(context).takeRetainedValue()
                own.body?()
                own.body = nil
                own.isOver.store(true, ordering: .releasing)
                return nil
            }, reference.toOpaque())
        guard status == 0 else {
            unsafe reference.release()
            throw KafkaSetupError("no thread for librdkafka (error \(status))")
        }
        pthread_detach(thread)
        return made
    }

    var hasEnded: Bool { isOver.load(ordering: .acquiring) }

    /// Blocks until the thread has ended, at most so long: one that waits for a name server is left to itself.
    @discardableResult
    func join(withinSeconds seconds: Double) -> Bool {
        for _ in 0..<Int(max(seconds, 0) * 200) where !hasEnded { usleep(5000) }
        return hasEnded
    }
}
