import Events
import HTTPClient
import Logging
import TestSupport

@testable import Buffering
@testable import Outputs
@testable import Pipeline

/// An Elasticsearch output with the real buffer, formatter, bulk body and judgement of answers; its disk and its server are
/// simulated, and its workers' steps are the simulation's.
///
/// Safety: the simulation has one thread; the disk's work is called by its steps.
final class SimulatedOutput: RunningOutput, @unchecked Sendable {
    enum Store: CaseIterable { case memory, process, power }

    let store: Store
    /// All outputs of a daemon have theirs on one.
    private let disk: SimulatedDisk
    private let name: String
    private(set) var server = SimulatedServer()
    /// In dead letters, or in a backup.
    private(set) var handedOn: Set<Int> = []
    /// Acknowledged: must be there in the end.
    var promised: Set<Int> = []
    private(set) var buffer: ChunkBuffer
    private let settings: BufferSettings
    private let clock: FakeClock
    private var inFlight: [DeliveryQueue.Delivery] = []
    private var finished: [DeliveryQueue.Delivery] = []
    private var work: [@Sendable () -> Void] = []

    /// Of all simulations: it judges answers and sends nothing.
    private static let destination: ElasticsearchDestination? = {
        guard let client = try? HTTPClient() else { return nil }
        return ElasticsearchDestination(documents, client: client)
    }()
    private static let documents: ElasticsearchSettings = {
        var settings = ElasticsearchSettings()
        settings.generatesIDs = true
        settings.logstashFormat = true
        return settings
    }()

    private let tell: (@Sendable (String) -> Void)?

    init(
        _ store: Store, named name: String, on disk: SimulatedDisk, settings: BufferSettings, clock: FakeClock,
        tell: (@Sendable (String) -> Void)? = nil
    ) {
        (self.store, self.name, self.disk) = (store, name, disk)
        (self.settings, self.clock, self.tell) = (settings, clock, tell)
        buffer = ChunkBuffer(settings: settings, clock: clock)
    }

    func makeEmitter(_ context: LoopContext) -> any Emitter {
        guard let formatter = try? ElasticsearchFormatter(Self.documents) else { return RelabelEmitter() }
        return BufferedEmitter(buffer: buffer, formatter: formatter, pressure: context.pressure)
    }

    // MARK: - Lives

    /// Takes up what the disk has. Throws what a daemon would end with.
    func open() throws {
        (inFlight, finished, work) = ([], [], [])
        guard store != .memory else {
            buffer = ChunkBuffer(settings: settings, clock: clock)
            return
        }
        let syncer =
            store == .power
            ? FileSyncer(folder: SimulatedDisk.folder, intervalSeconds: 0, log: .discarding, on: disk) {
                [unowned self] in work.append($0)
            } : nil
        let files = try FileChunkStore(
            FileBufferPath("\(SimulatedDisk.folder)/\(name).*.log", isFolder: false), format: "elasticsearch-1",
            on: disk, syncer,
            log: .discarding
        ) { TextFormatter() }
        buffer = ChunkBuffer(settings: settings, files: files, clock: clock)
        _ = try buffer.recover()
    }

    /// The process is gone; what becomes of the disk is not the output's to say.
    func end(losesPower: Bool) {
        (inFlight, finished, work) = ([], [], [])
        if store == .memory || losesPower && store == .process {
            promised = promised.filter { server.stored[$0] != nil || handedOn.contains($0) }
        }
    }

    /// A reload that changes the output: attempts end, and another buffer takes the files over.
    func replace() throws {
        guard store != .memory else { return }
        while let delivery = inFlight.popLast() { finish(delivery, isWell: true) }
        while let delivery = finished.popLast() { buffer.complete(delivery) }
        while sync() {}
        for chunk in buffer.takeAll() {
            let isSafe = chunk.chunk.makeSafe()
            for receipt in chunk.chunk.receipts { receipt.settle(isSafe ? .safe : .lost) }
        }
        buffer.retire()
        try open()
    }

    /// SIGTERM, as far as the buffer goes: what is not sent stays in the files, or goes to a backup.
    func stop(_ random: inout SeededGenerator) {
        buffer.beginDrain()
        for _ in 0..<Int.random(in: 0..<8, using: &random) { step(&random) }
        for (chunk, items) in buffer.takeAll() {
            if store == .memory, let loaded = try? chunk.load(items) { handOn(items, of: loaded) }
            let isSafe = store == .memory || chunk.makeSafe()
            for receipt in chunk.receipts { receipt.settle(isSafe ? .safe : .lost) }
        }
    }

    // MARK: - Steps

    /// One thing that a worker or the disk does.
    func step(_ random: inout SeededGenerator, isWell: Bool = false) {
        switch Int.random(in: 0..<4, using: &random) {
        case 0: if case .deliver(let delivery) = buffer.nextStep() { inFlight.append(delivery) }
        case 1:
            guard !inFlight.isEmpty else { return }
            self.random = random
            finish(inFlight.remove(at: Int.random(in: 0..<inFlight.count, using: &random)), isWell: isWell)
            random = self.random
        case 2:
            guard !finished.isEmpty else { return }
            buffer.complete(finished.remove(at: Int.random(in: 0..<finished.count, using: &random)))
        default: _ = sync()
        }
    }

    private var random = SeededGenerator(seed: 0)

    private func sync() -> Bool {
        guard !work.isEmpty else { return false }
        work.removeFirst()()
        return true
    }

    var isIdle: Bool { buffer.isEmpty && inFlight.isEmpty && finished.isEmpty && work.isEmpty }

    /// As a worker ends an attempt (`FlushWorkers`), and as the destination judges its answer.
    private func finish(_ delivery: DeliveryQueue.Delivery, isWell: Bool) {
        var loaded: LoadedChunk?
        var outcome = DeliveryOutcome.retry(reason: Refusal(.storage, "cannot read"), after: nil)
        if let chunk = try? delivery.chunk.load(delivery.items) {
            loaded = chunk
            let readable = delivery.items.subtracting(chunk.unreadable)
            if readable.count < delivery.items.count {
                delivery.chunk.keepAside()
                for receipt in delivery.chunk.receipts { receipt.note(.lost) }
            }
            outcome = readable.isEmpty ? .delivered : send(readable, of: chunk, isWell: isWell)
        }
        tell?("output \(name): an attempt with \(delivery.items.count) events ends: \(outcome)")
        for effect in buffer.finish(delivery, outcome) {
            switch effect {
            case .rejected(_, let items, _): handOn(ItemSet(items.map(\.item).sorted()), of: loaded)
            case .gaveUp(_, let items, _, _): handOn(items, of: loaded)
            default: break
            }
        }
        finished.append(delivery)
    }

    private func send(_ items: ItemSet, of chunk: LoadedChunk, isWell: Bool) -> DeliveryOutcome {
        let lines = BulkBody(chunk, items: items, BulkDialect()).lines()
        guard let response = server.answer(lines, isWell: isWell, &random), let destination = Self.destination else {
            return .retry(reason: Refusal(.unreachable, "the connection broke"), after: nil)
        }
        switch WholeAnswer(response) {
        case .items: return destination.judge(response, chunk, items).outcome(of: items.count)
        case .tooLarge(let reason): return .tooLarge(reason: reason)
        case .retry(let reason, let after): return .retry(reason: reason, after: after)
        case .refused(let reason): return .rejected(reason: reason)
        }
    }

    /// To dead letters, or to a backup.
    private func handOn(_ items: ItemSet, of chunk: LoadedChunk?) {
        guard let chunk, !disk.isDead else { return }
        for item in items.subtracting(chunk.unreadable) {
            // Without the newline at its end.
            let document = chunk.body.bytes.text(BulkBody.document(of: item, in: chunk)).dropLast()
            if let number = SimulatedEvent.number(of: String(document)) { handedOn.insert(number) }
            tell?("output \(name): handed on: \(document)")
        }
    }

    // MARK: - What must hold

    /// - Parameter most: under how many ids an event may be stored.
    func problem(most: (Int) -> Int) -> String? {
        if let document = server.wrong.first { return "stored, and never sent: \(document)" }
        let missing = promised.filter { server.stored[$0] == nil && !handedOn.contains($0) }.sorted()
        if !missing.isEmpty { return "acknowledged and gone: \(missing)" }
        if let (number, ids) = server.stored.first(where: { $0.value.count > most($0.key) }) {
            return "\(number) has \(ids.count) ids, and \(most(number)) are allowed"
        }
        let left = disk.files.map(\.name).filter {
            $0.hasPrefix("\(name).") && $0.contains(".chunk") && !$0.hasSuffix(".corrupt")
        }
        return left.isEmpty ? nil : "files are left: \(left)"
    }
}
