package import Events
package import Logging
package import Outputs

/// What outputs are given when they come to life.
package final class RunContext {
    package let log: Log
    /// Where chunks are kept that nobody takes: `<root_dir or /tmp/fluent>`.
    package let rootDirectory: String
    /// Where all stdout outputs and filters write: one sink, so that their lines do not run into each other.
    package let standardOutput: TextSink
    private var client: HTTPClient?
    /// Hands records to a label of the first loop, on that loop: for what a destination refused.
    package let reinject: @Sendable (_ label: String, _ events: RefusedEvents) -> Bool

    package init(
        log: Log, rootDirectory: String, standardOutput: TextSink? = nil,
        reinject: @escaping @Sendable (String, RefusedEvents) -> Bool
    ) {
        self.log = log
        self.standardOutput = standardOutput ?? TextSink(log: log)
        self.rootDirectory = rootDirectory
        self.reinject = reinject
    }
}

extension RunContext {
    /// The one HTTP client: a thread that drives the requests of all outputs. Made when the first output asks.
    func httpClient() throws -> HTTPClient {
        if let client { return client }
        let made = try HTTPClient()
        client = made
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
    package let log: Log
    package let standardOutput: TextSink
    /// Emitters that wait for their label's router.
    private var pending: [(label: String, emitter: RelabelEmitter)] = []

    package init(log: Log, standardOutput: TextSink) {
        self.log = log
        self.standardOutput = standardOutput
    }

    /// An emitter into a label that may not exist yet.
    func emitter(toLabel label: String) -> RelabelEmitter {
        let emitter = RelabelEmitter()
        pending.append((label, emitter))
        return emitter
    }

    func bind(_ routers: [String: Router]) {
        for (label, emitter) in pending { emitter.target = routers[label] }
        pending.removeAll()
    }
}
