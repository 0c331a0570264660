import Foundation

/// Facts captured from Fluentd, in `Tests/Golden/`; what the fields mean is told in its README.
package enum GoldenData {
    /// `Tests/Golden`
    package static let folder = tests.appendingPathComponent("Golden")
    /// `Tests`
    package static let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()

    package static func bytes(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: folder.appendingPathComponent(name)))
    }

    /// The JSON objects of a file, one a line.
    package static func objects(_ name: String) throws -> [[String: Any]] {
        try bytes(name).split(separator: 0x0A).map { line in
            let object = try JSONSerialization.jsonObject(with: Data(line))
            return object as? [String: Any] ?? [:]
        }
    }

    /// The inputs that once made a fuzzed decoder fail: `Tests/Fuzz/<name>/FailCases`.
    package static func failCases(_ name: String) -> [(name: String, bytes: [UInt8])] {
        fuzzInputs("\(name)/FailCases")
    }

    /// The inputs of a folder below `Tests/Fuzz`.
    package static func fuzzInputs(_ folder: String) -> [(name: String, bytes: [UInt8])] {
        let cases = tests.appendingPathComponent("Fuzz/\(folder)")
        let names = (try? FileManager.default.contentsOfDirectory(atPath: cases.path)) ?? []
        return names.filter { !$0.hasPrefix(".") }.sorted().compactMap { name in
            (try? Data(contentsOf: cases.appendingPathComponent(name))).map { (name, Array($0)) }
        }
    }
}
