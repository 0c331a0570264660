/// `${PATH["KEY"]}` in a value of `<record>`: what the database knows at PATH of the address in the field KEY
/// (fluent-plugin-geoip, README).
package struct GeoIPPlaceholder: Sendable, Equatable {
    /// Which way names of values go into the database (`backend_library`).
    package enum Naming: String, Sendable {
        /// Paths as the database has them: `location.latitude`.
        case geoip2_c
        /// The names of the gem geoip2_compat.
        case geoip2_compat
        /// Those of the format before: what GeoIP2 databases do not have is null.
        case geoip
    }

    /// As the database has it.
    package var path: [String]
    /// The name of the field with the address, as it is written.
    package var key: String
    /// The last step is `latitude` or `longitude`: 0.0 stands for one that is not known of a known address, as in the plugin.
    package var isCoordinate: Bool

    package struct SyntaxError: Error {
        package var message: String
        package var hint: String
    }

    /// - Parameter text: with its `${` and `}`.
    package init(_ text: String, _ naming: Naming) throws(SyntaxError) {
        let inside = text.dropFirst(2).dropLast()
        guard let open = inside.firstIndex(of: "["), open > inside.startIndex, inside.hasSuffix("]"),
            let quote = inside[open...].dropFirst().first, quote == "\"" || quote == "'"
        else { throw Self.noPlaceholder(text) }
        let quoted = inside[inside.index(after: open)...].dropLast()
        let key = quoted.dropFirst().dropLast()
        guard quoted.utf8.count > 2, quoted.last == quote, !key.contains(where: { $0 == quote || "{}".contains($0) }),
            !inside[..<open].contains("]")
        else { throw Self.noPlaceholder(text) }
        self.key = String(key)
        let name = String(inside[..<open])
        guard let paths = naming.paths else {
            path = name.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
            isCoordinate = ["latitude", "longitude"].contains(path.last)
            return
        }
        guard let path = paths[name] else {
            throw SyntaxError(
                message: "'\(name)' is nothing that \(naming.rawValue) knows",
                hint: "it knows \(naming.names.joined(separator: ", "))")
        }
        self.path = path
        isCoordinate = ["latitude", "longitude"].contains(name)
    }

    private static func noPlaceholder(_ text: String) -> SyntaxError {
        SyntaxError(
            message: "'\(text)' is no placeholder of geoip", hint: "write ${PATH[\"KEY\"]}: ${city.names.en[\"host\"]}")
    }

    /// Where placeholders stand in a text, in bytes: `${`, at least one byte, and the first `}`.
    package static func ranges(in text: [UInt8]) -> [Range<Int>] {
        var ranges: [Range<Int>] = []
        var index = 0
        while index + 3 < text.count {
            guard text[index] == UInt8(ascii: "$"), text[index + 1] == UInt8(ascii: "{"),
                text[index + 2] != UInt8(ascii: "}")
            else {
                index += 1
                continue
            }
            guard let close = text[(index + 2)...].firstIndex(of: UInt8(ascii: "}")) else { break }
            ranges.append(index..<(close + 1))
            index = close + 1
        }
        return ranges
    }
}

extension GeoIPPlaceholder.Naming {
    /// Names and where their values are in a GeoIP2 database; nil: the names are paths. `area_code` and `country_code3` have no
    /// such place.
    var paths: [String: [String]]? {
        let both = [
            "city": ["city", "names", "en"], "country_code": ["country", "iso_code"],
            "country_name": ["country", "names", "en"], "latitude": ["location", "latitude"],
            "longitude": ["location", "longitude"], "region": ["subdivisions", "0", "iso_code"],
        ]
        return switch self {
        case .geoip2_c: nil
        case .geoip2_compat:
            both.merging(
                ["postal_code": ["postal", "code"], "region_name": ["subdivisions", "0", "names", "en"]],
                uniquingKeysWith: { $1 })
        case .geoip:
            both.merging(
                [
                    "dma_code": ["location", "metro_code"], "area_code": ["area_code"],
                    "country_code3": ["country_code3"],
                ],
                uniquingKeysWith: { $1 })
        }
    }

    /// The names that it knows, in order; empty: any path.
    package var names: [String] { paths.map { $0.keys.sorted() } ?? [] }

    /// Where the value of a name is; nil: it knows none of this name.
    package func path(of name: String) -> [String]? { paths?[name] }

    /// The path of what an old backend calls so, where a database has nothing of that name at its top; nil: it is no such name.
    package static func pathOfOldName(_ name: String) -> [String]? {
        [Self.geoip2_compat, .geoip].compactMap { $0.path(of: name) }.first { $0.first != name }
    }
}
