/// What `LogRepetition` knows of one kind of line since its first one.
struct RepetitionWindow: Sendable {
    private struct Subject: Sendable {
        let name: String
        var suppressed = 0
    }

    let start: Int64
    /// The message last written.
    var message = ""
    var level: LogLevel?
    private let maximumLines: Int
    private var written = 0
    private var suppressed = 0
    /// Lines that were written because their subject was new.
    private var introduced = 0
    /// In the order of their first line.
    private var subjects: [Subject] = []
    /// Suppressed lines whose subject is beyond the bound.
    private var unlisted = 0

    init(start: Int64, maximumLines: Int) {
        self.start = start
        self.maximumLines = maximumLines
    }

    mutating func admit(_ name: String, _ count: Int, _ limits: LogRepetition.Limits) -> LogRepetition.Verdict {
        var known = name.isEmpty ? nil : subjects.firstIndex { $0.name == name }
        let isNew = known == nil && !name.isEmpty
        if isNew && subjects.count < limits.subjectsPerKind {
            known = subjects.count
            subjects.append(Subject(name: name))
        }
        if written < maximumLines || isNew && introduced < maximumLines {
            written += 1
            if isNew { introduced += 1 }
            return .write
        }
        suppressed += count
        if let known { subjects[known].suppressed += count } else if !name.isEmpty { unlisted += count }
        return .suppress
    }

    /// Nil when everything was written.
    func summary(at seconds: Int64) -> String? {
        guard suppressed > 0 else { return nil }
        let time = "in the last \(max(seconds - start, 1)) s"
        guard !subjects.isEmpty else {
            return "\(message) … repeated \(suppressed == 1 ? "once more" : "\(grouped(suppressed)) times") \(time)"
        }
        return "\(message) … \(time) \(grouped(suppressed)) more: \(list())"
    }

    /// The line about kinds that were not told apart.
    func summaryOfKinds(at seconds: Int64) -> String {
        "too many kinds of lines were left out here … in the last \(max(seconds - start, 1)) s "
            + "\(grouped(suppressed)) more: \(list(separator: "; "))"
    }

    /// `tag=t2, t1 (4), others (17)`: a name that all share is said once.
    private func list(separator: String = ", ") -> String {
        let listed = subjects.filter { $0.suppressed > 0 }
        let shared = sharedName(of: listed)
        var parts = listed.map { subject in
            let name = subject.name.dropFirst(shared.utf8.count)
            return subject.suppressed == 1 ? String(name) : "\(name) (\(grouped(subject.suppressed)))"
        }
        if unlisted > 0 { parts.append("others (\(grouped(unlisted)))") }
        return shared + parts.joined(separator: separator)
    }

    /// `tag=` when every subject is one field of that name.
    private func sharedName(of listed: [Subject]) -> Substring {
        guard let first = listed.first?.name, let equals = first.firstIndex(of: "=") else { return "" }
        let name = first[...equals]
        guard name.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else { return "" }
        return listed.allSatisfy({ $0.name.hasPrefix(name) && !$0.name.contains(" ") }) ? name : ""
    }
}

/// A count with a comma between the thousands: `3,412`.
func grouped(_ count: Int) -> String {
    let digits = Array(String(count))
    var text = ""
    for (index, digit) in digits.enumerated() {
        if index > 0, (digits.count - index) % 3 == 0 { text.append(",") }
        text.append(digit)
    }
    return text
}
