import Events
import Filters
import Foundation
import Logging
import Synchronization
import TestSupport
import Testing

/// A database that comes late, is replaced, or breaks while events pass.
@Suite(.enabled(if: GeoIPSamples.isLibraryThere, "libmaxminddb0 is not installed"))
struct GeoIPDatabaseFileTests {
    private final class HandClock: Sendable {
        private let milliseconds = Mutex<Int64>(5)
        var now: Int64 { milliseconds.withLock { $0 } }
        func pass(_ seconds: Int64) { milliseconds.withLock { $0 += seconds * 1000 } }
    }

    private struct Bench {
        let folder: GeoIPSamples.Folder
        let recorder = LogRecorder()
        let clock = HandClock()
        let file: GeoIPDatabaseFile
        let filter: GeoIPFilter

        init() throws {
            let (folder, clock) = (try GeoIPSamples.Folder(), self.clock)
            self.folder = folder
            file = GeoIPDatabaseFile(["\(folder.path)/db.mmdb"])
            filter = GeoIPFilter(
                try GeoIPSamples.settings([("c", "${city.names.en['host']}")]), file: file,
                log: Log(handler: recorder)
            ) { clock.now }
        }

        /// The city of an address.
        var city: String {
            get throws {
                let line = try GeoIPSamples.line(filter, #"{"host":"192.0.2.1"}"#)
                return String(line.dropFirst(#"{"host":"192.0.2.1","c":"#.count).dropLast())
            }
        }
    }

    @Test("a database that is not there is told once and looked for every 60 s")
    func late() throws {
        let bench = try Bench()
        #expect(try bench.city == "null")
        for _ in 0..<3 {
            bench.clock.pass(60)
            #expect(try bench.city == "null")
        }
        #expect(bench.recorder.entries.count == 1)
        #expect(
            bench.recorder.entries.first?.message.contains("there is no geoip database '\(bench.folder.path)") == true)
        _ = try bench.folder.put(try GeoIPSamples.bytes())
        bench.clock.pass(59)
        #expect(try bench.city == "null")
        bench.clock.pass(1)
        #expect(try bench.city == #""Kyoto""#)
        #expect(bench.recorder.entries.last?.message == "geoip database opened")
    }

    @Test("a file that takes its place is opened within a minute, and what was known is forgotten")
    func replaced() throws {
        let bench = try Bench()
        _ = try bench.folder.put(try GeoIPSamples.bytes())
        #expect(try bench.city == #""Kyoto""#)
        _ = try bench.folder.put(try GeoIPSamples.renamed("Kyoto", "Osaka"))
        #expect(try bench.city == #""Kyoto""#)
        bench.clock.pass(60)
        #expect(try bench.city == #""Osaka""#)
        #expect(bench.recorder.entries.map(\.message) == ["geoip database opened", "geoip database changed"])
        bench.clock.pass(600)
        #expect(try bench.city == #""Osaka""#)
        #expect(bench.recorder.entries.count == 2)
    }

    @Test("the old database stays in use while the new one is broken or gone, which is told once")
    func brokenLater() throws {
        let bench = try Bench()
        let path = try bench.folder.put(try GeoIPSamples.bytes())
        #expect(try bench.city == #""Kyoto""#)
        _ = try bench.folder.put(Array("half a file".utf8))
        for _ in 0..<3 {
            bench.clock.pass(60)
            #expect(try bench.city == #""Kyoto""#)
        }
        #expect(bench.recorder.entries.count == 2)
        #expect(bench.recorder.entries.last?.message.contains("'\(path)' cannot be read") == true)
        #expect(bench.recorder.entries.last?.message.hasSuffix("the one from before stays in use") == true)
        try FileManager.default.removeItem(atPath: path)
        bench.clock.pass(60)
        #expect(try bench.city == #""Kyoto""#)
        _ = try bench.folder.put(try GeoIPSamples.renamed("Kyoto", "Osaka"))
        bench.clock.pass(60)
        #expect(try bench.city == #""Osaka""#)
        #expect(bench.recorder.entries.count == 4)
    }

    @Test("a database that somebody writes over, or cuts short, serves on as it was")
    func overwritten() throws {
        let bench = try Bench()
        let path = try bench.folder.put(try GeoIPSamples.bytes())
        #expect(try bench.city == #""Kyoto""#)
        // In place, as `cp` does it: a map of the file would end here.
        try Data().write(to: URL(fileURLWithPath: path))
        let line = try GeoIPSamples.line(bench.filter, #"{"host":"192.0.2.2"}"#)
        #expect(line.hasPrefix(#"{"host":"192.0.2.2","c":"#))
        bench.clock.pass(60)
        #expect(try bench.city == #""Kyoto""#)
        #expect(bench.recorder.entries.last?.message.contains("cannot be read") == true)
    }

    @Test("the first of the usual places that has one counts")
    func places() throws {
        let folder = try GeoIPSamples.Folder()
        let second = try folder.put(try GeoIPSamples.bytes(), as: "second.mmdb")
        let file = GeoIPDatabaseFile(["\(folder.path)/first.mmdb", second])
        #expect(file.problemAtStart(at: 0) == nil)
        _ = try folder.put(try GeoIPSamples.renamed("Kyoto", "Osaka"), as: "first.mmdb")
        let filter = GeoIPFilter(try GeoIPSamples.settings([("c", "${city.names.en['host']}")]), file: file) { 60_000 }
        #expect(try GeoIPSamples.line(filter, #"{"host":"192.0.2.1"}"#) == #"{"host":"192.0.2.1","c":"Osaka"}"#)
    }

    @Test("what was said at a start is not said again")
    func start() throws {
        let bench = try Bench()
        #expect(bench.file.problemAtStart(at: bench.clock.now)?.contains("there is no geoip database") == true)
        bench.clock.pass(61)
        #expect(try bench.city == "null")
        #expect(bench.recorder.entries.isEmpty)
    }

    @Test("filters on several threads share one database while it is replaced")
    func threads() async throws {
        let folder = try GeoIPSamples.Folder()
        let path = try folder.put(try GeoIPSamples.bytes())
        let file = GeoIPDatabaseFile([path])
        let clock = HandClock()
        try await withThrowingTaskGroup(of: Set<String>.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    let filter = GeoIPFilter(
                        try GeoIPSamples.settings([("c", "${city.names.en['host']}")]), file: file
                    ) { clock.now }
                    var seen: Set<String> = []
                    for number in 0..<2000 {
                        if number % 100 == 0 { clock.pass(30) }
                        seen.insert(try GeoIPSamples.line(filter, #"{"host":"192.0.2.\#(number % 128)"}"#))
                    }
                    return seen
                }
            }
            group.addTask {
                for number in 0..<20 {
                    _ = try folder.put(
                        number % 2 == 0 ? try GeoIPSamples.renamed("Kyoto", "Osaka") : try GeoIPSamples.bytes())
                }
                return []
            }
            for try await seen in group {
                #expect(seen.allSatisfy { $0.hasSuffix(#""c":"Kyoto"}"#) || $0.hasSuffix(#""c":"Osaka"}"#) })
            }
        }
    }
}

/// Where no database can be read, whatever is installed.
@Suite struct GeoIPWithoutDatabaseTests {
    @Test("a library that is not there is named, with what to install, and is no reason to stop")
    func noLibrary() throws {
        let error = #expect(throws: LibMaxMindDB.Failure.self) { _ = try LibMaxMindDB("libmaxminddb-none.so.0") }
        #expect(error?.description.contains("apt-get install libmaxminddb0") == true)
        let file = GeoIPDatabaseFile([GeoIPSamples.city], libraryName: "libmaxminddb-none.so.0")
        let recorder = LogRecorder()
        let filter = GeoIPFilter(
            try GeoIPSamples.settings([("c", "${city.names.en['host']}")]), file: file, log: Log(handler: recorder))
        #expect(try GeoIPSamples.line(filter, #"{"host":"192.0.2.1"}"#) == #"{"host":"192.0.2.1","c":null}"#)
        #expect(recorder.entries.map { $0.message.contains("apt-get install libmaxminddb0") } == [true])
    }

    @Test("a library without its functions is an error")
    func otherLibrary() {
        let error = #expect(throws: LibMaxMindDB.Failure.self) { _ = try LibMaxMindDB("libc.so.6") }
        #expect(error?.description == "libmaxminddb has no function 'MMDB_open'")
    }

    @Test("a folder is no database")
    func folder() throws {
        let folder = try GeoIPSamples.Folder()
        #expect(GeoIPDatabaseFile([folder.path]).problemAtStart(at: 0)?.hasSuffix("is no regular file") == true)
    }
}
