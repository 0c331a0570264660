import Events
import TestSupport

@testable import Buffering

/// One life of a daemon after another on one disk, all of it from a seed: batches of several loops with receipts of both
/// moments, a destination that answers everything, calls of the disk that fail, kills, power cuts, stops and restarts. What
/// must hold is checked against a few sets of numbers.
///
/// Safety: everything happens on one thread; the disk and the receipts call back from within its calls.
final class Simulation: @unchecked Sendable {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    let plan: SimulationPlan
    private let seed: UInt64
    private var random: SeededGenerator
    private let disk: SimulatedDisk
    private let clock = FakeClock()
    private var ledger = SimulationLedger()
    private var problems: [String] = []

    // Of the process that lives now.
    private var life = 0
    private var buffer: ChunkBuffer
    private var sources: [BatchSource] = []
    private var work: [@Sendable () -> Void] = []
    private var inFlight: [DeliveryQueue.Delivery] = []
    private var finished: [DeliveryQueue.Delivery] = []
    /// Receipts that have not met their end.
    private var open = 0
    /// By the first of its events.
    private var settled: Set<Int> = []
    private var owesHandedOn = false
    private var isDraining = false

    /// Where it tells what happens, step by step.
    private let tell: (@Sendable (String) -> Void)?

    /// - Parameter strike: what happens in which of the disk's calls.
    init(
        seed: UInt64, strike: (SimulationPlan.Strike, call: Int)? = nil,
        _ change: (inout SimulationPlan) -> Void = { _ in }, tell: (@Sendable (String) -> Void)? = nil
    ) {
        self.tell = tell
        self.seed = seed
        random = SeededGenerator(seed: seed)
        var plan = SimulationPlan(&random)
        change(&plan)
        plan.strike = strike?.0
        self.plan = plan
        disk = SimulatedDisk(seed: seed ^ 0x5EED, tell: tell)
        buffer = ChunkBuffer(settings: plan.settings, clock: clock)
        guard let strike else { return }
        if strike.0 == .failure { disk.fail(call: strike.call) } else { disk.endProcess(afterCalls: strike.call) }
    }

    /// Of all seeds together: what they have met with.
    struct Tally {
        var steps = 0, lives = 0, powerCuts = 0, acknowledged = 0, stored = 0, calls = 0

        static func += (sum: inout Tally, other: Tally) {
            sum.steps += other.steps
            sum.lives += other.lives
            sum.powerCuts += other.powerCuts
            sum.acknowledged += other.acknowledged
            sum.stored += other.stored
            sum.calls += other.calls
        }
    }

    private(set) var tally = Tally()

    func run() throws {
        start()
        for _ in 0..<plan.steps {
            step()
            tally.steps += 1
            if disk.isDead { end(losesPower: plan.strike == .powerCut || (plan.losesPower && chance(500))) }
            try check()
        }
        try finish()
        tally.lives = life
        (tally.acknowledged, tally.stored) = (ledger.acknowledged.count, ledger.stored.count)
        tally.calls = disk.calls
    }

    // MARK: - Lives

    private func start() {
        repeat {
            if life > 0, chance(300) { disk.faults = SimulatedDisk.Faults() }
            life += 1
            (inFlight, finished, work, open, owesHandedOn, isDraining) = ([], [], [], 0, false, false)
            disk.whileSyncing { [unowned self] in
                if !isDraining, !sources.isEmpty, chance(200) { emit() }
            }
            do {
                buffer = try makeBuffer()
                _ = try buffer.recover()
            } catch {
                // A daemon that cannot take up its buffer says so and ends.
                disk.processEnded()
                continue
            }
            tell?("life \(life): \(plan.store), \(buffer.statistics.queuedChunks) chunks")
            if !disk.isDead { break }
            endProcess(losesPower: plan.strike == .powerCut || (plan.losesPower && chance(500)))
        } while true
        sources = (0..<2).map { _ in BatchSource(buffer) }
        disk.faults = plan.faults
    }

    private func makeBuffer() throws -> ChunkBuffer {
        guard plan.store != .memory else {
            return ChunkBuffer(settings: plan.settings, hasSecondary: plan.hasSecondary, clock: clock)
        }
        let syncer =
            plan.store == .power
            ? FileSyncer(folder: SimulatedDisk.folder, intervalSeconds: 0, log: .discarding, on: disk) {
                [unowned self] in work.append($0)
            } : nil
        let files = try FileChunkStore(
            FileBufferPath(SimulatedDisk.folder, isFolder: true), format: "lines-1", on: disk, syncer,
            log: .discarding
        ) { LineFormatter() }
        return ChunkBuffer(settings: plan.settings, files: files, hasSecondary: plan.hasSecondary, clock: clock)
    }

    /// The process is gone, and another one starts.
    private func end(losesPower: Bool) {
        endProcess(losesPower: losesPower)
        start()
    }

    private func endProcess(losesPower: Bool) {
        ledger.dropped += buffer.statistics.counts.droppedEvents
        if plan.store == .memory || (losesPower && plan.store != .power) { ledger.forgetPromises() }
        // Nothing that is left of it may act on the disk.
        sources = []
        work = []
        tell?(losesPower ? "the power is lost" : "the process ends")
        if losesPower {
            disk.powerLost()
            tally.powerCuts += 1
        } else {
            disk.processEnded()
        }
    }

    // MARK: - Steps

    private func step() {
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<35: emit()
        case 35..<52: deliver()
        case 52..<65: if let delivery = take(&inFlight) { finish(delivery, quietly: false) }
        case 65..<75: if let delivery = take(&finished) { buffer.complete(delivery) }
        case 75..<83: sync()
        case 83..<91: clock.advance(Double(Int.random(in: 0...40, using: &random)) / 10)
        case 91..<93: buffer.flushAll()
        case 93..<95: if plan.ends { disk.endProcess(afterCalls: Int.random(in: 0..<12, using: &random)) }
        case 95: if plan.ends { end(losesPower: false) }
        case 96: if plan.losesPower { end(losesPower: true) }
        case 97: if plan.ends { stop() }
        default: break
        }
    }

    private func sync() {
        guard !work.isEmpty else { return }
        work.removeFirst()()
    }

    private func chance(_ perThousand: Int) -> Bool { Int.random(in: 0..<1000, using: &random) < perThousand }

    private func take(_ list: inout [DeliveryQueue.Delivery]) -> DeliveryQueue.Delivery? {
        guard !list.isEmpty else { return nil }
        return list.remove(at: Int.random(in: 0..<list.count, using: &random))
    }

    // MARK: - Events in

    private func emit() {
        let numbers = ledger.emit(Int.random(in: 1...5, using: &random))
        let receipt = makeReceipt(numbers)
        let source = Int.random(in: 0..<sources.count, using: &random)
        sources[source].receipt = receipt
        let second = clock.wallSeconds() + Int64.random(in: -20...20, using: &random)
        let tag = Self.tags[Int.random(in: 0..<Self.tags.count, using: &random)]
        do {
            switch try sources[source].emit(tag, numbers.map(SimulationLedger.text), at: second) {
            case .refused:
                ledger.refused.formUnion(numbers)
                tell?("refused \(numbers)")
                receipt?.settle(.lost)
            case .accepted, .acceptedFull:
                tell?("accepted \(numbers), receipt \(receipt.map { "\($0.moment)" } ?? "none")")
                if receipt == nil, plan.store != .power, !disk.isDead { ledger.acknowledged.formUnion(numbers) }
                receipt?.settle(.delivered)
            }
        } catch { problems.append("\(error)") }
    }

    private static let tags = (0..<4).map { Tag("t\($0)") }

    private func makeReceipt(_ numbers: Range<Int>) -> Receipt? {
        guard let moment = [nil, .safe, .safe, Receipt.Moment.delivered].randomElement(using: &random)! else {
            return nil
        }
        open += 1
        let life = life
        return Receipt(for: moment) { [unowned self] fate in
            if !settled.insert(numbers.lowerBound).inserted { problems.append("a receipt was settled twice") }
            // What a process says that is gone nobody hears.
            guard life == self.life, !disk.isDead else { return }
            open -= 1
            tell?("settled \(numbers): \(fate)")
            switch (moment, fate) {
            case (_, .lost): break
            case (.delivered, .delivered):
                if !ledger.isStored(numbers) { problems.append("\(numbers) settled before they were stored") }
            case (.delivered, _) where !isDraining:
                if !ledger.isStoredOrHandedOn(numbers) { problems.append("\(numbers) settled before their end") }
            default: ledger.acknowledged.formUnion(numbers)
            }
        }
    }

    // MARK: - Events out

    private func deliver() {
        if case .deliver(let delivery) = buffer.nextStep() { inFlight.append(delivery) }
    }

    /// As a worker does (`FlushWorkers.deliver`), whose attempt ends now.
    private func finish(_ delivery: DeliveryQueue.Delivery, quietly: Bool) {
        var loaded: LoadedChunk?
        var outcome = DeliveryOutcome.retry(reason: Refusal(.storage, "cannot read"), after: nil)
        if let chunk = try? delivery.chunk.load(delivery.items) {
            loaded = chunk
            let readable = delivery.items.subtracting(chunk.unreadable)
            if readable.count < delivery.items.count {
                delivery.chunk.keepAside()
                for receipt in delivery.chunk.receipts { receipt.note(.lost) }
            }
            if disk.isDead { return }
            let numbers = numbers(of: readable, in: chunk)
            outcome = readable.isEmpty || quietly ? .delivered : answer(readable, numbers)
            tell?("delivery of \(numbers.values.sorted()), \(delivery.target): \(outcome)")
            if case .delivered = outcome { ledger.store(numbers.map(\.value)) }
        }
        var isCarriedOut = true
        for effect in buffer.finish(delivery, outcome) {
            switch effect {
            case .rejected(_, let items, _):
                isCarriedOut = handOn(ItemSet(items.map(\.item).sorted()), loaded, quietly) && isCarriedOut
            case .gaveUp(let chunk, let items, _, _):
                if loaded == nil {
                    chunk.keepAside()
                    for receipt in chunk.receipts { receipt.note(.lost) }
                } else {
                    isCarriedOut = handOn(items, loaded, quietly) && isCarriedOut
                }
            default: break
            }
        }
        if isCarriedOut { finished.append(delivery) } else { owesHandedOn = true }
    }

    private func numbers(of items: ItemSet, in chunk: LoadedChunk) -> [Int: Int] {
        var numbers: [Int: Int] = [:]
        for item in items {
            let text = chunk.body.bytes.text(chunk.item(item).source)
            if let number = ledger.number(of: text) {
                numbers[item] = number
            } else {
                problems.append("sent, and never emitted: \(text)")
            }
        }
        return numbers
    }

    private func answer(_ items: ItemSet, _ numbers: [Int: Int]) -> DeliveryOutcome {
        switch Int.random(in: 0..<12, using: &random) {
        case 0..<5: return .delivered
        case 5:
            if plan.losesAnswers { ledger.store(items.filter { _ in chance(700) }.map { numbers[$0]! }) }
            return .retry(reason: Refusal(.unreachable, "down"), after: chance(300) ? 3 : nil)
        case 6: return .retry(reason: Refusal(.busy, "429"), after: nil)
        case 7: return .tooLarge(reason: Refusal(.tooLarge, "413"))
        case 8: return .rejected(reason: Refusal(.invalid, "400"))
        default:
            var (retry, rejected) = (ItemSet(), [RejectedItem]())
            for item in items {
                switch Int.random(in: 0..<6, using: &random) {
                case 0, 1: retry.append(item)
                case 2: rejected.append(RejectedItem(item: item, status: 400, type: "t", reason: "r"))
                default: ledger.store([numbers[item]!])
                }
            }
            return .partial(retry: retry, reason: Refusal(.busy, "429"), rejected: rejected)
        }
    }

    /// To dead letters; now and then the worker was cancelled first.
    private func handOn(_ items: ItemSet, _ loaded: LoadedChunk?, _ quietly: Bool) -> Bool {
        guard let loaded else {
            problems.append("handed on without having been read")
            return true
        }
        if !quietly, chance(60) { return false }
        if !disk.isDead { ledger.handOn(numbers(of: items.subtracting(loaded.unreadable), in: loaded).map(\.value)) }
        return true
    }

    // MARK: - Ends

    /// SIGTERM: as much is sent as there is time for; the rest stays in the files, or goes to a backup.
    private func stop() {
        buffer.beginDrain()
        isDraining = true
        _ = buffer.snapshotUndelivered()
        for _ in 0..<Int.random(in: 0..<10, using: &random) {
            deliver()
            if let delivery = take(&inFlight) { finish(delivery, quietly: false) }
            if let delivery = take(&finished) { buffer.complete(delivery) }
            sync()
        }
        for (chunk, items) in buffer.takeAll() {
            if plan.store == .memory, let loaded = try? chunk.load(items) {
                ledger.handOn(numbers(of: items, in: loaded).map(\.value))
            }
            let isSafe = plan.store == .memory || chunk.makeSafe()
            for receipt in chunk.receipts { receipt.settle(isSafe ? .safe : .lost) }
        }
        if !disk.isDead, !buffer.isEmpty || buffer.recountedBytes != 0 {
            problems.append("\(buffer.statistics.totalBytes) bytes are counted after everything was taken out")
        }
        // What ends late has no effect.
        for delivery in inFlight where !buffer.finish(delivery, .delivered).isEmpty {
            problems.append("an attempt ended with effects after the stop")
        }
        if chance(500) { sync() }
        end(losesPower: false)
    }

    private func check() throws {
        if buffer.statistics.totalBytes != buffer.recountedBytes, !disk.isDead {
            problems.append("\(buffer.statistics.totalBytes) bytes are counted, \(buffer.recountedBytes) are there")
        }
        if let problem = problems.first { throw Failure(description: problem) }
    }

    /// The disk and the destination are well again: everything arrives, and nothing is left.
    private func finish() throws {
        disk.faults = SimulatedDisk.Faults()
        disk.fail(call: nil)
        let owedHandedOn = owesHandedOn
        if !plan.isCalm || owesHandedOn { end(losesPower: plan.losesPower && chance(500)) }
        if disk.isDead { end(losesPower: false) }
        disk.whileSyncing(nil)
        disk.faults = SimulatedDisk.Faults()
        try drain()
        try check()
        if open != 0 { throw Failure(description: "\(open) receipts are never settled") }
        if !buffer.isEmpty || buffer.recountedBytes != 0 { throw Failure(description: "the buffer is not empty") }
        let left = disk.files.map(\.name).filter { $0.contains(".chunk") && !$0.hasSuffix(".corrupt") }
        if !left.isEmpty { throw Failure(description: "files are left: \(left)") }
        ledger.dropped += buffer.statistics.counts.droppedEvents
        if let problem = ledger.problem(
            plan, isCalm: plan.isCalm && !owedHandedOn,
            aside: disk.files.filter { $0.name.hasSuffix(".corrupt") }.map(\.bytes))
        {
            throw Failure(description: problem)
        }
    }

    private func drain() throws {
        let end = 10_000
        buffer.beginDrain()
        isDraining = true
        for round in 0... {
            deliver()
            if let delivery = inFlight.popLast() { finish(delivery, quietly: true) }
            if let delivery = finished.popLast() { buffer.complete(delivery) }
            sync()
            clock.advance(1)
            if buffer.isEmpty, inFlight.isEmpty, finished.isEmpty, work.isEmpty { return }
            if round == end { throw Failure(description: "not empty after \(end) rounds") }
        }
    }
}
