package import Events
package import Logging
internal import Outputs

/// What outputs are given when they come to life.
package final class RunContext {
    package let log: Log
    /// Where chunks are kept that nobody takes: `<root_dir or /tmp/fluent>`.
    package let rootDirectory: String
    /// Hands records to a label of the first loop, on that loop: for what a destination refused.
    private var client: HTTPClient?
    package let reinject: @Sendable (_ label: String, _ events: RefusedEvents) -> Bool

    package init(
        log: Log, rootDirectory: String, reinject: @escaping @Sendable (String, RefusedEvents) -> Bool
    ) {
        self.log = log
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
    /// Emitters that wait for their label's router.
    private var pending: [(label: String, emitter: RelabelEmitter)] = []

    package init(log: Log) { self.log = log }

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
