import Foundation
import TestSupport

/// The captured behaviour of fluent-plugin-grok-parser: `Tests/Golden/grok`, or `$SLUICE_GOLDEN/grok`.
enum GoldenFile {
    static let folder =
        ProcessInfo.processInfo.environment["SLUICE_GOLDEN"].map { $0 + "/grok" }
        ?? GoldenData.folder.appendingPathComponent("grok").path

    static var isPresent: Bool { FileManager.default.fileExists(atPath: folder + "/cases.jsonl") }

    /// The JSON objects of a file, one a line.
    static func objects(_ name: String) -> [JSONValue] {
        guard let data = FileManager.default.contents(atPath: folder + "/" + name) else { return [] }
        return data.split(separator: 0x0A).compactMap { JSONValue($0) }
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
