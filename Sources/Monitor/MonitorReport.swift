package import Buffering
package import Events
package import Grok

/// What a running daemon is and has done, at one moment: the source of every answer of the monitor.
package struct MonitorReport: Sendable {
    package var process: ProcessReport
    /// Inputs first, then outputs and filters in the order of the file, labels last: as `/api/plugins.json` lists them.
    package var stages: [StageReport]
    /// What filters make of events.
    package var eventMetrics: [EventMetricReading] = []

    package init(process: ProcessReport, stages: [StageReport]) {
        (self.process, self.stages) = (process, stages)
    }
}

/// The process that answers.
package struct ProcessReport: Sendable {
    package var pid = 0
    package var parentPid = 0
    package var version = ""
    package var configurationPath = ""
    /// `root_dir` of `<system>`.
    package var rootDirectory: String?
    /// Of the epoch.
    package var startedAtSeconds = 0.0
    /// Whether it takes events.
    package var isReady = true
    /// Loops that have not come round for so long that something holds them.
    package var stuckLoops = 0
    package var usage = ResourceUsage()

    package init() {}
}

/// A source, filter or output, and what has passed it.
package struct StageReport: Sendable {
    package enum Category: String, Sendable { case input, output, filter }

    /// `@id`, or where its section begins.
    package var id: String
    package var category: Category
    package var type: String
    /// The section's parameters as they were written, secrets masked.
    package var settings: [(name: String, value: String)] = []
    /// The label it stands in; nil: none.
    package var label: String?
    /// It hands events to outputs of its own (a copy), and is none itself.
    package var isDistributor = false
    package var counts = Counts()
    /// What the grok patterns of its parser have done, in the order in which they are tried.
    package var patterns: [PatternReading] = []
    /// Events that an output has put into its dead letters.
    package var deadLetters = 0
    /// What a source has taken in; nil: it is none that does.
    package var intake: IntakeReading?
    /// An output's buffer; nil: it has none.
    package var buffer: BufferStatistics?
    /// Of the requests that an output has sent, in bytes; nil: it sends none.
    package var requestSizes: Histogram?
    /// What stages of its type alone can tell, in Fluentd's names: `healthy_nodes_count`.
    package var figures: [(name: String, value: Int)] = []

    package struct Counts: Sendable {
        package var batchesIn = 0
        package var eventsIn = 0
        package var eventsOut = 0
        /// Events that the stage itself refused: a parser's lines that do not fit.
        package var eventsRefused = 0
        /// The same by the name of the error.
        package var refusedByKind: [String: Int] = [:]
        /// Batches that an output did not take.
        package var batchesRefused = 0

        package init() {}
    }

    package init(id: String, category: Category, type: String) {
        (self.id, self.category, self.type) = (id, category, type)
    }
}
