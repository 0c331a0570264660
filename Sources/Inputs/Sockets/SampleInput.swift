package import EventLoop
package import Events
internal import Time

/// `<source> @type sample` (`dummy`): the same records again and again, for tries (Fluentd's `in_sample`).
package final class SampleInput: Input {
    package struct Settings: Sendable {
        package var tag: String
        /// JSON objects, in turn.
        package var records: [[UInt8]]
        /// Events a second.
        package var rate = 1
        /// Events in one batch.
        package var size = 1
        /// A field with the number of the event, from 0.
        package var incrementedKey: String?

        package init(tag: String, records: [[UInt8]]) { (self.tag, self.records) = (tag, records) }
    }

    /// How often events are made.
    private static let turnMilliseconds: UInt64 = 100

    private let settings: Settings
    private let loop: Loop
    private let emitter: any Emitter
    private let pressure: Pressure?
    private let tag: Tag
    private var timer: LoopTimer?
    package var meter: IntakeMeter?
    private(set) var phase = InputPhase.idle
    private var isResting = false
    private var wait: GateWait?
    private var number = 0
    private var startedMilliseconds: UInt64 = 0
    private var made = 0
    private var storage = ByteBuffer(capacity: 4096)
    private var rows = Rows(fieldCapacity: 64)

    package init(_ settings: Settings, on loop: Loop, emitter: any Emitter, pressure: Pressure? = nil) {
        self.settings = settings
        self.loop = loop
        self.emitter = emitter
        self.pressure = pressure
        tag = Tag(settings.tag)
    }

    package func start() throws {
        precondition(phase == .idle, "an input was started twice")
        phase = .reading
        startedMilliseconds = loop.now
        let timer = LoopTimer(on: loop)
        timer.start(afterMilliseconds: Self.turnMilliseconds, everyMilliseconds: Self.turnMilliseconds) {
            [unowned self] in turn()
        }
        self.timer = timer
    }

    package func stopReading() {
        guard phase < .stopped else { return }
        phase = .stopped
        timer?.close()
    }

    package func resumeReading() {
        if let full = wait, !(pressure?.gates.isClosed(anyOf: full) ?? false) { wait = nil }
    }

    package func rest() { isResting = true }
    package func goOn() { isResting = false }
    package func routesChanged(hasDurableBuffer: Bool) {}
    package func retire() { stopReading() }
    package var isDeserted: Bool { phase >= .stopped }

    package func close() {
        stopReading()
        phase = .closed
    }

    /// As many as belong to the time since the start; what a full buffer made it miss is not made up for.
    private func turn() {
        guard phase == .reading, !isResting, wait == nil else {
            startedMilliseconds = loop.now
            made = 0
            return
        }
        let due = Int(loop.now - startedMilliseconds) * settings.rate / 1000
        while made < due, wait == nil {
            let count = min(settings.size, due - made)
            made += max(count, 1)
            emit(count)
        }
    }

    private func emit(_ count: Int) {
        storage.clear()
        rows.clear()
        let time = Clock.now()
        for _ in 0..<count {
            let first = rows.fields.count
            let record = storage.append(copyOf: settings.records[number % settings.records.count])
            guard (try? rows.appendFields(json: record, &storage)) != nil else { continue }
            if let key = settings.incrementedKey {
                var seen: UInt64 = .max
                let name = storage.append(copyOf: Array(key.utf8))
                rows.set(name, .int(Int64(number)), first: first, seen: &seen, storage)
            }
            rows.records.append(Record(time: time, firstField: first, fieldCount: rows.fields.count - first))
            number += 1
        }
        if case .acceptedFull = emitter.emit(Batch(tag), storage: &storage, rows: &rows) {
            wait = pressure?.take() ?? GateWait()
        }
    }
}
