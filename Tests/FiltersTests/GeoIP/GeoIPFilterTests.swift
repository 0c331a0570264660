import Events
import Filters
import TestSupport
import Testing

/// What becomes of records; how `<record>` is read is in PipelineTests.
@Suite(.enabled(if: GeoIPSamples.isLibraryThere, "libmaxminddb0 is not installed"))
struct GeoIPFilterTests {
    private static func filter(
        _ fields: [(String, String)], keys: [String] = ["host"], skips: Bool = false, file: String = "city.mmdb"
    ) throws -> GeoIPFilter {
        var settings = try GeoIPSamples.settings(fields, keys: keys)
        settings.skipsNull = skips
        return GeoIPFilter(settings, file: GeoIPDatabaseFile(["\(GeoIPSamples.folder)/\(file)"]))
    }

    @Test(
        "the value of a field is taken as an address, or gives null",
        arguments: [
            (#""192.0.2.1""#, #""JP""#), (#""::ffff:192.0.2.9""#, #""JP""#), (#""2001:db8:1::7""#, #""FI""#),
            (#""198.51.100.1""#, #""NO""#), (#""1\u00392.0.2.1""#, #""JP""#), (#""203.0.113.1""#, "null"),
            (#""10.1.2.3""#, "null"), (#""""#, "null"), (#""-""#, "null"), (#""192.0.2.1:80""#, "null"),
            (#""192.0.2.1, 10.0.0.1""#, "null"), ("3221225985", "null"), ("null", "null"), ("true", "null"),
            (#"["192.0.2.1"]"#, "null"), (#"{"ip":"192.0.2.1"}"#, "null"),
        ])
    func values(_ host: String, _ expected: String) throws {
        let filter = try Self.filter([("c", "${country.iso_code['host']}")])
        let line = try GeoIPSamples.line(filter, #"{"host":\#(host)}"#)
        #expect(line.hasSuffix(#","c":\#(expected)}"#), "\(line)")
        // And from memory.
        #expect(try GeoIPSamples.line(filter, #"{"host":\#(host)}"#) == line)
    }

    @Test("without the field every value is null, and nothing inside of text")
    func missing() throws {
        let filter = try Self.filter([("c", "${country.iso_code['host']}"), ("t", "<${country.iso_code['host']}>")])
        #expect(try GeoIPSamples.line(filter, #"{"a":1}"#) == #"{"a":1,"c":null,"t":"<>"}"#)
        #expect(try GeoIPSamples.line(filter, "{}") == #"{"c":null,"t":"<>"}"#)
    }

    @Test("one placeholder alone keeps its type, in text it is text, and an equal key gets the new value in its place")
    func types() throws {
        let filter = try Self.filter([
            ("lat", "${location.latitude['host']}"), ("m", "${location.metro_code[\"host\"]}"),
            ("all", "${location.latitude['host']},${location.longitude['host']} ${city.names.ja['host']}"),
            ("names", "${city.names['host']}"), ("text", "${city.names['host']}!"), ("const", "as it is"),
        ])
        #expect(
            try GeoIPSamples.line(filter, #"{"lat":"old","host":"192.0.2.1","z":1}"#)
                == #"{"lat":35.0211,"host":"192.0.2.1","z":1,"m":501,"all":"35.0211,135.7538 京都市","#
                + #""names":{"en":"Kyoto","ja":"京都市"},"text":"{\"en\"=>\"Kyoto\", \"ja\"=>\"京都市\"}!","const":"as it is"}"#
        )
    }

    @Test("a known address without coordinates is at 0.0, as in the plugin; an unknown one has none")
    func coordinates() throws {
        let filter = try Self.filter([("lat", "${location.latitude['host']}"), ("tz", "${location.time_zone['host']}")])
        #expect(
            try GeoIPSamples.line(filter, #"{"host":"198.51.100.1"}"#)
                == #"{"host":"198.51.100.1","lat":0.0,"tz":null}"#)
        #expect(
            try GeoIPSamples.line(filter, #"{"host":"203.0.113.1"}"#) == #"{"host":"203.0.113.1","lat":null,"tz":null}"#
        )
    }

    /// The first placeholder whose address is known decides, as `placeholder.values.first` does in the plugin.
    @Test(
        "with skip_adding_null_record a record stays when the first value of a known address is null",
        arguments: [
            (#"{"a":"192.0.2.1"}"#, #"{"a":"192.0.2.1","x":"Kyoto","y":"JP","z":null}"#),
            (#"{"a":"203.0.113.1"}"#, #"{"a":"203.0.113.1"}"#), (#"{"m":1}"#, #"{"m":1}"#),
            // Known, and its country is, but not the city that stands first.
            (#"{"a":"198.51.100.1"}"#, #"{"a":"198.51.100.1"}"#),
            // Nothing is known of the first key.
            (#"{"b":"192.0.2.1"}"#, #"{"b":"192.0.2.1","x":null,"y":null,"z":"JP"}"#),
            (
                #"{"a":"10.0.0.1","b":"198.51.100.1"}"#,
                #"{"a":"10.0.0.1","b":"198.51.100.1","x":null,"y":null,"z":"NO"}"#
            ),
            (#"{"a":"198.51.100.1","b":"192.0.2.1"}"#, #"{"a":"198.51.100.1","b":"192.0.2.1"}"#),
        ])
    func skipping(_ record: String, _ expected: String) throws {
        let fields = [
            ("x", "${city.names.en['a']}"), ("y", "${country.iso_code['a']}"), ("z", "${country.iso_code['b']}"),
        ]
        let filter = try Self.filter(fields, keys: ["a", "b"], skips: true)
        #expect(try GeoIPSamples.line(filter, record) == expected)
    }

    @Test("more addresses than are kept, each with its own values")
    func many() throws {
        let filter = try Self.filter(
            [("x", "${country.iso_code['a']}"), ("y", "${country.iso_code['b']}")], keys: ["a", "b"])
        let batch = EventBatch()
        let count = 3 * GeoIPFilter.keptAddresses
        for number in 0..<count {
            try batch.add(
                #"{"a":"2001:db8:1::\#(String(number, radix: 16))","b":"10.1.\#(number / 256).\#(number % 256)"}"#)
        }
        filter.apply(Events.Batch(batch.tag), storage: &batch.storage, rows: &batch.rows)
        let lines = batch.lines
        #expect(lines.count == count && lines.allSatisfy { $0.hasSuffix(#""x":"FI","y":null}"#) })
        #expect(
            try GeoIPSamples.line(filter, #"{"a":"10.1.0.1","b":"2001:db8:1::1"}"#).hasSuffix(#""x":null,"y":"FI"}"#))
    }

    @Test("it keeps the rules of all filters")
    func rules() throws {
        let records =
            FilterRules.shapes + [
                #"{"log":"192.0.2.1","c":1}"#, #"{"log":"198.51.100.1","k7":1}"#, #"{"log":"2001:db8:2::1"}"#,
                #"{"log":"1\u00392.0.2.1"}"#,
            ]
        let fields = [
            ("c", "${city['log']}"), ("k7", "${location.latitude['log']}"), ("t", "${types['log']} ${gone['log']}"),
            ("log", "${country.iso_code['log']}"),
        ]
        for skips in [false, true] {
            try FilterRules.check(records) { try Self.filter(fields, keys: ["log"], skips: skips) }
        }
        try FilterRules.check(records) { try Self.filter(fields, keys: ["log"], file: "gone.mmdb") }
    }
}

@Suite struct GeoIPPlaceholderTests {
    @Test(
        "a placeholder has a path and a key in quotes",
        arguments: [
            (#"${city.names.en["host"]}"#, ["city", "names", "en"], "host"), ("${a['b']}", ["a"], "b"),
            (#"${subdivisions.0.iso_code["a.b"]}"#, ["subdivisions", "0", "iso_code"], "a.b"),
            (#"${a['$["x"]["y"]']}"#, ["a"], #"$["x"]["y"]"#), (#"${a["$['x']['y']"]}"#, ["a"], "$['x']['y']"),
            ("${a['$.x.y']}", ["a"], "$.x.y"), (#"${a["client-ip"]}"#, ["a"], "client-ip"),
        ])
    func good(_ text: String, _ path: [String], _ key: String) throws {
        let placeholder = try GeoIPPlaceholder(text, .geoip2_c)
        #expect(placeholder.path == path && placeholder.key == key && !placeholder.isCoordinate)
    }

    @Test(
        "anything else in braces is an error",
        arguments: [
            "${tag}", "${a}", "${a[host]}", #"${a["host]}"#, #"${a[host"]}"#, #"${a["host']}"#, #"${["host"]}"#,
            "${a['']}",
            "${a['b'].c}", "${a]['b']}", "${a['b'c']}", "${a['{b']}", "${a[']}", "${a[}", "${[]}",
        ])
    func bad(_ text: String) {
        #expect(throws: GeoIPPlaceholder.SyntaxError.self) { try GeoIPPlaceholder(text, .geoip2_c) }
    }

    @Test(
        "old names lead to where GeoIP2 has their values",
        arguments: [
            ("city", GeoIPPlaceholder.Naming.geoip2_compat, "city.names.en"),
            ("country_code", .geoip2_compat, "country.iso_code"), ("country_name", .geoip2_compat, "country.names.en"),
            ("latitude", .geoip2_compat, "location.latitude"), ("longitude", .geoip, "location.longitude"),
            ("postal_code", .geoip2_compat, "postal.code"), ("region", .geoip, "subdivisions.0.iso_code"),
            ("region_name", .geoip2_compat, "subdivisions.0.names.en"), ("dma_code", .geoip, "location.metro_code"),
        ])
    func oldNames(_ name: String, _ naming: GeoIPPlaceholder.Naming, _ path: String) throws {
        let placeholder = try GeoIPPlaceholder("${\(name)['host']}", naming)
        #expect(placeholder.path.joined(separator: ".") == path)
        #expect(placeholder.isCoordinate == ["latitude", "longitude"].contains(name))
    }

    @Test("a name that an old backend does not have is an error with those that it has")
    func unknownNames() {
        let error = #expect(throws: GeoIPPlaceholder.SyntaxError.self) {
            try GeoIPPlaceholder("${dma_code['host']}", .geoip2_compat)
        }
        #expect(error?.message == "'dma_code' is nothing that geoip2_compat knows")
        #expect(
            error?.hint
                == "it knows city, country_code, country_name, latitude, longitude, postal_code, region, region_name")
    }
}

/// `remove_tag_prefix` and its like, of the output.
@Suite struct TagAffixesTests {
    @Test(
        "a tag loses and gets text at its ends, with no dot but what is written",
        arguments: [
            ("access.", "", "geoip.", "", "access.web", "geoip.web"),
            ("access", "", "geoip", "", "access.web", "geoip.web"),
            ("", ".raw", "", ".geo", "a.raw", "a.geo"), ("x.", "", "geo.", "", "a.b", "geo.a.b"),
            ("a", "a", "", "", "a", ""), ("ab", "bc", "", "", "abc", "c"),
        ])
    func affixes(
        _ prefix: String, _ suffix: String, _ added: String, _ addedSuffix: String, _ tag: String, _ new: String
    ) {
        var affixes = TagAffixes()
        (affixes.removedPrefix, affixes.removedSuffix) = (Array(prefix.utf8), Array(suffix.utf8))
        (affixes.addedPrefix, affixes.addedSuffix) = (Array(added.utf8), Array(addedSuffix.utf8))
        #expect(String(decoding: affixes.changed(Array(tag.utf8)), as: UTF8.self) == new)
    }

    @Test(
        "the template of 'tag' sees what the others have made",
        arguments: [
            ("geo.${tag}", "geo.web.01"), ("${tag_parts[1]}.${tag_parts[0]}${tag_parts[5]}", "01.web"),
            ("${hostname}.x", "h.x"), ("fixed", "fixed"),
        ])
    func template(_ template: String, _ new: String) {
        var affixes = TagAffixes()
        affixes.removedPrefix = Array("access.".utf8)
        (affixes.template, affixes.hostname) = (TagTemplate(template), Array("h".utf8))
        #expect(String(decoding: affixes.changed(Array("access.web.01".utf8)), as: UTF8.self) == new)
    }
}
