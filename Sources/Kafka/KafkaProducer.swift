package import Events
internal import Synchronization

/// Sends messages to the brokers of a cluster: many at once, each with a report of its own.
///
/// A message has one number as long as it is tried, so that a broker that stores it and dies before it says so does not
/// store it again (KIP-98, `enable.idempotence`). A thread of its own hears the reports and ends the client; it ends at
/// `close`.
package final class KafkaProducer: Sendable {
    /// What became of a message.
    package enum Report: Sendable, Equatable {
        case stored
        /// `mayBeStored`: a broker may have taken it all the same.
        case failed(KafkaErrorCode, mayBeStored: Bool)
    }

    private struct Use {
        var deliveries = 0
        var isClosing = false
    }

    private let client: LibrdKafka
    private let reports: ReportDesk
    private let use = Mutex(Use())
    private let thread = Mutex<ClientThread?>(nil)

    /// Properties of every producer; a configuration may say otherwise.
    package static let defaults = [
        KafkaProperty("enable.idempotence", "true"),
        KafkaProperty("queue.buffering.max.messages", "\(KafkaLimits.queuedMessages)"),
        KafkaProperty("queue.buffering.max.kbytes", "\(KafkaLimits.queuedKilobytes)"),
        KafkaProperty("message.timeout.ms", "\(Int(KafkaLimits.deliverySeconds * 1000))"),
    ]
    /// What a producer relies on.
    package static let fixed = [
        KafkaProperty("delivery.report.only.error", "false"),
        // Messages without a key go where `KafkaDelivery` says.
        KafkaProperty("sticky.partitioning.linger.ms", "0"),
    ]

    /// - Parameters:
    ///   - onFailure: what the operator may want to know, on any thread.
    ///   - onLog: librdkafka's own words, with syslog's levels.
    package init(
        _ properties: [KafkaProperty], hash: KafkaPartitionHash = .crc32,
        onFailure: @escaping @Sendable (KafkaErrorCode, String) -> Void = { _, _ in },
        onLog: @escaping @Sendable (_ level: Int32, String) -> Void = { _, _ in }
    ) throws(KafkaSetupError) {
        reports = ReportDesk(onFailure: onFailure, onLog: onLog)
        client = try LibrdKafka(.producer, Self.defaults + properties + Self.fixed, hash: hash, handler: reports)
        do throws(KafkaSetupError) {
            let started = try ClientThread.start { self.run() }
            thread.withLock { $0 = started }
        } catch {
            client.destroy()
            throw error
        }
    }

    /// Whether librdkafka has given up on this client: a new one is needed.
    package var isBroken: Bool { reports.isBroken }

    private func run() {
        while true {
            client.poll(milliseconds: 100)
            let state = use.withLock { $0 }
            guard state.isClosing || reports.isBroken else { continue }
            client.purge()
            if state.isClosing, state.deliveries == 0 { break }
        }
        client.destroy()
    }

    /// Ends the client: what is not confirmed is given up, and reported so. Blocks until it is over, at most
    /// `KafkaLimits.endingSeconds`.
    package func close() {
        use.withLock { $0.isClosing = true }
        thread.withLock { $0 }?.join(withinSeconds: KafkaLimits.endingSeconds)
    }

    // MARK: - Sending

    /// How long whoever finds the queue full waits, in milliseconds.
    private static let fullMilliseconds = 10
    /// Messages that are handed over before other tasks have their turn.
    private static let turnMessages = 4096

    /// Sends the messages whose bytes are in a chunk, and waits until each has met its end. Cancelling the task gives up
    /// what is not confirmed.
    ///
    /// - Returns: a report for each message, in order.
    package func deliver(
        _ count: Int, of chunk: LoadedChunk, _ message: @Sendable (Int) -> KafkaMessage
    ) async -> [Report] {
        let isOpen = use.withLock { use in
            guard !use.isClosing else { return false }
            use.deliveries += 1
            return true
        }
        guard isOpen, count > 0 else {
            return Array(repeating: .failed(.purgedInQueue, mayBeStored: false), count: count)
        }
        defer { use.withLock { $0.deliveries -= 1 } }
        let delivery = reports.begin(count)
        for number in 0..<count {
            if number % Self.turnMessages == Self.turnMessages - 1 { await Task.yield() }
            let message = message(number)
            var code = send(message, number, delivery, chunk)
            while code == .queueFull, !isGivenUp {
                try? await Task.sleep(for: .milliseconds(Self.fullMilliseconds))
                code = send(message, number, delivery, chunk)
            }
            if code == .queueFull { code = .purgedInQueue }
            if code != .none { delivery.note(.failed(code, mayBeStored: false), for: number) }
            if isGivenUp {
                for rest in (number + 1)..<max(count, number + 1) {
                    delivery.note(.failed(.purgedInQueue, mayBeStored: false), for: rest)
                }
                break
            }
        }
        let found = await withTaskCancellationHandler {
            await delivery.reports()
        } onCancel: {
            // This delivery holds the client open.
            client.purge()
        }
        reports.end(delivery)
        return found
    }

    private var isGivenUp: Bool { Task.isCancelled || use.withLock { $0.isClosing } || reports.isBroken }

    private func send(
        _ message: KafkaMessage, _ number: Int, _ delivery: KafkaDelivery, _ chunk: LoadedChunk
    ) -> KafkaErrorCode {
        if let key = message.partitionKey { delivery.set(partitionKey: key, for: number) }
        // librdkafka copies what it takes; the chunk is alive for as long as the call takes.
        return unsafe message.topic.withCString { topic in
            unsafe chunk.body.bytes.withUnsafeBytes(message.value) { value, length in
                let value = unsafe UnsafeRawBufferPointer(start: value, count: length)
                func produce(_ key: UnsafeRawBufferPointer?) -> KafkaErrorCode {
                    unsafe client.produce(
                        topic, partition: message.partition ?? -1,
                        timestampMilliseconds: message.timestampMilliseconds ?? 0, headers: message.headers, key: key,
                        value: value, number: delivery.number(of: number))
                }
                guard let key = message.key else { return produce(nil) }
                return unsafe chunk.body.bytes.withUnsafeBytes(key) { key, length in
                    unsafe produce(UnsafeRawBufferPointer(start: key, count: length))
                }
            }
        }
    }
}

/// A message that is to be sent; key and value are places in a chunk.
package struct KafkaMessage: Sendable {
    package var topic: String
    /// nil: by `partitionKey`, else by the key, else any.
    package var partition: Int32?
    /// What finds the partition in the key's place.
    package var partitionKey: [UInt8]?
    /// Milliseconds since 1970; nil: the time at which it is sent.
    package var timestampMilliseconds: Int64?
    package var headers: [KafkaHeader] = []
    package var key: Slice?
    package var value: Slice

    package init(topic: String, value: Slice) { (self.topic, self.value) = (topic, value) }
}
