import Events
import Filters
import Foundation
import TestSupport
import Testing

/// What is read from a file in MaxMind's format, whole or broken.
@Suite(.enabled(if: GeoIPSamples.isLibraryThere, "libmaxminddb0 is not installed"))
struct GeoIPDatabaseTests {
    /// The value at a path as JSON; nil: nothing is known of the address.
    private static func value(_ database: GeoIPDatabase, _ address: String, _ path: String) throws -> String? {
        guard let address = GeoIPSamples.address(address), let entry = try database.entry(of: address) else {
            return nil
        }
        var storage = ByteBuffer()
        let value = try database.value(
            at: GeoIPPath(path.split(separator: ".").map(String.init)), of: entry, &storage)
        var json = ByteBuffer()
        json.appendJSON(value, storage)
        return json.text
    }

    @Test(
        "a value has the type that the database gives it",
        arguments: [
            ("u16", "65535"), ("u32", "4294967295"), ("i32", "-5"), ("u64", "18446744073709551615"), ("small", "7"),
            ("u128", "1.1805916207174113e+21"), ("float", "0.5"), ("double", "-0.25"), ("yes", "true"), ("no", "false"),
            ("empty", #""""#), ("none", "{}"), ("list", #"[1,["x"],{"a":[true]}]"#), ("list.0", "1"),
            ("list.2.a.0", "true"),
        ])
    func types(_ name: String, _ expected: String) throws {
        let value = try Self.value(GeoIPSamples.database(), "2001:db8:2::1", "types.\(name)")
        #expect(value == expected)
    }

    @Test(
        "what is no value, is not there or is beyond a limit is null",
        arguments: ["bytes", "long", "deep", "many", "gone", "list.7", "list.x", "u16.a", "empty.0", "none.a"])
    func nulls(_ name: String) throws {
        #expect(try Self.value(GeoIPSamples.database(), "2001:db8:2::1", "types.\(name)") == "null")
    }

    @Test("a map is read whole, with what stands behind pointers")
    func maps() throws {
        let database = try GeoIPSamples.database()
        #expect(
            try Self.value(database, "192.0.2.1", "city")
                == #"{"geoname_id":1857910,"names":{"en":"Kyoto","ja":"京都市"}}"#)
        #expect(
            try Self.value(database, "192.0.2.1", "subdivisions")
                == #"[{"iso_code":"26","names":{"en":"Kyoto","ja":"京都府"}},{"iso_code":"x","names":{"en":"Second"}}]"#)
        #expect(try Self.value(database, "2001:db8:1::1", "city.names.en") == #""Turku \"\\ Åbo""#)
        let location = try #require(try Self.value(database, "192.0.2.1", "location"))
        let object = try JSONSerialization.jsonObject(with: Data(location.utf8)) as? [String: Any]
        #expect(object?.count == 5 && object?["metro_code"] as? Int == 501 && object?["latitude"] as? Double == 35.0211)
    }

    @Test("an address of version 4 is found in both of its forms, and networks end where they end")
    func networks() throws {
        let database = try GeoIPSamples.database()
        for address in ["192.0.2.0", "192.0.2.127", "::ffff:192.0.2.1", "::ffff:c000:201"] {
            #expect(try Self.value(database, address, "country.iso_code") == #""JP""#, "\(address)")
        }
        for address in ["192.0.2.128", "192.0.1.255", "10.0.0.1", "127.0.0.1", "2001:db8:3::", "fe80::1", "::"] {
            #expect(try Self.value(database, address, "country.iso_code") == nil, "\(address)")
        }
        #expect(try Self.value(database, "2001:DB8:1:FFFF::", "country.iso_code") == #""FI""#)
    }

    @Test("a database of version 4 alone knows nothing of version 6, which is no fault of it")
    func version4() throws {
        let database = try GeoIPSamples.database(GeoIPSamples.folder + "/v4.mmdb")
        #expect(try Self.value(database, "192.0.2.1", "country.iso_code") == #""JP""#)
        #expect(try Self.value(database, "::ffff:192.0.2.1", "country.iso_code") == #""JP""#)
        #expect(try Self.value(database, "2001:db8:1::1", "country.iso_code") == nil)
    }

    @Test("what is no database is an error in words")
    func noDatabase() throws {
        let folder = try GeoIPSamples.Folder()
        for bytes in [[], Array("no database".utf8), Array(try GeoIPSamples.bytes().prefix(5000))] {
            let path = try folder.put(bytes)
            let error = #expect(throws: LibMaxMindDB.Failure.self) { _ = try GeoIPSamples.database(path) }
            #expect(error?.description.isEmpty == false)
        }
    }

    @Test("no broken file ends the program or holds it up", .timeLimit(.minutes(1)))
    func broken() throws {
        let folder = try GeoIPSamples.Folder()
        let whole = try GeoIPSamples.bytes()
        let addresses = ["192.0.2.1", "198.51.100.9", "2001:db8:1::1", "2001:db8:2::1", "8.8.8.8", "::"]
        let paths = [
            "", "city", "city.names.en", "location.latitude", "subdivisions.0.iso_code", "types", "types.list.2",
        ]
        var random = SeededGenerator(seed: 20_261_130)
        var opened = 0
        var failed = 0
        var changed = 0
        let sound = try Self.reading(GeoIPSamples.database(), addresses, paths).values
        for round in 0..<600 {
            var bytes = whole
            if round % 3 == 0 {
                // From the back, where the metadata is, and from the middle with it.
                let cut = Int.random(in: 0..<bytes.count, using: &random)
                let length = Int.random(in: 1...2000, using: &random)
                bytes.removeSubrange(
                    cut..<min(cut + length, round % 6 == 0 ? bytes.count : max(cut, bytes.count - 400)))
            } else {
                for _ in 0...Int.random(in: 0..<20, using: &random) {
                    bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
                }
            }
            guard let database = try? GeoIPSamples.database(try folder.put(bytes)) else { continue }
            opened += 1
            let reading = Self.reading(database, addresses, paths)
            failed += reading.failures
            if reading.values != sound { changed += 1 }
        }
        // Else it would be no test of broken files.
        #expect(
            opened > 300 && failed > 100 && changed > 100, "\(opened) opened, \(failed) failures, \(changed) changed")
    }

    private static func reading(
        _ database: GeoIPDatabase, _ addresses: [String], _ paths: [String]
    ) -> (values: [String?], failures: Int) {
        var values: [String?] = []
        var failures = 0
        for address in addresses {
            for path in paths {
                do {
                    values.append(try value(database, address, path))
                } catch {
                    failures += 1
                    values.append("failed")
                }
            }
        }
        return (values, failures)
    }
}

@Suite struct GeoIPAddressTests {
    @Test(
        "an address is read as it stands, and nothing else is one",
        arguments: [
            ("192.0.2.1", true), ("0.0.0.0", true), ("255.255.255.255", true), ("::", true), ("::1", true),
            ("2001:DB8::A", true), ("::ffff:192.0.2.1", true), ("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255", true),
            ("", false), ("0", false), ("-", false), ("unknown", false), ("192.0.2", false), ("192.0.2.256", false),
            ("192.0.2.1:80", false), ("[2001:db8::1]", false), ("[2001:db8::1]:80", false), ("fe80::1%eth0", false),
            (" 192.0.2.1", false), ("192.0.2.1 ", false), ("192.0.2.1, 198.51.100.1", false), ("192.0.2.1\0", false),
            ("example.com", false), ("192.0.2.1/24", false), ("٣.0.2.1", false), (":::", false),
            ("0000:0000:0000:0000:0000:0000:0000:0000:0000", false), (String(repeating: "1", count: 100_000), false),
        ])
    func addresses(_ text: String, _ isAddress: Bool) {
        #expect((GeoIPSamples.address(text) != nil) == isAddress)
    }

    @Test("the two forms of an address of version 4 are one address")
    func forms() throws {
        let address = try #require(GeoIPSamples.address("192.0.2.1"))
        #expect(address == GeoIPSamples.address("::ffff:192.0.2.1") && address.version4 == 0xC000_0201)
        let other = try #require(GeoIPSamples.address("2001:db8::a"))
        #expect(other.version4 == nil && other.high == 0x2001_0DB8_0000_0000 && other.low == 10)
        #expect(GeoIPSamples.address("::192.0.2.1")?.version4 == nil)
    }
}
