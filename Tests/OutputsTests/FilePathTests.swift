import Events
import Outputs
import Testing
import Time

@Suite("Paths of files")
struct FilePathTests {
    private func filled(
        _ template: String, tag: String = "t.a.b", fields: [String] = [], names: [String] = [],
        zone: TimeZoneRule? = .utc
    ) throws -> String {
        let path = try FilePath(template, fieldNames: names, zone: zone)
        let values = FilePath.Values(
            tag: Array(tag.utf8), fields: fields.map { Array($0.utf8) }, seconds: 1_715_000_000, chunkID: "c1")
        return try path.filled(values).numbered(template.contains(FilePath.numberMark) ? 7 : nil)
    }

    @Test(
        "places are filled in",
        arguments: [
            ("/d/log.%Y%m%d_**.log", "/d/log.20240506_7.log"), ("/d/%Y/%m/${tag}.%H", "/d/2024/05/t.a.b.12"),
            ("/d/${tag[0]}-${tag[1]}-${tag[-1]}-${tag[9]}", "/d/t-a-b-"), ("/d/${chunk_id}_**", "/d/c1_7"),
            ("/d/${unknown}", "/d/${unknown}"), ("/d/$ {x} $", "/d/$ {x} $"), ("d/100%%", "d/100%"),
        ])
    func places(_ template: String, _ expected: String) throws {
        #expect(try filled(template) == expected)
    }

    @Test("without slices of time a percent sign is one") func percent() throws {
        #expect(try filled("/d/50%d", zone: nil) == "/d/50%d")
    }

    @Test("values of fields are filled in, also nested ones, and a missing one is nothing") func fields() throws {
        #expect(try filled("/d/${$.k.n}/${u}.", fields: ["one", ""], names: ["$.k.n", "u"]) == "/d/one/.")
    }

    @Test(
        "no tag leads out of the configured folder, and what is no path is refused",
        arguments: [
            ("/d/${tag}", "../../etc/passwd", "the path '/d/../../etc/passwd' would lead out of '/d/'"),
            ("/d/x${tag}", "/../y", "the path '/d/x/../y' would lead out of '/d/'"),
            ("/d/.${tag}", "./y", "the path '/d/../y' would lead out of '/d/'"),
            ("/d/%Y/${tag}", "..", "the path '/d/2024/..' would lead out of '/d/2024/'"),
            ("${tag}", "/etc/passwd", "the path '/etc/passwd' would lead out of the working directory"),
            ("/d/${tag}", "a\0b", "the path '/d/a\0b' holds a NUL, which no path can"),
            (
                "/d/${tag}", String(repeating: "x", count: 248),
                "the name '\(String(repeating: "x", count: 100))…' has 248 bytes"
            ),
            ("/d/${tag}", String(repeating: "x/", count: 2100), "the path '/d/"),
        ])
    func escapes(_ template: String, _ tag: String, _ sentence: String) throws {
        do {
            let path = try filled(template, tag: tag)
            Issue.record("\(path) was accepted")
        } catch let problem as FilePath.Problem {
            #expect(problem.sentence.hasPrefix(sentence))
        }
    }

    @Test(
        "folders below, dots in names and long names are fine",
        arguments: ["a/b", "a/", "./a", "...", "a..b", "..a", String(repeating: "x", count: 247)])
    func harmless(_ tag: String) throws {
        #expect(try filled("/d/${tag}", tag: tag) == "/d/\(tag)")
    }

    @Test("dots that the configuration itself has are its own") func ownDots() throws {
        #expect(try filled("/d/../e/${tag}", tag: "a") == "/d/../e/a")
    }
}
