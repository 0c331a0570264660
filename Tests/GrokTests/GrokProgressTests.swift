import Foundation
import Testing

/// Commands that read for long say so, and end.
@Suite(.enabled(if: GrokProgram.path != nil)) struct GrokProgressTests {
    /// What a command writes to a terminal as its standard error while its input is a pipe that says nothing for some
    /// seconds, and how it ends.
    private func silent(_ arguments: [String]) throws -> (status: Int32, errors: String) {
        var (master, slave): (Int32, Int32) = (-1, -1)
        try #require(openpty(&master, &slave, nil, nil, nil) == 0)
        defer { close(master) }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try #require(GrokProgram.path))
        process.arguments = arguments
        let input = Pipe()
        process.standardInput = input
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle(fileDescriptor: slave, closeOnDealloc: false)
        try process.run()
        close(slave)
        Thread.sleep(forTimeInterval: 2.6)
        input.fileHandleForWriting.write(Data("a 1\n".utf8))
        try input.fileHandleForWriting.close()
        process.waitUntilExit()
        // A terminal gives what it has in pieces, and an error at the end.
        var errors: [UInt8] = []
        var bytes = [UInt8](repeating: 0, count: 4096)
        while case let count = read(master, &bytes, bytes.count), count > 0 { errors += bytes[..<count] }
        return (process.terminationStatus, String(decoding: errors, as: UTF8.self))
    }

    @Test(
        "a command whose input is slow says on a terminal that it waits, takes that away and ends",
        arguments: [
            (["match", "-p", "%{INT:n}"], "\rmatching  0 lines", 0), (["suggest"], "\rreading  0 lines", 1),
            (["explain", "-p", "x%{INT:n}"], "\rwaiting for a line:  0 lines", 1),
            (["bench", "--seconds", "0.1", "-p", "%{INT:n}"], "\rreading  0 lines", 0),
        ] as [([String], String, Int32)])
    func slow(_ arguments: [String], _ line: String, _ status: Int32) throws {
        let result = try silent(["grok"] + arguments)
        #expect(result.status == status)
        #expect(result.errors.hasPrefix(line), "\(result.errors)")
        #expect(result.errors.hasSuffix("\r\u{1b}[K"))
    }

    @Test("bench ends in its time, however slow the lines are, and says how many it did not get to")
    func benchEnds() throws {
        let line = String(repeating: "a", count: 400) + "\n"
        let start = ContinuousClock.now
        let result = try GrokProgram.run(
            ["grok", "bench", "--seconds", "0.3", "-p", "(?:(?<x>a+)+)+[!?]"],
            input: Array(String(repeating: line, count: 2_000).utf8))
        #expect(result.status == 0)
        // 2,000 lines of 50 ms each would take 100 s.
        #expect(ContinuousClock.now - start < .seconds(50))
        let counts = result.text.split(separator: "\n").compactMap { row -> Int? in
            guard row.hasPrefix("lines ") || row.hasPrefix("left out ") else { return nil }
            return Int(row.drop { !$0.isNumber }.prefix { $0.isNumber })
        }
        #expect(counts.count == 2 && counts.reduce(0, +) == 2_000 && counts[1] > 0, "\(result.text)")
    }
}
