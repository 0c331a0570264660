import CommandLine
import Events
import Pipeline
import Time

/// A tried event for reading: as it came, a row for each stage with what it changed, and what would be sent.
struct TryText {
    private let style: Style

    init(_ terminal: Terminal) { style = Style(terminal) }

    func event(_ number: Int, _ input: TryInput, _ steps: [TrialStep], _ verdict: TryVerdict) -> String {
        var text =
            switch input {
            case .event(let event):
                "\(number)  \(style.bold(GrokPlaces.visible(event.tag[...])))  \(GrokPlaces.visible(event.record[...]))\n"
            case .text(let line): "\(number)  \(GrokPlaces.visible(line[...]))\n"
            }
        text += stages(steps)
        if case .unmatched = verdict { text += "   " + style.failure("no <match> takes this tag") + "\n" }
        return text
    }

    /// An event of a running daemon.
    func passing(tag: String, time: String, record: String, _ steps: [TrialStep]) -> String {
        "\(style.faint(time))  \(style.bold(visible(tag)))  \(visible(record))\n" + stages(steps)
    }

    /// What stages held until the end.
    func end(_ steps: [TrialStep]) -> String { style.bold("no more events") + "\n" + stages(steps) }

    private func stages(_ steps: [TrialStep]) -> String {
        var text = ""
        let width = steps.map { $0.stage.count + $0.type.count + 2 }.max() ?? 0
        var label = steps.first?.label
        for step in steps {
            if step.label != label {
                label = step.label
                text += "   " + style.faint("label \(step.label)") + "\n"
            }
            let name = (step.stage + "  " + step.type).padding(to: width)
            let rows = rows(step)
            text += "   " + name + "  " + (rows.first ?? "") + "\n"
            for row in rows.dropFirst() { text += String(repeating: " ", count: width + 5) + row + "\n" }
        }
        return text
    }

    private func rows(_ step: TrialStep) -> [String] {
        switch step.change {
        case .taken(let parts):
            if parts.isEmpty { return [style.faint("takes it, and nothing goes out")] }
            return parts.map { style.faint($0.name) + ($0.text.isEmpty ? "" : " " + visible($0.text)) }
        case .held: return [style.faint("waits for more")]
        case .retagged(let tag): return ["~ tag: " + visible(step.tag) + " → " + visible(tag)]
        case .refused(let reason): return [style.failure("refused") + ": " + visible(reason)]
        case .read(let into, let reasons):
            var rows = reasons.map { style.failure("refused") + ": " + visible($0) }
            if into.isEmpty, reasons.isEmpty { return [style.failure("makes nothing of it")] }
            for (index, record) in into.enumerated() {
                if into.count > 1 { rows.append(style.faint("record \(index + 1) of \(into.count)")) }
                rows.append(style.bold(visible(step.tag)) + "  " + style.faint(TimeWriter.iso8601(record.time)))
                rows += record.fields.map { "+ \(visible($0.name)): \(visible($0.value))" }
            }
            return rows
        case .filtered(let into, let reasons):
            var rows = reasons.map { style.failure("refused") + ": " + visible($0) }
            if into.isEmpty, reasons.isEmpty { return [style.failure("dropped")] }
            for (index, record) in into.enumerated() {
                if into.count > 1 { rows.append(style.faint("record \(index + 1) of \(into.count)")) }
                rows += changes(from: step.record, to: record)
            }
            return rows
        }
    }

    /// `+ name: value` for what is new, `-` for what is gone, `~` for what is another value.
    private func changes(from old: TrialRecord, to new: TrialRecord) -> [String] {
        var rows: [String] = []
        for field in new.fields {
            let before = old.value(of: field.name)
            if before == nil { rows.append("+ \(visible(field.name)): \(visible(field.value))") }
            if let before, before != field.value {
                rows.append("~ \(visible(field.name)): \(visible(before)) → \(visible(field.value))")
            }
        }
        for field in old.fields where new.value(of: field.name) == nil { rows.append("- \(visible(field.name))") }
        if old.time != new.time {
            rows.append("~ time: \(TimeWriter.iso8601(old.time)) → \(TimeWriter.iso8601(new.time))")
        }
        return rows.isEmpty ? [style.faint("no change")] : rows
    }

    private func visible(_ text: String) -> String { GrokPlaces.visible(Array(text.utf8)[...]) }
}

extension String {
    fileprivate func padding(to width: Int) -> String {
        count < width ? self + String(repeating: " ", count: width - count) : self
    }
}
