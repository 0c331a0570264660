/// Keeps one fault from filling the disk, and one fault from hiding another: lines are counted by their kind and their
/// subject. Of each kind the first lines of a window are written, the rest are counted and reported as one line that
/// says whom it was about:
///
///     no patterns matched … in the last 60 s 3 more: tag=t5, t6, t7
///
/// Kinds and subjects may be made of what strangers send, so both are bounded; what is beyond a bound is counted too.
/// A pure value that is told the time; `Log` keeps one behind a lock. A call costs the same however many kinds there are.
package struct LogRepetition: Sendable {
    /// What to do with a line.
    package enum Verdict: Sendable, Equatable { case write, suppress }

    /// How much is written and remembered.
    package struct Limits: Sendable {
        /// Lines of one kind that are written in a window before counting starts. The first line about another subject
        /// is written as well, for as many subjects.
        package var linesPerWindow = 5
        package var windowSeconds: Int64 = 60
        /// Kinds at one place that get `linesPerWindow`; the others get one line each.
        package var talkativeKinds = 16
        /// Kinds at one place that are told apart; lines of any further kind are only counted, and listed together.
        package var kindsPerPlace = 64
        /// Subjects of one kind that a summary lists.
        package var subjectsPerKind = 20
        /// Bytes of a subject, and of a kind in a list of kinds.
        package var subjectBytes = 80
        /// Bytes of a message that are kept for its summary.
        package var messageBytes = 400

        package init(linesPerWindow: Int = 5, windowSeconds: Int64 = 60) {
            self.linesPerWindow = max(linesPerWindow, 1)
            self.windowSeconds = max(windowSeconds, 1)
        }
    }

    /// A window that ended with something suppressed.
    package struct Summary: Sendable, Equatable {
        package let place: LogPlace
        package let level: LogLevel
        /// The line to write, without the place's fields.
        package let text: String
    }

    private struct Place: Sendable {
        var kinds: [String: RepetitionWindow] = [:]
        /// Of the kinds beyond the bound, with the kinds as its subjects.
        var others: RepetitionWindow?
        /// No window began before: where nothing can be over, nothing is looked for.
        var earliestStart = Int64.max
    }

    package let limits: Limits
    private var places: [LogPlace: Place] = [:]

    package init(limits: Limits = Limits()) { self.limits = limits }

    /// How many windows are open.
    package var windowCount: Int { places.values.reduce(0) { $0 + $1.kinds.count + ($1.others == nil ? 0 : 1) } }

    /// Counts a line, and returns the summaries that became due by it.
    ///
    /// - Parameters:
    ///   - subject: whom it is about, as `tag=app.log`; empty when there is nobody to name.
    ///   - count: how many things the line stands for.
    package mutating func admit(
        _ kind: LogKind, subject: String = "", count: Int = 1, level: LogLevel = .warn, at seconds: Int64
    ) -> (verdict: Verdict, due: [Summary]) {
        // Out of the table while it changes, so that it is not copied.
        var place = places.removeValue(forKey: kind.place) ?? Place()
        defer { places[kind.place] = place }
        var due: [Summary] = []
        if seconds - place.earliestStart >= limits.windowSeconds {
            due = close(&place, kind.place, at: seconds, all: false)
        }
        let subject = cut(subject, toBytes: limits.subjectBytes)
        if let known = place.kinds.index(forKey: kind.name) {
            let verdict = place.kinds.values[known].admit(subject, count, limits)
            return (verdict, due)
        }
        place.earliestStart = min(place.earliestStart, seconds)
        guard place.kinds.count < limits.kindsPerPlace else {
            var others = place.others ?? RepetitionWindow(start: seconds, maximumLines: 0)
            place.others = nil
            others.level = max(others.level ?? level, level)
            _ = others.admit(cut(kind.name, toBytes: limits.subjectBytes), count, limits)
            place.others = others
            return (.suppress, due)
        }
        var window = RepetitionWindow(
            start: seconds, maximumLines: place.kinds.count < limits.talkativeKinds ? limits.linesPerWindow : 1)
        window.level = level
        let verdict = window.admit(subject, count, limits)
        place.kinds[kind.name] = window
        return (verdict, due)
    }

    /// Keeps what was written of a kind, for its summary.
    package mutating func remember(_ message: String, _ level: LogLevel, for kind: LogKind) {
        let message = cut(message, toBytes: limits.messageBytes)
        places[kind.place]?.kinds[kind.name]?.message = message
        places[kind.place]?.kinds[kind.name]?.level = level
    }

    /// The summaries of all windows that are over (or of `all`), oldest first, forgetting those windows.
    package mutating func due(at seconds: Int64, all: Bool) -> [Summary] {
        var due: [Summary] = []
        for name in places.keys.sorted(by: { ($0.file, $0.line) < ($1.file, $1.line) }) {
            guard var place = places.removeValue(forKey: name) else { continue }
            due += close(&place, name, at: seconds, all: all)
            if !place.kinds.isEmpty || place.others != nil { places[name] = place }
        }
        return due
    }

    private func close(_ place: inout Place, _ name: LogPlace, at seconds: Int64, all: Bool) -> [Summary] {
        func isOver(_ window: RepetitionWindow) -> Bool { all || seconds - window.start >= limits.windowSeconds }
        let over = place.kinds.filter { isOver($0.value) }.sorted {
            ($0.value.start, $0.key) < ($1.value.start, $1.key)
        }
        var due: [Summary] = []
        for (kind, window) in over {
            place.kinds[kind] = nil
            if let text = window.summary(at: seconds) {
                due.append(Summary(place: name, level: window.level ?? .warn, text: text))
            }
        }
        if let others = place.others, isOver(others) {
            place.others = nil
            due.append(Summary(place: name, level: others.level ?? .warn, text: others.summaryOfKinds(at: seconds)))
        }
        place.earliestStart = min(
            place.kinds.values.map(\.start).min() ?? Int64.max, place.others?.start ?? Int64.max)
        return due
    }
}
