import CommandLine
import ConfigFile
import Events
import KeptEvents
import Logging
import Pipeline

/// `sluice dead-letters [FILE…]`: what lies in kept files, by reason.
enum DeadLettersCommand {
    /// Exit status 0 when all files could be read and every line is an event, 1 otherwise.
    static func run(_ parsed: ParsedCommand) -> Int32 {
        var status = ExitStatus.success
        func complain(_ sentence: String) {
            StandardError.write("sluice dead-letters: \(sentence)\n")
            status = ExitStatus.failure
        }
        var paths = parsed.arguments
        if paths.isEmpty {
            guard let folder = KeptFiles.standardFolder else {
                complain("there is no state directory; name the files, or the folder they are in")
                return status
            }
            guard DiskFiles().exists(folder) else {
                StandardOutput.write("no dead letters in \(folder)\n")
                return status
            }
            paths = [folder]
        }
        var survey = KeptSurvey(constantPart: LogKind.constantPart)
        for path in paths {
            do throws(KeptFiles.Failure) {
                for file in KeptFiles.expand(path) {
                    var number = 0
                    var bad = 0
                    try KeptFiles.eachLine(of: file) { line in
                        number += 1
                        guard !line.isEmpty, let why = survey.add(line) else { return }
                        bad += 1
                        if bad == 1 { complain("\(file):\(number): \(why)") }
                    }
                    if bad > 1 { complain("\(file): \(bad - 1) more lines are no events") }
                }
            } catch {
                complain(error.sentence)
            }
        }
        if parsed.value(CheckOptions.format) == "json" {
            var out = ByteBuffer()
            DeadLettersJSON.write(survey, to: &out)
            StandardOutput.flush(&out)
        } else if survey.eventCount > 0 || status == ExitStatus.success {
            StandardOutput.write(text(survey))
        }
        return status
    }

    private static func text(_ survey: KeptSurvey) -> String {
        let reasons = survey.reasons
        if reasons.isEmpty { return "no dead letters\n" }
        var text = ""
        for group in reasons {
            let cause = group.first
            var title = "\(count(group.count, "event"))  \(cause.output.isEmpty ? "?" : cause.output)"
            if cause.status != 0 { title += "  \(cause.status)" }
            if !cause.type.isEmpty { title += "  \(cause.type)" }
            text += title + "\n"
            if !cause.reason.isEmpty { text += row("reason", cause.reason) }
            text += row("advice", cause.advice)
            if !group.indices.isEmpty { text += row("index", names(group.indices, group.hasMoreIndices)) }
            text += row("tags", names(group.tags, group.hasMoreTags))
            let (first, last) = (DeadLettersJSON.moment(group.earliest), DeadLettersJSON.moment(group.latest))
            text += row("times", first == last ? first : "\(first) to \(last)")
            text += row("example", group.example) + "\n"
        }
        return text + "\(count(survey.eventCount, "event")), \(count(reasons.count, "reason"))\n"
    }

    /// `  reason   failed to parse …`, on one line of what a terminal can show.
    private static func row(_ name: String, _ value: String) -> String {
        let shown = value.count > 300 ? value.prefix(300) + "…" : value[...]
        let plain = String(shown.map { $0.isNewline || $0 == "\t" ? " " : $0 })
        return "  \(name)\(String(repeating: " ", count: 9 - name.count))\(plain.withoutControls)\n"
    }

    private static func names(_ names: [String], _ hasMore: Bool) -> String {
        names.joined(separator: ", ") + (hasMore ? ", …" : "")
    }

    private static func count(_ number: Int, _ word: String) -> String {
        "\(number) \(word)\(number == 1 ? "" : "s")"
    }
}
