@testable import Inputs

/// A `pos_file` of any bytes, and names against patterns. Fuzzed by `Tests/Fuzz/Positions`, and its findings replayed here.
enum PositionsExercise {
    /// - Parameter input: a pattern and a path, a line each, then the file.
    /// - Returns: what is wrong; nil: nothing.
    static func fault(of input: [UInt8]) -> String? {
        let parts = input.split(separator: 0x0A, maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3 else { return nil }
        _ = FileGlob.matches(String(decoding: parts[0], as: UTF8.self), String(decoding: parts[1], as: UTF8.self))
        let text = String(decoding: parts[2], as: UTF8.self)
        let table = PositionTable(text)
        let lines = text.utf8.split(separator: 0x0A).count
        guard table.entries.count + table.brokenLines.count <= lines else { return "more entries than lines" }
        let again = PositionTable(table.entries.map(\.line).joined())
        guard again.brokenLines.isEmpty, again.entries == table.entries else { return "written, and read otherwise" }
        return nil
    }
}
