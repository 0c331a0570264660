import CommandLine
import Time

/// How far a command is that reads lines: on a terminal, after two seconds, also while nothing comes.
final class GrokProgress {
    /// What is counted.
    var done = 0
    private let total: Int?
    private let unit: String
    private var progress: Progress

    /// - Parameter besideResults: results go to standard output meanwhile; on a terminal the line would be in their way.
    init(_ label: String, of total: Int? = nil, unit: String = "lines", besideResults: Bool = false) {
        self.total = total
        self.unit = unit
        let terminal =
            besideResults && Terminal.standardOutput.isTerminal
            ? Terminal(isTerminal: false, columns: nil, windowColumns: nil, noColor: nil, term: nil)
            : Terminal.standardError
        progress = Progress(label, on: terminal, startMilliseconds: Clock.monotonicMilliseconds())
    }

    /// Says how far it is, when that is due.
    func update() {
        let line = progress.update(done: done, of: total, unit: unit, atMilliseconds: Clock.monotonicMilliseconds())
        if let line { StandardError.write(line) }
    }

    /// Takes the line away.
    func finish() { if let line = progress.finish() { StandardError.write(line) } }
}
