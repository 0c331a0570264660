internal import EventLoop
package import Events
package import Inputs
package import Logging
internal import Monitor
internal import Outputs
package import Parsing

/// What a configuration says, checked and compiled: everything that is needed to run it, nothing opened yet.
package struct PipelinePlan {
    package var system = SystemSettings()
    package var sources: [SourcePlan] = []
    /// The root first, then the labels in the order of the file.
    package var labels: [LabelPlan] = []

    package func label(_ name: String) -> LabelPlan? { labels.first { $0.name == name } }

    /// Sources that stay at a reload go on with the parsers that they have, which count where they did.
    mutating func keepMeters(of other: PipelinePlan) {
        for index in sources.indices {
            if let same = other.sources.first(where: { $0.stays(as: sources[index]) }) {
                sources[index].patterns = same.patterns
            }
        }
    }

    /// Whether a buffer waits for the disk before events count as safe.
    var hasDurableBuffer: Bool {
        allOutputs.contains(where: \.isDurable)
    }

    /// The outputs of all labels and, each behind the one it belongs to, their stores: in the order in which they are made.
    var allOutputs: [OutputPlan] {
        labels.flatMap(\.outputs)
    }

    /// The outputs of all labels, in the order of their match rules.
    func makeOutputs(_ context: RunContext) throws -> [any RunningOutput] {
        try labels.flatMap { label in
            try label.rules.compactMap { rule in
                guard case .match(_, let output) = rule else { return nil }
                return try output.makeOutput(context)
            }
        }
    }

    /// For each of those outputs, the group in which it is drained at a stop.
    func drainGroups() -> [Int] {
        let groups = DrainOrder.groups(self)
        return labels.flatMap { label in
            label.rules.compactMap { rule in
                if case .match = rule { groups[label.name] ?? 0 } else { nil }
            }
        }
    }

    /// The filters with a grok parser that events of a tag pass, in the order of the file, the root's first.
    package func grokFilters(matching tag: String) -> [(pattern: TagPattern, filter: FilterPlan, grok: GrokOptions)] {
        labels.flatMap(\.rules).compactMap { rule in
            guard case .filter(let pattern, let filter) = rule, let grok = filter.grok,
                pattern.matches(Array(tag.utf8))
            else { return nil }
            return (pattern, filter, grok)
        }
    }
}

extension PipelinePlan {
    /// The parser filters that events of a tag pass, in the order of the file, the root's first.
    package func parserFilters(matching tag: String) -> [(pattern: TagPattern, filter: FilterPlan)] {
        labels.flatMap(\.rules).compactMap { rule in
            guard case .filter(let pattern, let filter) = rule, filter.parsedKey != nil,
                pattern.matches(Array(tag.utf8))
            else { return nil }
            return (pattern, filter)
        }
    }
}

extension FilterPlan {
    /// The filter without the pipeline around it, for tools that try it on single records.
    package func makeAlone() throws -> any Filter {
        try make(
            LoopContext(
                log: .discarding, standardOutput: TextSink(writer: WriterThread()),
                pressure: Pressure(gates: OutputGates())))
    }
}

/// `<system>`.
package struct SystemSettings: Sendable {
    package var logLevel: LogLevel?
    /// `threads N`: event loops.
    package var threads = SystemSettings.defaultThreads
    /// As many as there are cores that this process may use.
    package static let defaultThreads = min(max(Loop.availableCores, 1), 64)
    /// `root_dir`: where events are kept that nobody takes; nil: `StateDirectory` finds a place.
    package var rootDirectory: String?
    /// Where the monitor answers beside what sources ask for.
    var monitor = MonitorPlace.standard
    /// What has to be said there to see events; nil: nothing, on an address of this machine alone.
    var monitorToken: String?
    /// Whether who says it there may have dead letters sent again.
    var allowsReplay = false
    package var suppressesConfigDump = false
    package var logFormat: LogFormat?
    /// How long a stop may take to deliver what is buffered, in seconds.
    package var shutdownTimeoutSeconds = 30.0

    package init() {}
}

/// `<system> monitor`.
enum MonitorPlace: Sendable {
    /// Where nobody has said anything: `MonitorEndpoint.standard`, unless that is taken.
    case standard
    case off
    case at(MonitorEndpoint)
}

/// The events of the root, or of one `<label>`.
package struct LabelPlan {
    package static let rootName = "@ROOT"
    package static let errorName = "@ERROR"

    package var name: String
    package var rules: [RulePlan] = []
    /// Made for a `<secondary>`: no file can name it, and no report shows it.
    package var isHidden = false

    /// Its outputs and, each behind the one it belongs to, their stores.
    var outputs: [OutputPlan] {
        func whole(_ output: OutputPlan) -> [OutputPlan] { [output] + output.children.flatMap(whole) }
        return rules.flatMap { rule -> [OutputPlan] in
            if case .match(_, let output) = rule { whole(output) } else { [] }
        }
    }
}

package enum RulePlan {
    case filter(TagPattern, FilterPlan)
    case match(TagPattern, OutputPlan)

    package var pattern: TagPattern {
        switch self {
        case .filter(let pattern, _), .match(let pattern, _): pattern
        }
    }
}

/// Where a section begins: what a report names.
package struct SectionOrigin: Sendable {
    package var file = ""
    package var line = 0

    /// `line 7`, or `outputs/stdout.conf:3` for a section of an included file.
    func shown(in path: String) -> String {
        if file == path { return "line \(line)" }
        let folder = path.lastIndex(of: "/").map { path[...$0] } ?? ""
        return "\(file.hasPrefix(folder) ? String(file.dropFirst(folder.count)) : file):\(line)"
    }
}

package struct SourcePlan {
    package var type: String
    /// `0.0.0.0:24224, TLS`, for `sluice check`.
    package var summary: String
    package var stage = Stage()
    package var label: String?
    /// Where it listens; nil: nowhere.
    var place: ListenPlace?
    /// It reads files (certificates) when it is made: a reload makes it anew, also when its section is the same.
    package var readsFiles = false
    /// Where the monitor answers for it; nil: it is a source of events.
    var monitor: MonitorEndpoint?
    /// `<transport tls>` of the monitor: read anew at each reload.
    var monitorTLS: TLSPlan?
    /// Metrics that it adds to the monitor.
    var fluentdMonitor: FluentdMonitor?
    /// What the grok patterns of its `<parse>` do; nil: there are none.
    var patterns: PatternMeter?
    /// How it makes events of texts, for tries; nil: whole events come to it, or nothing from outside.
    var texts: SourceTexts?
    /// One input for each loop; nil on a loop that has no part in it.
    package var make: (InputContext) throws -> (any Input)?

    /// Whether its input goes on as that of another plan's source.
    func stays(as other: SourcePlan) -> Bool {
        stage.fingerprint == other.stage.fingerprint && label == other.label && !other.readsFiles
    }
}

/// How a source makes events of texts.
struct SourceTexts {
    /// The tag that the source gives, with a star for the path of a file; nil: whoever sends names it.
    let tag: String?
    /// What takes texts; the tag is the one that was asked for, and is there where the source gives none of its own.
    let make: (_ tag: String?) -> any TextIntake

    /// Whether its events may have a tag.
    func gives(_ asked: String) -> Bool {
        guard let tag else { return false }
        guard let star = tag.firstIndex(of: "*") else { return tag == asked }
        let (front, back) = (tag[..<star], tag[tag.index(after: star)...])
        return asked.utf8.count > front.utf8.count + back.utf8.count && asked.hasPrefix(front) && asked.hasSuffix(back)
    }
}

package struct FilterPlan {
    package var type: String
    package var summary: String
    package var stage = Stage()
    /// The expressions of a grok parser, for `sluice grok`; nil for every other filter.
    package var grok: GrokOptions?
    /// The place in the record that a parser filter parses; nil for every other filter.
    package var parsedKey: RecordAccessor?
    /// Where events go that it has held too long; nil: nothing was said, or it holds none.
    var timeoutLabel: String?
    /// One filter for each loop.
    package var make: (LoopContext) -> any Filter
}

/// Where a buffer keeps its chunks.
package enum BufferPlace: Sendable, Hashable {
    case memory
    case files(path: String)
}

/// An output: what it is, and how it comes to life.
package struct OutputPlan {
    package var type: String
    package var summary: String
    package var stage = Stage()
    /// The stores of a copy.
    package var children: [OutputPlan] = []
    /// What takes events that this output cannot deliver, for reports.
    package var secondary: String?
    /// The hidden label of that secondary.
    package var secondaryLabel: String?
    /// Where a relabel sends events.
    package var label: String?
    /// Where it sends events under other tags; empty: nowhere.
    var rewrites: [TagRewrite] = []
    /// It is of a type that sluice does not have: its events are dropped with a word.
    package var isLeftOut = false
    /// Whether its buffer waits for the disk before events count as safe.
    package var isDurable = false
    /// What of its own it has that a reload must not lose; nil: nothing.
    package var buffer: BufferPlace?
    /// What it would make of records; nil where events end, or go on to others.
    var preview: (() -> any OutputPreview)?
    package var makeOutput: (RunContext) throws -> any RunningOutput

    /// The labels in which its events go on, under whatever tag.
    var followingLabels: [String] { [label].compactMap { $0 } + rewrites.map(\.label) }
}

/// A way on under another tag.
struct TagRewrite {
    /// Where to.
    let label: String
    /// A new tag of an old one, such as there may be.
    let example: ([UInt8]) -> [UInt8]
}
