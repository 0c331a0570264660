import CommandLine

/// Rates for reading: a row a stage, sources first; what is in trouble says why.
struct TopTable {
    private let style: Style
    private let width: Int?

    init(_ terminal: Terminal) {
        style = Style(terminal)
        width = terminal.isTerminal ? terminal.width : nil
    }

    func text(_ rates: StageRates, address: String) -> String {
        var table = Table([
            ("STAGE", .left), ("TYPE", .left), ("IN/s", .right), ("OUT/s", .right), ("REFUSED/s", .right),
            ("QUEUED", .right), ("FULL", .right), ("AGE", .right), ("STATE", .left),
        ])
        for stage in rates.stages {
            let name = stage.label.map { $0 == "@ROOT" ? stage.id : "\(stage.id) \($0)" } ?? stage.id
            var cells = [
                visible(name), visible(stage.type), Self.count(stage.eventsIn), Self.count(stage.eventsOut),
                stage.category == "input" ? "" : Self.count(stage.refused),
            ]
            if let buffer = stage.buffer {
                let share = buffer.limitBytes > 0 ? buffer.bytes / buffer.limitBytes * 100 : 0
                cells += [
                    Self.bytes(buffer.bytes), "\(Int(share.rounded())) %", buffer.oldestSeconds.map(Self.age) ?? "",
                    Self.state(buffer, visible),
                ]
            }
            table.append(cells)
        }
        let lines = table.text(width: width).split(separator: "\n").map(String.init)
        let titles = lines.first.map { style.bold($0) + "\n" } ?? ""
        return "\(visible(address))  \(state(rates.state))\n\n" + titles + lines.dropFirst().map { $0 + "\n" }.joined()
    }

    private func state(_ state: String) -> String { state == "ok" ? state : style.failure(visible(state)) }

    private func visible(_ text: String) -> String { GrokPlaces.visible(Array(text.utf8)[...]) }

    private static func state(_ buffer: StageRates.Buffer, _ visible: (String) -> String) -> String {
        guard buffer.retries > 0 else { return "ok" }
        return "retry \(buffer.retries)" + (buffer.reason.map { ": " + visible($0) } ?? "")
    }

    /// `0`, `12.5`, `12,345`.
    static func count(_ value: Double) -> String {
        if value > 0, value < 100, value != value.rounded() { return "\((value * 10).rounded() / 10)" }
        let digits = String(Int(value.rounded()))
        var out = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0 { out += "," }
            out.append(digit)
        }
        return out
    }

    /// `0 B`, `1.5 KiB`, `64 MiB`.
    static func bytes(_ value: Double) -> String {
        var (value, unit) = (value, 0)
        let units = ["B", "KiB", "MiB", "GiB", "TiB"]
        while value >= 1024, unit < units.count - 1 {
            value /= 1024
            unit += 1
        }
        return (value < 10 && unit > 0 ? "\((value * 10).rounded() / 10)" : "\(Int(value.rounded()))") + " "
            + units[unit]
    }

    /// `4 s`, `12 min`, `3 h`, `2 d`.
    static func age(_ seconds: Double) -> String {
        switch seconds {
        case ..<120: "\(Int(seconds)) s"
        case ..<7200: "\(Int(seconds / 60)) min"
        case ..<172_800: "\(Int(seconds / 3600)) h"
        default: "\(Int(seconds / 86_400)) d"
        }
    }
}
