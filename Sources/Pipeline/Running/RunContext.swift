package import EventLoop
package import Events
package import Logging
package import Outputs

/// What outputs are given when they come to life.
package final class RunContext {
    /// The stage's own once `of` has named it.
    package let log: Log
    /// The output that comes to life.
    let stage: Stage
    /// Where chunks are kept that nobody takes: `<root_dir or /tmp/fluent>`.
    package let rootDirectory: String
    /// Where all stdout outputs and filters write: one sink, so that their lines do not run into each other.
    package let standardOutput: TextSink
    private let client: SharedClient
    /// Hands records to a label of the first loop, on that loop: for what a destination refused.
    package let reinject: @Sendable (_ label: String, _ events: RefusedEvents) -> Bool

    package init(
        log: Log, rootDirectory: String, standardOutput: TextSink? = nil,
        reinject: @escaping @Sendable (String, RefusedEvents) -> Bool
    ) {
        self.log = log
        stage = Stage()
        client = SharedClient()
        self.standardOutput = standardOutput ?? TextSink(log: log)
        self.rootDirectory = rootDirectory
        self.reinject = reinject
    }

    private init(_ shared: RunContext, _ stage: Stage) {
        self.stage = stage
        log = stage.log(shared.log.at(nil), as: .output)
        client = shared.client
        standardOutput = shared.standardOutput
        rootDirectory = shared.rootDirectory
        reinject = shared.reinject
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
}

/// Events that a destination refused, as they were formatted, on their way to `@ERROR`.
package struct RefusedEvents: Sendable {
    package struct Event: Sendable {
        package var tag: Tag
        package var time: EventTime
        /// A JSON object.
        package var json: [UInt8]

        package init(tag: Tag, time: EventTime, json: [UInt8]) {
            self.tag = tag
            self.time = time
            self.json = json
        }
    }

    package var events: [Event]

    package init(_ events: [Event]) { self.events = events }
}

/// What stages are given when a loop's own are made.
package final class LoopContext {
    /// The filter's own once `of` has named it.
    package let log: Log
    package let standardOutput: TextSink
    private let bindings: LabelBindings

    package init(log: Log, standardOutput: TextSink) {
        self.log = log
        self.standardOutput = standardOutput
        bindings = LabelBindings()
    }

    private init(_ shared: LoopContext, log: Log) {
        self.log = log
        standardOutput = shared.standardOutput
        bindings = shared.bindings
    }

    /// The same for one filter, whose log carries its name.
    func of(_ filter: Stage) -> LoopContext { LoopContext(self, log: filter.log(log, as: .filter)) }

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

/// Emitters that wait for their label's router.
private final class LabelBindings { var pending: [(label: String, emitter: RelabelEmitter)] = [] }

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
}
