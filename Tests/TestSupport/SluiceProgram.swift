import Foundation

/// The finished program, built beside the tests; SLUICE_BIN names another one.
package enum SluiceProgram {
    package static let path: String? = {
        if let given = ProcessInfo.processInfo.environment["SLUICE_BIN"] { return given }
        // The bundle lies in the folder of the products.
        let products = URL(fileURLWithPath: ProcessInfo.processInfo.arguments[0]).deletingLastPathComponent()
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let candidates = [
            products.appendingPathComponent("sluice"), root.appendingPathComponent(".build/debug/sluice"),
            root.appendingPathComponent(".build/release/sluice"),
        ]
        return candidates.map(\.path).first { FileManager.default.isExecutableFile(atPath: $0) }
    }()

    /// How a process ended: its status, or the number of the signal that ended it.
    package enum End: Sendable, Equatable {
        case status(Int32)
        case signal(Int32)
    }

    /// Runs it with a given standard output, and tells how it ended and what it said on standard error.
    package static func run(
        _ arguments: [String], input: String = "", standardOutput: FileHandle
    ) throws -> (end: End, errors: String) {
        guard let path else { throw POSIXError(.ENOENT) }
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("sluice-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let (stdin, stderr) = (folder.appendingPathComponent("in"), folder.appendingPathComponent("err"))
        try Data(input.utf8).write(to: stdin)
        try Data().write(to: stderr)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        process.standardInput = try FileHandle(forReadingFrom: stdin)
        process.standardOutput = standardOutput
        process.standardError = try FileHandle(forWritingTo: stderr)
        try process.run()
        process.waitUntilExit()
        let errors = String(decoding: try Data(contentsOf: stderr), as: UTF8.self)
        let end: End =
            process.terminationReason == .uncaughtSignal
            ? .signal(process.terminationStatus) : .status(process.terminationStatus)
        return (end, errors)
    }
}
