internal import ConfigFile
internal import Events
internal import KeptEvents
internal import Logging

/// What lies in a daemon's dead letters, for its monitor.
enum KeptSummary {
    /// Events that are counted for one answer.
    private static let maximumLines = 200_000

    /// As `sluice dead-letters --format json`; with a `"note"` in front where there is something to say about the reading.
    ///
    /// - Parameter configuration: the file that the daemon runs.
    static func json(folder: String?, configuration: String) -> String {
        guard let folder else { return none("there is no state directory, so nothing is kept") }
        guard DiskFiles().exists(folder) else { return none("There are none.") }
        var survey = KeptSurvey(constantPart: LogKind.constantPart)
        var note: String?
        var lines = 0
        for file in KeptFiles.expand(folder) {
            do throws(KeptFiles.Failure) {
                try KeptFiles.eachLine(of: file) { line in
                    lines += 1
                    if lines <= maximumLines { _ = survey.add(line) }
                }
            } catch {
                note = error.sentence
            }
        }
        if lines > maximumLines { note = "the first \(maximumLines) of \(lines) events" }
        var out = ByteBuffer(capacity: 1024)
        if let note { begin(note, to: &out) }
        var rest = ByteBuffer(capacity: 1024)
        DeadLettersJSON.write(survey, to: &rest) { output in
            let words = ["-c", configuration, "--to", output, "\(folder)/\(StageID(output).folderName)"]
            return output.isEmpty ? nil : "sluice replay " + words.map(quoted).joined(separator: " ")
        }
        let text = rest.text(Slice(offset: 0, length: rest.count))
        out.append(note == nil ? text : String(text.dropFirst()))
        return out.text(Slice(offset: 0, length: out.count))
    }

    /// A word of a shell's line, in quotes where it needs them.
    private static func quoted(_ word: String) -> String {
        let isPlain = word.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                || "_-./:%".utf8.contains(byte)
        }
        return isPlain && !word.isEmpty
            ? word : "'" + word.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }

    private static func none(_ note: String) -> String {
        var out = ByteBuffer(capacity: 128)
        begin(note, to: &out)
        return out.text(Slice(offset: 0, length: out.count)) + "\"events\":0,\"reasons\":[]}"
    }

    /// `{"note":"…",`
    private static func begin(_ note: String, to out: inout ByteBuffer) {
        out.append("{\"note\":")
        out.appendJSONString(note)
        out.append(",")
    }
}
