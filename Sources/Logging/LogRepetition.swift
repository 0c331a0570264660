/// A place in the program that speaks, for one component: what `LogRepetition` counts by.
package struct LogSite: Hashable, Sendable {
    package let file: String
    package let line: UInt
    package let context: [LogField]

    package init(file: String, line: UInt, context: [LogField] = []) {
        self.file = file
        self.line = line
        self.context = context
    }
}

/// Keeps one fault from filling the disk: per site, the first lines of a window are written, the rest are counted and
/// reported as one line, `… repeated 3,412 times in the last 60 s`.
///
/// A pure value that is told the time; `Log` keeps one behind a lock.
package struct LogRepetition: Sendable {
    /// What to do with a line.
    package enum Verdict: Sendable, Equatable { case write, suppress }

    /// A window that ended with something suppressed.
    package struct Summary: Sendable, Equatable {
        package let site: LogSite
        package let level: LogLevel
        /// The message last written from the site.
        package let message: String
        package let suppressedCount: Int
        /// How long the window was open, in seconds.
        package let seconds: Int64

        /// The line to write, without the site's fields.
        package var text: String {
            let times = suppressedCount == 1 ? "once more" : "\(grouped(suppressedCount)) times"
            return "\(message) … repeated \(times) in the last \(max(seconds, 1)) s"
        }
    }

    private struct Window: Sendable {
        var start: Int64
        var written = 0
        var suppressed = 0
        var message = ""
        var level = LogLevel.warn
    }

    /// Lines written per site and window before counting starts.
    package let linesPerWindow: Int
    package let windowSeconds: Int64
    /// Sites remembered at once; beyond it the oldest window is closed early.
    package let maximumSites: Int
    private var windows: [LogSite: Window] = [:]

    package init(linesPerWindow: Int = 5, windowSeconds: Int64 = 60, maximumSites: Int = 1024) {
        self.linesPerWindow = max(linesPerWindow, 1)
        self.windowSeconds = max(windowSeconds, 1)
        self.maximumSites = max(maximumSites, 1)
    }

    /// How many sites are remembered.
    package var siteCount: Int { windows.count }

    /// Counts a line of a site, and returns the summaries that became due by it.
    package mutating func admit(_ site: LogSite, at seconds: Int64) -> (verdict: Verdict, due: [Summary]) {
        if var window = windows[site], seconds - window.start < windowSeconds {
            guard window.written < linesPerWindow else {
                window.suppressed += 1
                windows[site] = window
                return (.suppress, [])
            }
            window.written += 1
            windows[site] = window
            return (.write, [])
        }
        var due: [Summary] = []
        if let old = windows.removeValue(forKey: site), let summary = summary(of: old, site, at: seconds) {
            due.append(summary)
        }
        if windows.count >= maximumSites {
            due += self.due(at: seconds, all: false)
            if windows.count >= maximumSites, let oldest = windows.min(by: { $0.value.start < $1.value.start }) {
                windows[oldest.key] = nil
                if let summary = summary(of: oldest.value, oldest.key, at: seconds) { due.append(summary) }
            }
        }
        windows[site] = Window(start: seconds, written: 1)
        return (.write, due)
    }

    /// Keeps what a site said, for its summary.
    package mutating func remember(_ message: String, _ level: LogLevel, for site: LogSite) {
        windows[site]?.message = message
        windows[site]?.level = level
    }

    /// The summaries of all windows that are over (or of `all`), forgetting those windows.
    package mutating func due(at seconds: Int64, all: Bool) -> [Summary] {
        let over = windows.filter { all || seconds - $0.value.start >= windowSeconds }
        for site in over.keys { windows[site] = nil }
        return over.sorted { $0.value.start < $1.value.start }.compactMap { summary(of: $0.value, $0.key, at: seconds) }
    }

    private func summary(of window: Window, _ site: LogSite, at seconds: Int64) -> Summary? {
        guard window.suppressed > 0 else { return nil }
        return Summary(
            site: site, level: window.level, message: window.message, suppressedCount: window.suppressed,
            seconds: seconds - window.start)
    }
}

/// A count with a comma between the thousands: `3,412`.
private func grouped(_ count: Int) -> String {
    let digits = Array(String(count))
    var text = ""
    for (index, digit) in digits.enumerated() {
        if index > 0, (digits.count - index) % 3 == 0 { text.append(",") }
        text.append(digit)
    }
    return text
}
