import Events
import Filters
import Foundation
import Logging
import TestSupport

/// The databases of `Tests/GeoIP`, and filters that read them.
enum GeoIPSamples {
    static let folder = GoldenData.tests.appendingPathComponent("GeoIP").path
    static let city = folder + "/city.mmdb"

    /// Debian's libmaxminddb0; what needs it is skipped where it is missing.
    static let isLibraryThere = (try? LibMaxMindDB()) != nil

    static func database(_ path: String = city) throws -> GeoIPDatabase { try GeoIPDatabase(path, LibMaxMindDB()) }

    static func address(_ text: String) -> GeoIPAddress? {
        let storage = ByteBuffer(text)
        return GeoIPAddress(storage.all, storage)
    }

    /// - Parameter fields: names and texts with placeholders of geoip2_c.
    static func settings(_ fields: [(String, String)], keys: [String] = ["host"]) throws -> GeoIPFilter.Settings {
        var settings = GeoIPFilter.Settings(keys: try keys.map { [try RecordAccessor($0)] })
        for (name, text) in fields {
            let value = GeoIPText(text) { written in
                guard let placeholder = try? GeoIPPlaceholder(written, .geoip2_c) else { return -1 }
                settings.placeholders.append(
                    GeoIPFilter.Placeholder(
                        key: keys.firstIndex(of: placeholder.key), path: placeholder.path,
                        isCoordinate: placeholder.isCoordinate))
                return settings.placeholders.count - 1
            }
            settings.fields.append((Array(name.utf8), .text(value)))
        }
        return settings
    }

    /// The record with what the filter adds.
    static func line(_ filter: GeoIPFilter, _ record: String) throws -> String {
        let batch = EventBatch()
        try batch.add(record)
        filter.apply(Events.Batch(batch.tag), storage: &batch.storage, rows: &batch.rows)
        return batch.lines.joined(separator: "\n")
    }

    /// A folder that goes with the object.
    final class Folder: Sendable {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("sluice-\(UUID().uuidString)").path

        init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }
        deinit { try? FileManager.default.removeItem(atPath: path) }

        /// Puts a file there as geoipupdate does: under another name first.
        func put(_ bytes: [UInt8], as name: String = "db.mmdb") throws -> String {
            let file = "\(path)/\(name)"
            try Data(bytes).write(to: URL(fileURLWithPath: file + ".new"))
            guard rename(file + ".new", file) == 0 else { throw CocoaError(.fileWriteUnknown) }
            return file
        }
    }

    static func bytes(_ name: String = "city.mmdb") throws -> [UInt8] {
        Array(try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name)")))
    }

    /// The city's database with another name of the same length in it.
    static func renamed(_ old: String, _ new: String) throws -> [UInt8] {
        var data = Data(try bytes())
        while let place = data.range(of: Data(old.utf8)) { data.replaceSubrange(place, with: Data(new.utf8)) }
        return Array(data)
    }
}
