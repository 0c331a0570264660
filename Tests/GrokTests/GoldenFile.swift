import Foundation
import TestSupport

/// The captured behaviour of fluent-plugin-grok-parser: `Tests/Golden/grok`, or `$SLUICE_GOLDEN/grok`.
enum GoldenFile {
    static let folder =
        ProcessInfo.processInfo.environment["SLUICE_GOLDEN"].map { $0 + "/grok" }
        ?? GoldenData.folder.appendingPathComponent("grok").path

    struct BadLine: Error {
        let file: String
        let number: Int
    }

    /// The JSON objects of a file, one a line. A file or a line that cannot be read is an error: a test without its cases
    /// would pass.
    static func objects(_ name: String) throws -> [JSONValue] {
        let data = try Data(contentsOf: URL(fileURLWithPath: folder + "/" + name))
        return try data.split(separator: 0x0A).enumerated().map { index, line in
            guard let value = JSONValue(line) else { throw BadLine(file: name, number: index + 1) }
            return value
        }
    }
}

extension JSONValue {
    /// The line of a case: as text, or in base64 when it is not valid UTF-8.
    var line: [UInt8] {
        if let text = self["line"]?.string { return Array(text.utf8) }
        if let encoded = self["line_base64"]?.string, let data = Data(base64Encoded: encoded) { return Array(data) }
        return []
    }
}
