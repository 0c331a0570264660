package import Events
package import Logging
internal import Time

/// `@type geoip`: adds what a database of MaxMind knows about the addresses in a record, as fluent-plugin-geoip does
/// (github.com/y-ken/fluent-plugin-geoip, `lib/fluent/plugin/filter_geoip.rb` of version 1).
///
/// What is no address (a name, an address with its port, a list of addresses, a number) and what the database does not know is
/// null, and nothing inside of text. No name server is asked.
package final class GeoIPFilter: Filter {
    package struct Settings: Sendable {
        /// `geoip_lookup_keys`: the places in which an address may stand; of each list the first that is there counts.
        package var keys: [[RecordAccessor]]
        package var placeholders: [Placeholder] = []
        /// `<record>`, in order.
        package var fields: [(key: [UInt8], value: GeoIPTemplate)] = []
        /// `skip_adding_null_record`: a record stays as it is when the first placeholder of those whose address is known has no
        /// value, or no address is known.
        package var skipsNull = false

        package init(keys: [[RecordAccessor]]) { self.keys = keys }
    }

    package struct Placeholder: Sendable {
        /// The number of the look-up key; nil: it is none, and the value is never known.
        package var key: Int?
        package var path: [String]
        package var isCoordinate: Bool

        package init(key: Int?, path: [String], isCoordinate: Bool) {
            (self.key, self.path, self.isCoordinate) = (key, path, isCoordinate)
        }
    }

    /// Addresses whose values are kept, and bytes of these; more begin anew.
    package static let keptAddresses = 1 << 13
    package static let keptBytes = 4 << 20

    private let settings: Settings
    private let file: GeoIPDatabaseFile
    private let log: Log
    private let clock: @Sendable () -> Int64
    private var database: GeoIPDatabase?
    private var nextCheck = Int64.min

    /// The paths that placeholders have, each once, and where those of one address begin in `known`.
    private let paths: [GeoIPPath]
    private let pathOfPlaceholder: [Int]
    /// By address, the place of the first of its values in `known`; negative: it is not in the database.
    private var places: [GeoIPAddress: Int] = [:]
    private var known: [Value] = []
    private var texts = ByteBuffer()
    /// Of the record at hand: where the values of each key's address are, and one for each placeholder.
    private var found: [Int] = []
    private var values: [Value]

    private static let notThere = -1

    package init(
        _ settings: Settings, file: GeoIPDatabaseFile, log: Log = .discarding,
        clock: @escaping @Sendable () -> Int64 = Clock.monotonicMilliseconds
    ) {
        self.settings = settings
        self.file = file
        self.log = log
        self.clock = clock
        var paths: [[String]] = []
        pathOfPlaceholder = settings.placeholders.map { placeholder in
            if let index = paths.firstIndex(of: placeholder.path) { return index }
            paths.append(placeholder.path)
            return paths.count - 1
        }
        self.paths = paths.map(GeoIPPath.init)
        values = settings.placeholders.map { _ in .null }
    }

    package func apply(_ batch: Batch, storage: inout ByteBuffer, rows: inout Rows) {
        renewDatabase()
        // Written when the first record needs them.
        var keys: [Slice] = []
        for index in rows.records.indices {
            let record = rows.records[index]
            lookUp(record, batch.tag, &storage, rows)
            if !fillIn(), settings.skipsNull { continue }
            if keys.isEmpty { keys = settings.fields.map { storage.append(copyOf: $0.key) } }
            let first = rows.copyFields(of: record)
            var seen = UInt64.max
            for (number, field) in settings.fields.enumerated() {
                let value = field.value.value(values, texts, &storage)
                rows.set(keys[number], value, first: first, seen: &seen, storage)
            }
            rows.records[index] = Record(
                time: record.time, firstField: first, fieldCount: rows.fields.count - first, origin: record.origin)
        }
    }

    private func renewDatabase() {
        let now = clock()
        guard now >= nextCheck else { return }
        let old = database
        (database, nextCheck) = file.database(at: now, log)
        if database !== old { forget() }
    }

    private func forget() {
        places.removeAll(keepingCapacity: true)
        known.removeAll(keepingCapacity: true)
        texts.clear()
    }

    // MARK: - Looking up

    /// Finds the addresses of a record.
    private func lookUp(_ record: Record, _ tag: Tag, _ storage: inout ByteBuffer, _ rows: borrowing Rows) {
        // Not between two keys of one record: their values must stay.
        if places.count >= Self.keptAddresses || texts.count >= Self.keptBytes { forget() }
        found.removeAll(keepingCapacity: true)
        for key in settings.keys {
            var place = Self.notThere
            for accessor in key {
                guard let value = rows.value(at: accessor, in: record, storage), value.kind != .null else { continue }
                if let address = storage.withText(of: value, { GeoIPAddress($0, $1) }) {
                    place = self.place(of: address, tag)
                }
                break
            }
            found.append(place)
        }
    }

    private func place(of address: GeoIPAddress, _ tag: Tag) -> Int {
        guard let database else { return Self.notThere }
        if let place = places[address] { return place }
        var place = Self.notThere
        do throws(LibMaxMindDB.Failure) {
            if let entry = try database.entry(of: address) {
                let first = known.count
                for path in paths {
                    do throws(LibMaxMindDB.Failure) {
                        known.append(try database.value(at: path, of: entry, &texts))
                    } catch {
                        known.append(.null)
                        report(error, tag)
                    }
                }
                place = first
            }
        } catch {
            report(error, tag)
        }
        places[address] = place
        return place
    }

    private func report(_ failure: LibMaxMindDB.Failure, _ tag: Tag) {
        log.limited(
            .warn, kind: "broken geoip database", subject: ["tag": tag.text],
            "the geoip database is broken: values are null", ["error": failure.description])
    }

    /// Gives each placeholder its value. Returns whether a record that is not to have nulls is to be changed.
    private func fillIn() -> Bool {
        var isFirstThere: Bool?
        for (number, placeholder) in settings.placeholders.enumerated() {
            guard let key = placeholder.key, found[key] >= 0 else {
                values[number] = .null
                continue
            }
            let value = known[found[key] + pathOfPlaceholder[number]]
            values[number] = placeholder.isCoordinate && value.kind == .null ? .double(0) : value
            if isFirstThere == nil { isFirstThere = values[number].kind != .null }
        }
        return isFirstThere ?? false
    }
}
