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
    /// Memory that is kept between batches, in bytes.
    private static let keptBytes = 4 << 20

    private let settings: KafkaInputSettings
    private let loop: Loop
    private let emitter: any Emitter
    private let log: Log
    private let hold: RoomHold
    private let reader: KafkaMessageReader
    private var consumer: KafkaConsumer?
    package var meter: IntakeMeter?
    private var phase = InputPhase.idle
    private var isResting = false
    private var moment = Receipt.Moment.delivered
    /// What the consumer has handed on, and nobody has taken yet.
    private var waiting: [KafkaBatch] = []
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
        hold = RoomHold(on: loop, pressure)
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
        phase = .reading
        log.info("reading topics", ["brokers": settings.brokers])
    }

    package func stopReading() {
        guard phase < .stopped else { return }
        phase = .stopped
        waiting = []
        hold.close()
        consumer?.stopReading()
    }

    package func resumeReading() {
        guard phase == .reading, hold.end() else { return }
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
        while !hold.isHeld, let batch = waiting.first {
            guard handOn(batch) else { return }
            waiting.removeFirst()
        }
        if !hold.isHeld, waiting.isEmpty { consumer?.taken() }
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
        // Its place is all that is needed.
        let read = batch.withoutMessages
        let end = BatchEnd { [weak self] in self?.settled(read) }
        let receipt = settings.isGroup ? end.receipt(for: moment, on: loop) : nil
        switch emitter.emit(Batch(tag(of: batch.topic), receipt: receipt), storage: &storage, rows: &rows) {
        case .accepted: break
        case .acceptedFull: hold.begin()
        case .refused(let reason):
            end.takeBack()
            receipt?.settle(.lost)
            hold.begin { [unowned self] in work() }
            log.limited(.warn, kind: "refused", "messages wait: \(reason.sentence)")
            return false
        }
        receipt?.settle(.delivered)
        return true
    }

    private func tag(of topic: String) -> Tag {
        if let known = tags[topic] { return known }
        if tags.count >= Self.keptTags { tags.removeAll(keepingCapacity: true) }
        let made = Tag(settings.tag(of: topic))
        tags[topic] = made
        return made
    }

    private func settled(_ batch: KafkaBatch) {
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
