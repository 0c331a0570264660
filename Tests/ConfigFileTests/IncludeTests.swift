import ConfigFile
import Foundation
import Testing

@Suite struct IncludeTests {
    @Test("includes are relative to their file, sorted, at the top and inside sections")
    func includes() {
        let parsed = Parsed(
            "@include conf.d/*.conf\n<match>\n@include conf.d/sub dir/keys.inc # why\n</match>",
            files: [
                "conf.d/b.conf": "<source>\nn b\n</source>", "conf.d/a.conf": "<source>\nn a\n</source>",
                "conf.d/.hidden.conf": "<source>\n</source>", "conf.d/sub dir/keys.inc": "k v\n@include ./../more.inc",
                "conf.d/more.inc": "m w",
            ])
        #expect(parsed.messages == [])
        #expect(parsed.root.sections.map { $0.parameter("n")?.text } == ["a", "b", nil])
        #expect(parsed.root.sections[2].parameters.map(\.key) == ["k", "m"])
        #expect(parsed.root.sections[2].parameters[1].keyPlace.file.path == "conf.d/more.inc")
    }

    @Test(
        "a pattern takes the files it names",
        arguments: [
            ("*.conf", ["a.conf", "b.conf"]), ("?.conf", ["a.conf", "b.conf"]), ("[b-z].conf", ["b.conf"]),
            ("[^b].conf", ["a.conf"]), ("{a,d/c}.conf", ["a.conf", "d/c.conf"]),
            ("**/*.conf", ["a.conf", "b.conf", "d/c.conf", "d/e/f.conf"]),
            ("d/**/f.conf", ["d/e/f.conf"]), (#"\a.conf"#, ["a.conf"]), ("file:///x/y.conf", ["/x/y.conf"]),
            ("/x/*", ["/x/y.conf"]), ("**.conf", ["a.conf", "b.conf"]), ("*a*.c*f", ["a.conf"]),
        ])
    func globs(_ pattern: String, _ expected: [String]) {
        let paths = ["a.conf", "b.conf", "d/c.conf", "d/e/f.conf", "/x/y.conf"]
        let parsed = Parsed(
            "@include \(pattern)",
            files: Dictionary(uniqueKeysWithValues: paths.map { ($0, "<match \($0)>\n</match>") }))
        #expect(parsed.messages == [])
        #expect(parsed.root.sections.map(\.argument.text) == expected)
    }

    @Test("an include cycle over several files is named")
    func cycle() {
        let parsed = Parsed("@include a", files: ["a": "@include b", "b": "@include a"])
        #expect(parsed.messages == ["1:10 error 'a' includes itself: fluent.conf -> a -> b -> a"])
    }

    @Test("includes go 16 deep and not deeper, and a bomb of includes stops")
    func limits() {
        func chain(_ count: Int) -> [String: String] {
            var files = ["\(count)": "<match>\n</match>"]
            for index in 1..<count { files["\(index)"] = "@include \(index + 1)" }
            return files
        }
        #expect(Parsed("@include 1", files: chain(16)).messages == [])
        #expect(Parsed("@include 1", files: chain(17)).messages == ["1:10 error includes are nested more than 16 deep"])
        var bomb = chain(15)
        for index in 1..<15 { bomb["\(index)"] = "@include \(index + 1)\n@include \(index + 1)" }
        let parsed = Parsed("@include 1", files: bomb)
        #expect(parsed.diagnostics.errors.contains { $0.message == "more than 1024 files are included" })
    }

    @Test("a section ends in the file it began in")
    func halves() {
        let parsed = Parsed("<match>\n@include a\n</match>", files: ["a": "</match>"])
        #expect(parsed.messages == ["1:1 error the end tag '</match>' has no opening tag"])
        #expect(parsed.root.sections.count == 1)
        let open = Parsed("<match>\n@include a\n</match>", files: ["a": "<store>\nk v"])
        #expect(open.messages == ["1:1 error the section '<store>' is not closed"])
        #expect(open.root.sections[0].sections[0].parameter("k")?.text == "v")
    }

    @Test("files on disk are read, links do not hide a cycle, and what cannot be read is said")
    func disk() throws {
        let directory = NSTemporaryDirectory() + "sluice-config-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: directory) }
        try FileManager.default.createDirectory(atPath: directory + "/conf d", withIntermediateDirectories: true)
        try "@include conf d/*.conf\n@include link.conf\n".write(
            toFile: directory + "/f.conf", atomically: true, encoding: .utf8)
        try "<source>\n</source>".write(toFile: directory + "/conf d/a.conf", atomically: true, encoding: .utf8)
        try FileManager.default.createSymbolicLink(atPath: directory + "/link.conf", withDestinationPath: "f.conf")
        let document = ConfigDocument.load(path: directory + "/f.conf", environment: ConfigEnvironment())
        #expect(document.root.sections.count == 1)
        #expect(document.diagnostics.all.map(\.line) == [2])
        #expect(document.diagnostics.all[0].message.contains("includes itself"))

        let missing = ConfigDocument.load(path: directory + "/no.conf", environment: ConfigEnvironment())
        #expect(
            DiagnosticRenderer().render(missing.diagnostics, file: "no.conf")
                == "\(directory)/no.conf: error: cannot read the configuration: no such file or directory\n1 error in no.conf\n"
        )
        let folder = ConfigDocument.load(path: directory, environment: ConfigEnvironment())
        #expect(folder.diagnostics.all.map(\.message) == ["cannot read the configuration: is a directory"])
        var limits = ConfigLimits()
        limits.maximumFileBytes = 10
        let large = ConfigDocument.load(path: directory + "/f.conf", environment: ConfigEnvironment(), limits: limits)
        #expect(large.diagnostics.all[0].message.contains("larger than 10 bytes"))
    }
}
