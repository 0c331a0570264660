package import EventLoop
package import Events
internal import HTTPClient
package import Inputs
package import Logging
package import Outputs
internal import Parsing

/// What outputs are given when they come to life.
package final class RunContext {
    /// The stage's own once `of` has named it.
    package let log: Log
    /// The output that comes to life.
    let stage: Stage
    /// Where events are kept that nobody takes; nil: there is no such place.
    package let stateDirectory: String?
    /// Where all stdout outputs and filters write: one sink, so that their lines do not run into each other.
    package let standardOutput: TextSink
    private let client: SharedClient
    /// Where outputs keep their connections.
    let network: OutputNetwork
    /// Back to a label, for what a destination refused.
    package let returnPath: ReturnPath
    /// Acknowledged events that are neither delivered nor kept.
    package let losses: LossCounter
    /// Which outputs are full.
    let gates: OutputGates
    /// The outputs with buffers that are at work.
    let live: LiveOutputs

    package init(
        log: Log, stateDirectory: String?, standardOutput: TextSink, returnPath: ReturnPath,
        losses: LossCounter = LossCounter(), gates: OutputGates = OutputGates()
    ) {
        self.log = log
        stage = Stage()
        client = SharedClient()
        network = OutputNetwork()
        self.standardOutput = standardOutput
        self.stateDirectory = stateDirectory
        self.returnPath = returnPath
        self.losses = losses
        self.gates = gates
        live = LiveOutputs()
    }

    private init(_ shared: RunContext, _ stage: Stage) {
        self.stage = stage
        log = stage.log(shared.log.at(nil), as: .output)
        client = shared.client
        network = shared.network
        standardOutput = shared.standardOutput
        stateDirectory = shared.stateDirectory
        returnPath = shared.returnPath
        losses = shared.losses
        gates = shared.gates
        live = shared.live
    }

    /// The same for one output, whose log carries its name.
    func of(_ stage: Stage) -> RunContext { RunContext(self, stage) }
}

/// Made when the first output asks.
private final class SharedClient { var client: HTTPClient? }

extension RunContext {
    /// The one HTTP client: a thread that drives the requests of all outputs.
    func httpClient() throws -> HTTPClient {
        if let made = client.client { return made }
        let made = try HTTPClient()
        client.client = made
        return made
    }

    /// Ends what all outputs share. After the last delivery.
    func close() {
        client.client?.stop()
        client.client = nil
        guard let dangling = network.close() else { return log.debug("a name server does not answer: not waited for") }
        if !dangling.isEmpty {
            log.error("handles of outputs were left open", ["types": dangling.joined(separator: " ")])
        }
    }
}

/// What stages are given when a loop's own are made.
package final class LoopContext {
    /// The filter's own once `of` has named it.
    package let log: Log
    package let standardOutput: TextSink
    private let bindings: LabelBindings
    /// The filter that is made; empty: none is named.
    private let stage: String
    /// Where this loop's stages count.
    let metrics: MetricsRegistry
    /// Of the loop, from 0.
    let loop: Int
    /// What this loop's batches found full.
    let pressure: Pressure
    /// Whether stages may ask others; where a configuration is only tried, they may not.
    let reachesNetwork: Bool

    package init(
        log: Log, standardOutput: TextSink, metrics: MetricsRegistry = MetricsRegistry(), loop: Int = 0,
        pressure: Pressure, reachesNetwork: Bool = false
    ) {
        self.reachesNetwork = reachesNetwork
        self.log = log
        self.metrics = metrics
        self.loop = loop
        self.pressure = pressure
        self.standardOutput = standardOutput
        stage = ""
        bindings = LabelBindings()
    }

    private init(_ shared: LoopContext, log: Log, stage: String) {
        self.log = log
        self.stage = stage
        standardOutput = shared.standardOutput
        bindings = shared.bindings
        metrics = shared.metrics
        loop = shared.loop
        pressure = shared.pressure
        reachesNetwork = shared.reachesNetwork
    }

    /// The same for one filter, whose log carries its name.
    func of(_ filter: Stage) -> LoopContext {
        LoopContext(self, log: filter.log(log, as: .filter), stage: filter.id.description)
    }

    /// Where the filter tells what its grok patterns do; nil: it has none.
    func meter(ofPatterns names: [String]) -> PatternMeter? {
        names.isEmpty || stage.isEmpty ? nil : metrics.registerPatterns(names, of: stage, loop: loop)
    }

    /// Notes a stage of an output that holds events.
    func holds(_ stage: any HoldingStage) { bindings.holding.append(stage) }

    /// Those that were noted.
    var holdingStages: [any HoldingStage] { bindings.holding }

    /// An emitter that counts for a stage which no router leads to.
    func counting(_ emitter: any Emitter, _ stage: Stage) -> any Emitter {
        CountingEmitter(emitter, metrics.register(stage.id.description, loop: loop))
    }

    /// An emitter into a label that may not exist yet.
    func emitter(toLabel label: String) -> RelabelEmitter {
        let emitter = RelabelEmitter()
        bindings.pending.append((label, emitter))
        return emitter
    }

    func bind(_ routers: [String: Router]) {
        for (label, emitter) in bindings.pending { emitter.target = routers[label] }
        bindings.pending.removeAll()
    }
}

/// Emitters that wait for their label's router, and stages that the loop asks for what they hold.
private final class LabelBindings {
    var pending: [(label: String, emitter: RelabelEmitter)] = []
    var holding: [any HoldingStage] = []
}

/// What an input is made with, once for each loop.
package struct InputContext {
    package let loop: Loop
    /// Whether this is the first loop: what cannot be shared (a unix socket, a file) is read there alone.
    package let isFirst: Bool
    /// How many loops there are; listeners share their ports when there are several.
    package let loopCount: Int
    /// The router that takes what the input reads.
    package let emitter: any Emitter
    package let log: Log
    /// What the loop's batches find full.
    package let pressure: Pressure
    /// The sockets of an input that listened there before.
    package let inherited: InheritedSockets?
}
