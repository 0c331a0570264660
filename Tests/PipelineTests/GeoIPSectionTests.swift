import ConfigFile
import Filters
import Foundation
import Pipeline
import TestSupport
import Testing

/// `@type geoip`: what is said of a wrong line, and where; what `<record>` makes of an event.
@Suite struct GeoIPSectionTests {
    private static let database = GoldenData.tests.appendingPathComponent("GeoIP/city.mmdb").path
    private static let isLibraryThere = (try? LibMaxMindDB()) != nil

    private static func record(_ lines: String, _ before: String = "") -> String {
        "@type geoip\n\(before)<record>\n\(lines)\n</record>"
    }

    static let filters: [(String, [String])] = [
        (record("c x", "include_tag_key false\n"), []),
        (
            record("c x", "include_tag_key true\ntag_key t\n<inject>\ntime_key t\n</inject>\n"),
            [
                "3:1 warning 'include_tag_key'", "4:1 warning 'tag_key'",
                "5:1 warning <inject> in <filter **> of type geoip",
            ]
        ),
        (record("c ${country.iso_code[\"host\"]}"), []),
        (record("a ${city.names.en['host']}, ${postal.code[\"host\"]}\nb x\nc '[1, \"x\"]'\nd ${}\ne $5 {x}"), []),
        ("@type geoip", ["1:1 warning <filter **> of type geoip has no <record>, so it adds nothing"]),
        (record("c ${tag}"), ["4:3 error '${tag}' is no placeholder of geoip"]),
        (
            record("c x ${city.names.en[\"host]} ${a[\"host\"]}"),
            ["4:5 error '${city.names.en[\"host]}' is no placeholder of geoip"]
        ),
        (record("c '[1,${tag}]'"), ["4:7 error '${tag}' is no placeholder of geoip"]),
        (record("c \"'${tag}'\""), ["4:5 error '${tag}' is no placeholder of geoip"]),
        (
            record("c ${country.iso_code[\"hots\"]}"),
            ["4:3 warning 'hots' is no key of 'geoip_lookup_keys', so this is always null"]
        ),
        (record("c ${a[\"x\"]}\nd ${a['y']}", "geoip_lookup_keys x, y\n"), []),
        (record("c ${a[\"x\"]}", "geoip_lookup_key x,y\n"), []),
        (record("c ${a['$[\"x\"][\"y\"]']}", "geoip_lookup_keys $[\"x\"][\"y\"]\n"), []),
        (
            record("c ${a['x.y']}", "geoip_lookup_keys x.y\n"),
            ["3:19 warning 'x.y' is one key that has dots, not a place inside of others"]
        ),
        (
            record("c ${a['$.x']}", "geoip_lookup_keys $.x[\n"),
            ["3:19 error '$.x[' is no place in a record", "5:3 warning"]
        ),
        (
            record("c {\"lat\":${a['host']}}"),
            ["4:10 error not valid JSON"]
        ),
        (
            record("c '{\"lat\":${a[\"host\"]},}'"),
            ["4:3 error the value of 'c' begins and ends like JSON, and is none"]
        ),
        (
            record("c '{\"${a[\"host\"]}\":1}'"),
            ["4:3 error the value of 'c' begins and ends like JSON, and is none"]
        ),
        (record("c ${latitude['host']}"), ["4:3 warning databases of GeoIP2 have no 'latitude' at their top"]),
        (record("c ${city['host']}"), []),
        (record("c ${latitude['host']}\nd ${region_name['host']}", "backend_library geoip2_compat\n"), []),
        (
            record("c ${unknown['host']}", "backend_library geoip2_compat\n"),
            ["5:3 error 'unknown' is nothing that geoip2_compat knows"]
        ),
        (record("c ${dma_code['host']}", "backend_library geoip\n"), []),
        (
            record("c ${city['host']}", "backend_library geoip\ngeoip_database /x/GeoIPCity.dat\n"),
            [
                "4:1 warning 'geoip_database' in <filter **> of type geoip has no effect: databases of the old format (.dat)"
            ]
        ),
        (
            record("c ${city['host']}", "backend_library hive_geoip2\n"),
            ["3:17 error 'backend_library' is 'hive_geoip2', which is not valid"]
        ),
        (
            "@type geoip\nenable_key_city geoip_city\ngeoip_lookup_keys ip",
            [
                "1:1 warning <filter **> of type geoip has no <record>",
                "3:1 error 'enable_key_city' was of fluent-plugin-geoip before version 1",
            ]
        ),
        (
            record("c x", "skip_adding_null_rekord true\n"),
            ["3:1 error unknown parameter 'skip_adding_null_rekord'"]
        ),
        (
            record("c x", "@log_level info\nhostname_command x\nflush_interval 1s\n"),
            ["4:1 note 'hostname_command'", "5:1 note 'flush_interval'"]
        ),
    ]

    /// Without which there is more to say.
    private static let around = "<source>\n@type forward\n</source>\n<match **>\n@type null\n</match>\n"

    @Test("a line of the filter", arguments: filters.indices)
    func filter(_ index: Int) {
        Checked.expect("<filter **>\n\(Self.filters[index].0)\n</filter>\n" + Self.around, Self.filters[index].1)
    }

    static let outputs: [(String, [String])] = [
        (record("c ${city['host']}", "tag geo.${tag}\n"), []),
        (
            "@type geoip\ngeoip_lookup_key h1, h2\nenable_key_city a, b\nenable_key_latitude c, d\nremove_tag_prefix access.\n"
                + "add_tag_prefix geo.\nflush_interval 1s", ["8:1 note 'flush_interval'"]
        ),
        (
            "@type geoip\ngeoip_lookup_key h1, h2\nenable_key_city a\ntag x",
            ["4:1 error 'enable_key_city' has no name for the value of 'h2'"]
        ),
        ("@type geoip\nenable_key_town a\ntag x", ["3:1 error 'town' is nothing that a geoip database has"]),
        (
            record("c ${city['host']}"),
            ["1:1 error <match a.**> of type geoip would get its own events again, under the tag they have"]
        ),
        (
            record("c ${city['host']}", "tag geo.${nothing}\n"),
            ["3:5 warning unknown placeholder '${nothing}' will be empty"]
        ),
        (
            record("c ${city.names.en['host']}", "tag x\n"),
            ["5:3 error 'city.names.en' is nothing that geoip knows"]
        ),
        (record("c ${city.names.en['host']}", "tag x\nbackend_library geoip2_c\n"), []),
    ]

    @Test("a line of the output", arguments: outputs.indices)
    func output(_ index: Int) {
        Checked.expect("<match a.**>\n\(Self.outputs[index].0)\n</match>\n" + Self.around, Self.outputs[index].1)
    }

    @Test("a database that is not there is one warning of a check, at its line, and no error")
    func noDatabase() {
        let text = "<filter **>\n" + Self.record("c ${a['host']}", "geoip2_database /gone/x.mmdb\n") + "\n</filter>\n"
        let document = ConfigDocument.parse(
            bytes: Array((text + Self.around).utf8), environment: Checked.environment, from: MemoryFiles([:]))
        _ = PlanBuilder.build(document, environment: Checked.environment, opensFiles: true)
        let messages = document.diagnostics.inFileOrder.map {
            "\($0.line):\($0.column) \($0.severity.rawValue) \($0.message)"
        }
        #expect(
            messages == ["3:17 warning there is no geoip database '/gone/x.mmdb'; until then its fields are null"])
    }

    @Test("who comes from Fluentd is told of the database")
    func migration() {
        func told(_ before: String) -> [String?] {
            let text =
                "<filter **>\n" + Self.record("c ${a['host']}", before)
                + "\n</filter>\n<match **>\n@type null\n</match>\n"
            return Checked(text).diagnostics.differences.filter { $0.section.contains("geoip") }.map(\.parameter)
        }
        #expect(told("") == ["geoip2_database", nil])
        #expect(told("geoip2_database /x.mmdb\n") == [nil])
        #expect(told("geoip_database /x.dat\ngeoip2_database /x.mmdb\n").contains("geoip_database"))
    }

    // MARK: - Events

    /// What becomes of a record, without its tag.
    private static func result(_ section: String, _ record: String, isOutput: Bool = false) throws -> String {
        let line = "geoip2_database \(database)\n"
        let text =
            isOutput
            ? "<match a.**>\n@type geoip\n\(line)\(section)\n</match>\n<match **>\n@type stdout\n</match>\n"
            : "<filter **>\n@type geoip\n\(line)\(section)\n</filter>\n<match **>\n@type stdout\n</match>\n"
        let checked = Checked(text)
        #expect(checked.diagnostics.errorCount == 0, "\(checked.rendered)")
        let output = try Run(checked.plan).output(of: #"{"tag":"a.b","record":\#(record)}"#)
        return output.split(separator: " ", maxSplits: 3).last.map { $0.trimmingCharacters(in: .newlines) } ?? ""
    }

    /// The README of the plugin, and its tests of quotes.
    static let values: [(String, String)] = [
        ("${country.iso_code[\"host\"]}", #""JP""#),
        ("\"${country.iso_code['host']}\"", #""JP""#),
        ("'[${location.longitude[\"host\"]},${location.latitude[\"host\"]}]'", "[135.7538,35.0211]"),
        ("\"[${location.longitude['host']},${location.latitude['host']}]\"", "[135.7538,35.0211]"),
        (
            #"'{ "code" : "${country.iso_code["host"]}", "lat": ${location.latitude["host"]}, "n": [1, null, "x y"] }'"#,
            #"{"code":"JP","lat":35.0211,"n":[1,null,"x y"]}"#
        ),
        (
            #"{"city": "${city.names.en['host']}", "lat": "${location.latitude['host']}"}"#,
            #"{"city":"Kyoto","lat":35.0211}"#
        ),
        (#"{"city": "${city.names.en[\"host\"]}"}"#, #"{"city":"Kyoto"}"#),
        (#"'{"at": "${location.latitude["host"]},${location.longitude["host"]}"}'"#, #"{"at":"35.0211,135.7538"}"#),
        (
            #"'[GEO] {"lat":${location.latitude["host"]}, "none":${a["host"]}}'"#,
            #""[GEO] {\"lat\":35.0211, \"none\":}""#
        ),
        (#"'{"a\"b": "\"${city.names.en["host"]}\""}'"#, #"{"a\"b":"\"Kyoto\""}"#),
        ("'[${a[\"host\"]},${city.names.en[\"gone\"]}]'", "[null,null]"),
        (#"'{"a": "5\" ${city.names.en["host"]}"}'"#, #"{"a":"5\" Kyoto"}"#),
        ("[]", "[]"), ("${postal.code['host']} ${subdivisions.1.names.en['host']}", #""600-8001 Second""#),
        (
            "'${subdivisions[\"host\"]}'",
            #"[{"iso_code":"26","names":{"en":"Kyoto","ja":"京都府"}},{"iso_code":"x","names":{"en":"Second"}}]"#
        ),
    ]

    @Test(
        "a value of <record>", .enabled(if: isLibraryThere, "libmaxminddb0 is not installed"), arguments: values.indices
    )
    func value(_ index: Int) throws {
        let (text, expected) = Self.values[index]
        #expect(
            try Self.result("<record>\nx \(text)\n</record>", #"{"host":"192.0.2.1"}"#)
                == #"a.b: {"host":"192.0.2.1","x":\#(expected)}"#)
    }

    @Test(
        "places inside of a record, dots in keys, and skip_adding_null_record",
        .enabled(if: isLibraryThere, "libmaxminddb0 is not installed"))
    func keys() throws {
        let nested =
            "geoip_lookup_keys $.from.ip, $[\"to\"][\"ip.4\"]\n<record>\nf ${country.iso_code['$.from.ip']}\n"
            + "t ${country.iso_code['$[\"to\"][\"ip.4\"]']}\n</record>"
        #expect(
            try Self.result(nested, #"{"from":{"ip":"192.0.2.1"},"to":{"ip.4":"198.51.100.1"}}"#)
                == #"a.b: {"from":{"ip":"192.0.2.1"},"to":{"ip.4":"198.51.100.1"},"f":"JP","t":"NO"}"#)
        let flat =
            "geoip_lookup_keys ip.src\nskip_adding_null_record true\n<record>\nc ${country.iso_code['ip.src']}\n</record>"
        #expect(try Self.result(flat, #"{"ip.src":"192.0.2.1"}"#) == #"a.b: {"ip.src":"192.0.2.1","c":"JP"}"#)
        #expect(try Self.result(flat, #"{"ip":{"src":"192.0.2.1"}}"#) == #"a.b: {"ip":{"src":"192.0.2.1"}}"#)
    }

    @Test(
        "the old output has the old names, a look-up key with dots inside of others, and another tag",
        .enabled(if: isLibraryThere, "libmaxminddb0 is not installed"))
    func oldOutput() throws {
        let section =
            "geoip_lookup_key user.ip\nenable_key_city geo_city\nenable_key_dma_code dma\nenable_key_area_code area\n"
            + "remove_tag_prefix a.\nadd_tag_prefix geo.\nadd_tag_suffix .x"
        #expect(
            try Self.result(section, #"{"user":{"ip":"192.0.2.1"}}"#, isOutput: true)
                == #"geo.b.x: {"user":{"ip":"192.0.2.1"},"geo_city":"Kyoto","dma":501,"area":null}"#)
        #expect(
            try Self.result(section, #"{"user.ip":"192.0.2.2"}"#, isOutput: true)
                == #"geo.b.x: {"user.ip":"192.0.2.2","geo_city":"Kyoto","dma":501,"area":null}"#)
    }
}
