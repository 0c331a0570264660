import Foundation
import Testing

/// Holds a text against a file in Golden/, or writes the file when SLUICE_UPDATE_GOLDEN=1.
func expectGolden(_ text: String, _ name: String, sourceLocation: SourceLocation = #_sourceLocation) {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Golden/\(name)")
    if ProcessInfo.processInfo.environment["SLUICE_UPDATE_GOLDEN"] == "1" {
        do {
            try Data(text.utf8).write(to: file)
        } catch {
            Issue.record("cannot write \(file.path): \(error)", sourceLocation: sourceLocation)
        }
        return
    }
    guard let data = try? Data(contentsOf: file) else {
        Issue.record(
            "Golden/\(name) is missing; SLUICE_UPDATE_GOLDEN=1 swift test writes it", sourceLocation: sourceLocation)
        return
    }
    let golden = String(decoding: data, as: UTF8.self)
    guard golden != text else { return }
    Issue.record(
        """
        Golden/\(name) differs (- golden, + now):
        \(difference(golden, text))
        If the change is meant: SLUICE_UPDATE_GOLDEN=1 swift test --filter CommandLineTests
        """, sourceLocation: sourceLocation)
}

/// The lines that differ, with their numbers.
private func difference(_ old: String, _ new: String) -> String {
    let before = old.components(separatedBy: "\n")
    let after = new.components(separatedBy: "\n")
    return after.difference(from: before).map { change in
        switch change {
        case .remove(let line, let text, _): "-\(line + 1): \(text)"
        case .insert(let line, let text, _): "+\(line + 1): \(text)"
        }
    }.joined(separator: "\n")
}
