import Foundation
import Testing

/// Which room may know which: the walls of the house, held against every `import` line.
@Suite struct ImportTests {
    /// What the toolchain brings and may be used anywhere. Foundation is not among them: it adds 10 MB to a process.
    private static let toolchain: Set<String> = ["Swift", "Glibc", "Synchronization", "Dispatch"]
    private static let stages = ["Inputs", "Filters", "Buffering", "Outputs"]
    /// The rooms an event passes through; they know neither where their settings come from nor who connects them.
    private static let dataPath = [
        "Events", "Time", "Words", "Logging", "EventLoop", "TLS", "Compression", "ForwardProtocol", "Grok", "Parsing",
        "Inputs", "Filters", "Buffering", "Outputs",
    ]

    private let manifest: Manifest
    /// Read once: each test case makes a suite of its own.
    private static let allImports = Import.all(below: Manifest.root.appendingPathComponent("Sources"))
    private var imports: [Import] { Self.allImports }

    init() throws {
        manifest = try Manifest.current.get()
    }

    @Test("every import is declared in Package.swift or comes with the toolchain") func declared() {
        let undeclared = imports.filter { line in
            guard let target = manifest.target(line.target) else { return true }
            return !Self.toolchain.contains(line.module) && !target.dependencyNames.contains(line.module)
        }
        #expect(undeclared.isEmpty, "\(list(undeclared))")
        #expect(imports.count > 10, "the walk found Sources/")
    }

    @Test("no source imports Foundation") func foundation() {
        let found = imports.filter { $0.module.hasPrefix("Foundation") }
        #expect(found.isEmpty, "\(list(found))")
    }

    @Test("targets stand in the order the bytes travel: each below what it depends on") func order() {
        for (index, target) in manifest.targets.enumerated() {
            let above = Set(manifest.targets[..<index].map(\.name))
            let below = target.dependencyNames.filter { !above.contains($0) }
            #expect(below.isEmpty, "\(target.name) stands above \(below.joined(separator: ", "))")
        }
    }

    @Test("inputs, filters, buffering and outputs never know each other", arguments: stages) func walls(
        _ stage: String
    ) throws {
        _ = try #require(manifest.target(stage))
        let others = manifest.closure(of: stage).intersection(Self.stages)
        #expect(others.isEmpty, "\(stage) depends on \(others.sorted())")
    }

    @Test("nothing on the data path knows the configuration or the pipeline", arguments: dataPath)
    func upstream(_ room: String) throws {
        _ = try #require(manifest.target(room))
        let known = manifest.closure(of: room).intersection(["ConfigFile", "Pipeline", "CommandLine", "sluice"])
        #expect(known.isEmpty, "\(room) depends on \(known.sorted())")
    }

    /// Rooms that are nothing but the glass before one library: libuv's handles and OpenSSL's objects need a file an idea.
    /// PCRE2 has two in Grok/Matching: a compiled program, and what a thread needs to run it.
    static let glassRooms = ["CUV": "EventLoop", "COpenSSL": "TLS", "CPCRE2": "Grok"]

    @Test("each C library is imported by one file; libuv, OpenSSL and PCRE2 by one room") func libraries() {
        for library in manifest.targets.filter({ $0.type == "system" }) {
            let users = imports.filter { $0.module == library.name }
            if let room = Self.glassRooms[library.name] {
                #expect(Set(users.map(\.target)) == [room], "\(list(users))")
            } else {
                #expect(users.count == 1, "\(library.name) is imported by \(users.count) files: \(list(users))")
            }
        }
    }

    @Test("make deps installs the packages that Package.swift names") func packages() throws {
        let makefile = try String(contentsOf: Manifest.root.appendingPathComponent("Makefile"), encoding: .utf8)
        let line = try #require(makefile.split(separator: "\n").first { $0.hasPrefix("LIBRARIES") })
        let installed = Set(line.split(separator: "=")[1].split(separator: " ").map(String.init))
        let named = Set(manifest.targets.flatMap { $0.providers ?? [] }.flatMap { $0["apt"] ?? [] }.flatMap { $0 })
        // pkg-config is SwiftPM's means to find the libraries.
        #expect(installed == named.union(["pkg-config"]))
    }

    @Test(
        "an import is seen in every form",
        arguments: [
            ("import Glibc", "Glibc"), ("package import Events", "Events"), ("@_exported import CUV", "CUV"),
            ("internal import struct Events.Tag", "Events"), ("  @preconcurrency public import Grok", "Grok"),
            ("@_spi(Internals) import TLS", "TLS"), ("import Foundation.NSData", "Foundation"),
        ])
    func forms(_ line: String, _ module: String) {
        #expect(Import.modules(in: "// a\n\(line)\n").map(\.module) == [module])
        #expect(Import.modules(in: "// a\n\(line)\n").map(\.line) == [2])
    }

    @Test(
        "what only mentions an import is none",
        arguments: ["// import Glibc", "let important = 1", "/*\nimport Glibc\n*/"])
    func mentions(_ text: String) {
        #expect(Import.modules(in: text).isEmpty)
    }

    private func list(_ imports: [Import]) -> String { imports.map(\.description).joined(separator: "\n") }
}
