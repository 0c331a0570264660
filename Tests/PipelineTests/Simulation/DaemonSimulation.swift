import Events
import Foundation
import Logging
import Outputs
import TestSupport

@testable import Buffering
@testable import Inputs
@testable import Pipeline

/// A daemon from its clients' bytes to its servers' answers, in one thread and from one seed: decoders, routers, filters,
/// two outputs with their buffers and disks, bulk bodies and judgements, receipts, reloads, stops, kills and power cuts.
///
/// Safety: everything happens on one thread; disks and receipts call back from within its calls.
final class DaemonSimulation: @unchecked Sendable {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// Of all seeds together: what they have met with.
    struct Tally {
        var lives = 0, reloads = 0, acknowledged = 0, stored = 0, copies = 0

        static func += (sum: inout Tally, other: Tally) {
            sum.lives += other.lives
            sum.reloads += other.reloads
            sum.acknowledged += other.acknowledged
            sum.stored += other.stored
            sum.copies += other.copies
        }
    }

    private(set) var tally = Tally()
    private var random: SeededGenerator
    private let clock = FakeClock()
    private let clients = (0..<3).map { _ in SimulatedClient() }
    private let disk: SimulatedDisk
    private let outputs: [SimulatedOutput]
    private let moment: Receipt.Moment?
    private let plans: SimulatedPlans
    private let losesPower: Bool
    private let faults: SimulatedDisk.Faults
    private let hasErrorLabel: Bool
    private var loops: [SimulatedLoop] = []
    private var connections: [SimulatedConnection] = []
    private var nextEvent = 0
    /// Before the last kill.
    private var isCalm = false

    /// Where it tells what happens, step by step.
    private let tell: (@Sendable (String) -> Void)?

    init(seed: UInt64, plans: SimulatedPlans, tell: (@Sendable (String) -> Void)? = nil) {
        self.tell = tell
        var random = SeededGenerator(seed: seed)
        self.plans = plans
        var settings = BufferSettings()
        settings.overflowAction = [.block, .block, .throwException].randomElement(using: &random)!
        settings.totalLimitBytes = [4000, 1 << 20].randomElement(using: &random)!
        settings.chunkLimitBytes = [600, 3000, 8 << 20].randomElement(using: &random)!
        settings.keys.usesTag = Bool.random(using: &random)
        settings.flushMode = BufferSettings.FlushMode.allCases.randomElement(using: &random)!
        settings.flushIntervalSeconds = 4
        settings.flushThreadCount = 3
        settings.retry.maxTimes = [nil, 3].randomElement(using: &random)!
        settings.retry.randomize = false
        let clock = clock
        let disk = SimulatedDisk(seed: seed ^ 0x5EED, tell: tell)
        self.disk = disk
        outputs = ["a", "b"].map { name in
            SimulatedOutput(
                SimulatedOutput.Store.allCases.randomElement(using: &random)!, named: name, on: disk,
                settings: settings, clock: clock, tell: tell)
        }
        let isDurable = outputs.contains { $0.store == .power }
        moment = Int.random(in: 0..<4, using: &random) == 0 ? .delivered : isDurable ? .safe : nil
        losesPower = Bool.random(using: &random)
        var faults = SimulatedDisk.Faults()
        if Int.random(in: 0..<3, using: &random) == 0 {
            faults.writes = [0, 30, 150].randomElement(using: &random)!
            faults.syncs = [0, 100].randomElement(using: &random)!
            faults.names = [0, 50].randomElement(using: &random)!
        }
        self.faults = faults
        // A batch that is refused would go to the label, and its client would have its ack.
        hasErrorLabel = settings.overflowAction == .block && faults.writes + faults.syncs + faults.names == 0
        self.random = random
    }

    func run() throws {
        try start()
        for _ in 0..<Int.random(in: 60...200, using: &random) {
            try step()
            if disk.isDead { try end(losesPower: losesPower && chance(500)) }
        }
        try finish()
        for output in outputs {
            if let problem = output.problem(most: { mostIDs($0, at: output) }) {
                throw Failure(description: "\(output.store): \(problem)")
            }
            tally.stored += output.server.stored.count
            tally.copies += output.server.stored.values.reduce(0) { $0 + $1.count - 1 }
        }
    }

    /// However often it was sent. A broken text goes on as it was, and to `@ERROR`.
    private func mostIDs(_ number: Int, at output: SimulatedOutput) -> Int {
        hasErrorLabel && output === outputs[0] && SimulatedEvent.isBroken(number) ? 2 : 1
    }

    private func chance(_ perThousand: Int) -> Bool { Int.random(in: 0..<1000, using: &random) < perThousand }

    // MARK: - Lives

    private func start() throws {
        for attempt in 0... {
            tally.lives += 1
            do {
                for output in outputs { try output.open() }
                if !disk.isDead { break }
            } catch {
                // A daemon that cannot take up its buffers says so and ends.
                if isCalm || attempt > 100 { throw error }
            }
            if attempt > 3 { disk.faults = SimulatedDisk.Faults() }
            for output in outputs { output.end(losesPower: false) }
            disk.processEnded()
        }
        loops = (0..<Int.random(in: 1...3, using: &random)).map { _ in SimulatedLoop(plans.stages()) }
        connect(plan: 0)
        connections = []
        for client in clients { open(client) }
        disk.faults = isCalm ? SimulatedDisk.Faults() : faults
    }

    private func connect(plan: Int) {
        let pair = SimulatedCopy(outputs)
        for loop in loops {
            loop.stages.connect(
                hasErrorLabel ? plans.labelled[plan] : plans.plain[plan], outputs: [pair, outputs[1], outputs[0]])
        }
    }

    private func open(_ client: SimulatedClient) {
        client.begin()
        connections.append(
            SimulatedConnection(
                client, to: loops[Int.random(in: 0..<loops.count, using: &random)], acksAfter: moment
            ) { [unowned self] acks in
                if disk.isDead { return }
                acknowledged(client.receive(acks))
            })
    }

    private func acknowledged(_ events: [Int]) {
        tally.acknowledged += events.count
        tell?("acknowledged: \(events)")
        for number in events {
            outputs[1].promised.insert(number)
            if SimulatedEvent.isService(number) { outputs[0].promised.insert(number) }
        }
    }

    /// The process is gone, and another one starts.
    private func end(losesPower: Bool) throws {
        for connection in connections { connection.close() }
        (connections, loops) = ([], [])
        tell?(losesPower ? "the power is lost" : "the process ends")
        for output in outputs { output.end(losesPower: losesPower) }
        if losesPower { disk.powerLost() } else { disk.processEnded() }
        try start()
    }

    // MARK: - Steps

    private func step() throws {
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<15:
            let count = Int.random(in: 1...5, using: &random)
            let client = clients[Int.random(in: 0..<clients.count, using: &random)]
            if client.unacknowledged.count < 6 {
                client.write(nextEvent..<(nextEvent + count), &random)
                nextEvent += SimulatedEvent.messageEvents
            }
        case 15..<45: try feed()
        case 45..<82: outputs[Int.random(in: 0..<2, using: &random)].step(&random)
        case 82..<90: clock.advance(Double(Int.random(in: 0...40, using: &random)) / 10)
        case 90: try reconnect()
        case 91: disk.endProcess(afterCalls: Int.random(in: 0..<12, using: &random))
        case 92: try end(losesPower: false)
        case 93: if losesPower { try end(losesPower: true) }
        case 94: try stop()
        case 95, 96: reload()
        case 97: try replace()
        default: break
        }
    }

    /// One connection is read, or goes on with what it could not take.
    private func feed() throws {
        let connection = connections[Int.random(in: 0..<connections.count, using: &random)]
        if connection.isHeld {
            if outputs.allSatisfy({ $0.buffer.hasRoom }) { try connection.proceed() }
        } else if connection.isSuspended {
            try connection.proceed()
        } else {
            try connection.receive(connection.client.take(&random))
        }
    }

    /// A client that waited too long for an ack.
    private func reconnect() throws {
        guard let place = connections.indices.randomElement(using: &random) else { return }
        let connection = connections.remove(at: place)
        // What was read is taken, though its client has gone.
        try connection.drain()
        connection.close()
        open(connection.client)
    }

    private func reload() {
        tally.reloads += 1
        connect(plan: Int.random(in: 0..<2, using: &random))
    }

    /// A reload that changes an output.
    private func replace() throws {
        tally.reloads += 1
        tell?("a reload changes an output")
        do {
            try outputs[Int.random(in: 0..<2, using: &random)].replace()
            connect(plan: Int.random(in: 0..<2, using: &random))
        } catch {
            // The daemon would go on without it; here another one starts.
            try end(losesPower: false)
        }
    }

    /// SIGTERM.
    private func stop() throws {
        tell?("SIGTERM")
        for connection in connections { try connection.drain() }
        for output in outputs { output.stop(&random) }
        try end(losesPower: false)
    }

    /// Disks and servers are well: every client gets its acks, everything arrives.
    private func finish() throws {
        isCalm = true
        disk.faults = SimulatedDisk.Faults()
        try end(losesPower: false)
        for round in 0... {
            for connection in connections {
                if connection.isSuspended || connection.isHeld {
                    try connection.proceed()
                } else {
                    try connection.receive(connection.client.take(&random))
                }
            }
            for output in outputs { for _ in 0..<4 { output.step(&random, isWell: true) } }
            clock.advance(1)
            let isSent = clients.allSatisfy { $0.unacknowledged.isEmpty }
            if isSent || round % 50 == 49 { for output in outputs { output.buffer.flushAll() } }
            if isSent, outputs.allSatisfy(\.isIdle) { return }
            // Refused ones have no ack: their client sends them again.
            if round % 300 == 299, let place = connections.firstIndex(where: { !$0.client.unacknowledged.isEmpty }) {
                let connection = connections.remove(at: place)
                try connection.drain()
                connection.close()
                open(connection.client)
            }
            if round == 20_000 {
                throw Failure(
                    description: "no end: \(clients.map(\.unacknowledged.count)) messages have no ack, buffers are "
                        + (outputs.allSatisfy(\.isIdle) ? "empty" : "not empty"))
            }
        }
    }
}

/// `@type copy` with two stores.
private final class SimulatedCopy: RunningOutput {
    private let stores: [SimulatedOutput]

    init(_ stores: [SimulatedOutput]) { self.stores = stores }

    func makeEmitter(_ context: LoopContext) -> any Emitter {
        CopyEmitter(stores.map { CopyEmitter.Store($0.makeEmitter(context)) }, log: .discarding)
    }
}

/// Two configurations, each with and without `@ERROR`, read once for all seeds.
final class SimulatedPlans {
    let labelled: [PipelinePlan]
    let plain: [PipelinePlan]
    private let writer: WriterThread
    private let sink: TextSink

    init() throws {
        writer = try WriterThread()
        sink = TextSink(descriptor: dup(2), writer: writer)
        // One filter more, that lets everything through as it is: an id depends on what an event says.
        let more = "<filter **>\n@type grep\n<regexp>\nkey n\npattern /./\n</regexp>\n</filter>\n"
        let error = "<label @ERROR>\n<match **>\n@type null\n</match>\n</label>\n"
        func plan(_ text: String) -> PipelinePlan {
            Checked(
                """
                <filter svc.**>
                  @type parser
                  key_name log
                  reserve_data true
                  <parse>
                    @type json
                  </parse>
                </filter>
                \(text)
                """
            ).plan
        }
        let routes = "<match svc.**>\n@type null\n</match>\n<match **>\n@type null\n</match>\n"
        plain = [plan(routes), plan(more + routes)]
        labelled = [plan(routes + error), plan(more + routes + error)]
    }

    func stages() -> LoopStages {
        LoopStages(log: .discarding, standardOutput: sink, metrics: MetricsRegistry(), gates: OutputGates())
    }
}
