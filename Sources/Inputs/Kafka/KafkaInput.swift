package import EventLoop
package import Events
internal import Kafka
package import Logging

/// `<source> @type kafka_group` and `kafka`: events are the messages of topics, tagged with the topic's name.
///
/// Where a group reads on moves when the events before it are safe: with a buffer in files once they are on disk, else once
/// they are delivered. So a message may come twice after a crash, and none is missing. While buffers are full the partitions
/// are paused. Belongs to one loop; librdkafka has threads of its own.
package final class KafkaInput: Input {
    /// When a batch that was refused is tried again, if nobody says that there is room before.
    private static let retryMilliseconds: UInt64 = 1000
    /// Memory that is kept between batches, in bytes.
    private static let keptBytes = 4 << 20

    private let settings: KafkaInputSettings
    private let loop: Loop
    private let emitter: any Emitter
    private let log: Log
    private let pressure: Pressure?
    private let reader: KafkaMessageReader
    private var consumer: KafkaConsumer?
    package var meter: IntakeMeter?
    private var phase = InputPhase.idle
    private var isResting = false
    private var moment = Receipt.Moment.delivered
    /// What the consumer has handed on, and nobody has taken yet.
    private var waiting: [KafkaBatch] = []
    private var isHeld = false
    private var wait = GateWait()
    private var retryTimer: LoopTimer?
    private var endTimer: LoopTimer?
    private var tags: [String: Tag] = [:]
    private static let keptTags = 4096
    private var storage = ByteBuffer(capacity: 64 * 1024)
    private var rows = Rows(fieldCapacity: 1024)

    package init(
        _ settings: KafkaInputSettings, on loop: Loop, emitter: any Emitter, log: Log, pressure: Pressure? = nil
    ) {
        self.settings = settings
        self.loop = loop
        self.emitter = emitter
        self.log = log
        self.pressure = pressure
        reader = KafkaMessageReader(settings, log: log)
    }

    package var answersLater: Bool { settings.isGroup }
    package var isEnding: Bool { phase == .closed && consumer != nil }

    // MARK: - Life

    package func start() throws {
        precondition(phase == .idle, "an input was started twice")
        let ear = Ear(self)
        consumer = try KafkaConsumer(
            settings.subscription, settings.properties,
            onBatches: { [loop] batches in loop.submit { ear.input?.came(batches) } },
            onEnded: { [loop] in loop.submit { ear.input?.ended() } },
            onFailure: { [log] code, reason in
                log.limited(.warn, kind: code.name, "kafka: \(reason)", ["error": code.name])
            }, onLog: { [log] _, text in log.debug("librdkafka: \(text)") })
        retryTimer = LoopTimer(on: loop)
        phase = .reading
        log.info("reading topics", ["brokers": settings.brokers])
    }

    package func stopReading() {
        guard phase < .stopped else { return }
        phase = .stopped
        waiting = []
        retryTimer?.close()
        consumer?.stopReading()
    }

    package func resumeReading() {
        guard phase == .reading, isHeld, !(pressure?.gates.isClosed(anyOf: wait) ?? false) else { return }
        isHeld = false
        work()
    }

    package func rest() { isResting = true }

    package func goOn() {
        guard isResting else { return }
        isResting = false
        work()
    }

    package func routesChanged(hasDurableBuffer: Bool) { moment = hasDurableBuffer ? .safe : .delivered }

    package func retire() { stopReading() }
    package var isDeserted: Bool { phase >= .stopped }

    /// What is safe by now is committed; `isEnding` until that is done, or its time is over.
    package func close() {
        guard phase < .closed else { return }
        stopReading()
        phase = .closed
        guard let consumer else { return }
        consumer.close()
        let timer = LoopTimer(on: loop)
        endTimer = timer
        timer.start(afterMilliseconds: UInt64(KafkaLimits.endingSeconds * 1000) + 500) { [self] in
            log.warn("the last commit was not answered in time: some messages will be read again")
            ended()
        }
    }

    private func ended() {
        endTimer?.close()
        endTimer = nil
        consumer = nil
    }

    // MARK: - Batches

    private func came(_ batches: [KafkaBatch]) {
        guard phase == .reading else { return }
        waiting += batches
        work()
    }

    private func work() {
        guard phase == .reading, !isResting else { return }
        while !isHeld, let batch = waiting.first {
            guard handOn(batch) else { return }
            waiting.removeFirst()
        }
        if !isHeld, waiting.isEmpty { consumer?.taken() }
    }

    /// False when the batch was not taken: it comes again.
    private func handOn(_ batch: KafkaBatch) -> Bool {
        storage.clear()
        rows.clear()
        defer {
            storage.shrink(toAtMost: Self.keptBytes)
            rows.clear(keepingAtMost: Self.keptBytes / 16)
        }
        reader.read(batch, &storage, &rows)
        meter?.received(storage.count)
        guard !rows.records.isEmpty else {
            settled(batch)
            return true
        }
        let told = SettledMessages(self, batch)
        let receipt =
            settings.isGroup
            ? Receipt(for: moment) { [loop, moment] fate in _ = loop.submit { told.settled(fate, of: moment) } } : nil
        switch emitter.emit(Batch(tag(of: batch.topic), receipt: receipt), storage: &storage, rows: &rows) {
        case .accepted: break
        case .acceptedFull: hold()
        case .refused(let reason):
            told.isTakenBack = true
            receipt?.settle(.lost)
            hold()
            log.limited(.warn, kind: "refused", "messages wait: \(reason.sentence)")
            retryTimer?.start(afterMilliseconds: Self.retryMilliseconds) { [unowned self] in
                isHeld = false
                work()
            }
            return false
        }
        receipt?.settle(.delivered)
        return true
    }

    private func hold() {
        isHeld = true
        wait = pressure?.take() ?? GateWait()
    }

    private func tag(of topic: String) -> Tag {
        if let known = tags[topic] { return known }
        if tags.count >= Self.keptTags { tags.removeAll(keepingCapacity: true) }
        let made = Tag(settings.tag(of: topic))
        tags[topic] = made
        return made
    }

    fileprivate func settled(_ batch: KafkaBatch) {
        consumer?.settled(batch.topic, batch.partition, assignment: batch.assignment, next: batch.nextOffset)
    }
}

/// The input, for the consumer's thread.
///
/// Safety: what it holds is touched on the input's loop alone.
private final class Ear: @unchecked Sendable {
    weak var input: KafkaInput?

    init(_ input: KafkaInput) { self.input = input }
}

/// A batch whose end is known.
///
/// Safety: what it holds is touched on the input's loop alone.
private final class SettledMessages: @unchecked Sendable {
    private weak var input: KafkaInput?
    private let batch: KafkaBatch
    /// It was not taken, and is handed on again.
    var isTakenBack = false

    init(_ input: KafkaInput, _ batch: KafkaBatch) {
        self.input = input
        // Its place is all that is needed.
        self.batch = batch.withoutMessages
    }

    func settled(_ fate: Receipt.Fate, of moment: Receipt.Moment) {
        // At a stop events may be kept for the next start: that is no delivery, and they are read again.
        if isTakenBack || fate == .safe && moment == .delivered { return }
        input?.settled(batch)
    }
}
