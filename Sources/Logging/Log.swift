import Synchronization

/// A component's way to speak: a value that carries the component's fields and shares where the lines go.
///
/// ```swift
/// let log = Log(handler: LogWriter.standardError(writer: thread)).with("source", "forward")
/// log.info("listening", ["port": 24224, "bind": bind])
/// log.limited(.warn, "connection refused", ["host": host])   // counted and summarised when it repeats
/// ```
/// Message and fields are evaluated only when the level is on. On the data path speak per chunk or per connection,
/// never per event, and through `limited` when a peer can cause it.
package struct Log: Sendable {
    @usableFromInline package let core: LogCore
    /// Fields of the component, put before those of each line.
    package let context: [LogField]
    /// The component's own level (`@log_level` of a section), before the daemon's.
    @usableFromInline package let ownLevel: LogLevel?

    /// A log of its own; everything else is derived from it by `with` and `at`.
    package init(
        handler: any LogHandler, level: LogLevel = .info, clock: LogClock = .system,
        repetition: LogRepetition = LogRepetition()
    ) {
        core = LogCore(handler: handler, level: level, clock: clock, repetition: repetition)
        context = []
        ownLevel = nil
    }

    private init(core: LogCore, context: [LogField], ownLevel: LogLevel?) {
        self.core = core
        self.context = context
        self.ownLevel = ownLevel
    }

    /// Says nothing, costs one comparison.
    package static let discarding = Log(handler: LogDiscard(), level: .fatal)

    /// The same log with one more field on every line, in place of one of that name: the innermost stage speaks. The original
    /// does not change.
    package func with(_ name: String, _ value: any CustomStringConvertible) -> Log {
        Log(core: core, context: context.filter { $0.name != name } + [LogField(name, value)], ownLevel: ownLevel)
    }

    /// The same log with a level of its own, as `@log_level` in a section asks; nil follows the daemon's level.
    package func at(_ level: LogLevel?) -> Log {
        Log(core: core, context: context, ownLevel: level)
    }

    /// The daemon's level, which every derived log without its own follows. May be changed while running.
    package var level: LogLevel {
        get { core.level }
        nonmutating set { core.level = newValue }
    }

    /// Whether a line of this level would be written.
    @inlinable
    package func isEnabled(_ level: LogLevel) -> Bool { level >= (ownLevel ?? core.level) }

    /// Writes one line if the level is on.
    @inlinable
    package func log(
        _ level: LogLevel, _ message: @autoclosure () -> String,
        _ fields: @autoclosure () -> KeyValuePairs<String, any CustomStringConvertible> = [:]
    ) {
        if isEnabled(level) { write(level, message(), fields()) }
    }

    @inlinable
    package func trace(
        _ message: @autoclosure () -> String,
        _ fields: @autoclosure () -> KeyValuePairs<String, any CustomStringConvertible> = [:]
    ) {
        if isEnabled(.trace) { write(.trace, message(), fields()) }
    }

    @inlinable
    package func debug(
        _ message: @autoclosure () -> String,
        _ fields: @autoclosure () -> KeyValuePairs<String, any CustomStringConvertible> = [:]
    ) {
        if isEnabled(.debug) { write(.debug, message(), fields()) }
    }

    @inlinable
    package func info(
        _ message: @autoclosure () -> String,
        _ fields: @autoclosure () -> KeyValuePairs<String, any CustomStringConvertible> = [:]
    ) {
        if isEnabled(.info) { write(.info, message(), fields()) }
    }

    @inlinable
    package func warn(
        _ message: @autoclosure () -> String,
        _ fields: @autoclosure () -> KeyValuePairs<String, any CustomStringConvertible> = [:]
    ) {
        if isEnabled(.warn) { write(.warn, message(), fields()) }
    }

    @inlinable
    package func error(
        _ message: @autoclosure () -> String,
        _ fields: @autoclosure () -> KeyValuePairs<String, any CustomStringConvertible> = [:]
    ) {
        if isEnabled(.error) { write(.error, message(), fields()) }
    }

    @inlinable
    package func fatal(
        _ message: @autoclosure () -> String,
        _ fields: @autoclosure () -> KeyValuePairs<String, any CustomStringConvertible> = [:]
    ) {
        if isEnabled(.fatal) { write(.fatal, message(), fields()) }
    }

    /// Writes a message with a text of several lines below it: the operator's own, as a configuration. What strangers sent
    /// belongs into fields, which are one line whatever they hold.
    package func info(_ message: String, block: String) {
        guard isEnabled(.info) else { return }
        core.handler.handle(
            LogEntry(time: core.clock.wall(), level: .info, message: message, fields: context, block: block))
    }

    /// Writes the first lines of a kind and counts the rest (see `LogRepetition`): for everything a peer can cause.
    ///
    /// Lines are one kind when they come from the same place and log and have the same `kind`; whom they are about is
    /// the subject, which the summary lists. Several things at once are told by one call with a `count`.
    /// ```swift
    /// log.limited(.warn, kind: "no_match", subject: ["tag": tag.text], "no patterns matched")
    /// ```
    /// - Parameters:
    ///   - kind: what is wrong, a code best of all. Without one it is the part of the message that does not vary
    ///     (`LogKind.constantPart`), and the message is evaluated each time.
    ///   - subject: fields that say whom it is about; they stand before the line's others.
    ///   - count: how many events, records or clients the line stands for.
    package func limited(
        _ level: LogLevel, kind: @autoclosure () -> String? = nil,
        subject: @autoclosure () -> KeyValuePairs<String, any CustomStringConvertible> = [:], count: Int = 1,
        _ message: @autoclosure () -> String,
        _ fields: @autoclosure () -> KeyValuePairs<String, any CustomStringConvertible> = [:],
        file: String = #fileID, line: UInt = #line
    ) {
        guard isEnabled(level) else { return }
        let name = kind()
        let known = name == nil ? message() : nil
        let kind = LogKind(
            place: LogPlace(file: file, line: line, context: context),
            name: name ?? LogKind.constantPart(of: known ?? ""))
        let about = subject()
        let (verdict, summaries) = core.admit(
            kind, subject: about.map { "\($0.key)=\($0.value)" }.joined(separator: " "), count: count, level: level)
        for summary in summaries { core.report(summary) }
        guard verdict == .write else { return }
        let text = known ?? message()
        core.remember(text, level, for: kind)
        write(level, text, about, fields())
    }

    /// Writes the counts of every repetition whose window is over. Call it from a timer, every few seconds; `all`
    /// writes also those still open, at the end of the program.
    package func reportRepetitions(all: Bool = false) {
        for summary in core.dueSummaries(all: all) { core.report(summary) }
    }

    /// Opens the log file anew (SIGUSR1, after logrotate moved it away).
    package func reopen() throws(LogFileError) { try core.handler.reopen() }

    @usableFromInline
    package func write(
        _ level: LogLevel, _ message: String, _ first: KeyValuePairs<String, any CustomStringConvertible>,
        _ fields: KeyValuePairs<String, any CustomStringConvertible> = [:]
    ) {
        var all = context
        all.reserveCapacity(context.count + first.count + fields.count)
        for (name, value) in first { all.append(LogField(name, value)) }
        for (name, value) in fields { all.append(LogField(name, value)) }
        core.handler.handle(LogEntry(time: core.clock.wall(), level: level, message: message, fields: all))
    }
}

/// What all logs derived from one another share.
package final class LogCore: Sendable {
    let handler: any LogHandler
    let clock: LogClock
    private let levelNumber: Atomic<UInt8>
    private let repetition: Mutex<LogRepetition>

    init(handler: any LogHandler, level: LogLevel, clock: LogClock, repetition: LogRepetition) {
        self.handler = handler
        self.clock = clock
        levelNumber = Atomic(level.rawValue)
        self.repetition = Mutex(repetition)
    }

    /// Read on every call and changed about never: no ordering is needed.
    @usableFromInline package var level: LogLevel {
        get { LogLevel(rawValue: levelNumber.load(ordering: .relaxed)) ?? .info }
        set { levelNumber.store(newValue.rawValue, ordering: .relaxed) }
    }

    func admit(
        _ kind: LogKind, subject: String, count: Int, level: LogLevel
    ) -> (LogRepetition.Verdict, [LogRepetition.Summary]) {
        let now = clock.steadySeconds()
        return repetition.withLock { $0.admit(kind, subject: subject, count: count, level: level, at: now) }
    }

    func remember(_ message: String, _ level: LogLevel, for kind: LogKind) {
        repetition.withLock { $0.remember(message, level, for: kind) }
    }

    func dueSummaries(all: Bool) -> [LogRepetition.Summary] {
        let now = clock.steadySeconds()
        return repetition.withLock { $0.due(at: now, all: all) }
    }

    func report(_ summary: LogRepetition.Summary) {
        handler.handle(
            LogEntry(time: clock.wall(), level: summary.level, message: summary.text, fields: summary.place.context))
    }
}
