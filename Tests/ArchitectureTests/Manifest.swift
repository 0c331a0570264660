import Foundation

/// Package.swift as `swift package dump-package` prints it: what the rules are held against.
struct Manifest {
    struct Target: Decodable {
        let name: String
        let type: String
        let path: String?
        let dependencies: [Dependency]
        let providers: [[String: [[String]]]]?

        var dependencyNames: [String] { dependencies.compactMap(\.name) }
        var isSource: Bool { type == "regular" || type == "executable" }
    }

    /// `{"byName": ["CUV", null]}`.
    struct Dependency: Decodable {
        let name: String?

        init(from decoder: any Decoder) throws {
            let kinds = try decoder.singleValueContainer().decode([String: [Part]].self)
            name = kinds.values.first?.first?.text
        }

        /// A name, or the condition that stands beside it.
        private struct Part: Decodable {
            let text: String?

            init(from decoder: any Decoder) throws {
                text = try? decoder.singleValueContainer().decode(String.self)
            }
        }
    }

    private struct Document: Decodable { let targets: [Target] }

    struct Unreadable: Error, CustomStringConvertible { let description: String }

    /// The targets in the order of Package.swift.
    let targets: [Target]

    /// The package's folder.
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// Asks SwiftPM once. It gets a scratch folder of its own, so that it waits for no build that is running, and
    /// needs no network because there are no outside packages.
    static let current: Result<Manifest, any Error> = Result {
        let scratch = FileManager.default.temporaryDirectory.appendingPathComponent(
            "sluice-manifest-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: scratch) }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [
            "swift", "package", "--package-path", root.path, "--scratch-path", scratch.path, "dump-package",
        ]
        let (output, errors) = (Pipe(), FileHandle.standardError)
        process.standardOutput = output
        process.standardError = errors
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw Unreadable(description: "swift package dump-package: exit status \(process.terminationStatus)")
        }
        return Manifest(targets: try JSONDecoder().decode(Document.self, from: data).targets)
    }

    func target(_ name: String) -> Target? { targets.first { $0.name == name } }

    /// Everything a target depends on, directly or not.
    func closure(of name: String) -> Set<String> {
        var found: Set<String> = []
        var waiting = target(name)?.dependencyNames ?? []
        while let next = waiting.popLast() {
            guard found.insert(next).inserted else { continue }
            waiting += target(next)?.dependencyNames ?? []
        }
        return found
    }
}
