internal import ConfigFile
internal import Filters
internal import Words

/// `<record>` of geoip: which fields get which values.
struct GeoIPRecord {
    private let reader: SectionReader
    private let keys: [GeoIPSection.LookUpKey]
    private let naming: GeoIPPlaceholder.Naming
    private var settings: GeoIPFilter.Settings
    /// As they are written.
    private var numbers: [String: Int] = [:]

    /// - Parameter oldFields: `enable_key_…` with the names that they ask for; they stand before the others.
    static func read(
        _ reader: SectionReader, _ keys: [GeoIPSection.LookUpKey], _ naming: GeoIPPlaceholder.Naming,
        _ oldFields: [(parameter: Parameter, name: String)]
    ) -> GeoIPFilter.Settings {
        var record = GeoIPRecord(
            reader: reader, keys: keys, naming: naming, settings: GeoIPFilter.Settings(keys: keys.map(\.places)))
        record.settings.skipsNull = reader.bool("skip_adding_null_record", default: false)
        for (parameter, name) in oldFields { record.add(old: parameter, name) }
        let sections = reader.sections(named: "record")
        for section in sections {
            let inner = SectionReader(section, description: "<record>", diagnostics: reader.diagnostics)
            for parameter in inner.allParameters() { record.add(parameter) }
            inner.finish()
        }
        if sections.isEmpty, oldFields.isEmpty {
            reader.diagnostics.warning(
                reader.section.place, "\(reader.description) has no <record>, so it adds nothing",
                hint: "add <record> with 'country ${country.iso_code[\"\(keys.first?.name ?? "host")\"]}'")
        }
        return record.settings
    }

    private init(
        reader: SectionReader, keys: [GeoIPSection.LookUpKey], naming: GeoIPPlaceholder.Naming,
        settings: GeoIPFilter.Settings
    ) {
        (self.reader, self.keys, self.naming, self.settings) = (reader, keys, naming, settings)
    }

    // MARK: - Fields

    private mutating func add(_ parameter: Parameter) {
        guard var text = parameter.text else { return }
        var start = 0
        // Quotes inside of quotes, and of v0.12's values, which keep theirs.
        if let quote = text.first, quote == "\"" || quote == "'", text.utf8.count > 2, text.last == quote {
            text = String(text.dropFirst().dropLast())
            start = 1
        }
        let bytes = Array(text.utf8)
        var isGood = true
        for range in GeoIPPlaceholder.ranges(in: bytes) {
            let place = parameter.place(ofOffset: start + range.lowerBound, length: range.count)
            isGood = note(String(decoding: bytes[range], as: UTF8.self), at: place) && isGood
        }
        guard isGood else { return }
        guard parameter.quoting == .json || Self.isJSON(bytes) else {
            return set(parameter.key, .text(GeoIPText(text) { numbers[$0] ?? 0 }))
        }
        guard let value = JSONValue(parsing: Self.quotingPlaceholders(bytes)), let template = template(value) else {
            reader.diagnostics.error(
                parameter.valuePlace, "the value of '\(parameter.key)' begins and ends like JSON, and is none",
                hint: #"write '{"lat":${location.latitude["host"]}}'; a placeholder needs no quotes there"#)
            return
        }
        set(parameter.key, template)
    }

    /// `enable_key_city NAME, NAME`: a field for each look-up key.
    private mutating func add(old parameter: Parameter, _ name: String) {
        let names = reader.array(parameter.key)?.value ?? []
        guard GeoIPPlaceholder.Naming.geoip.path(of: name) != nil else {
            reader.diagnostics.error(
                parameter.keyPlace, "'\(name)' is nothing that a geoip database has",
                hint: "there are \(GeoIPPlaceholder.Naming.geoip.names.joined(separator: ", "))")
            return
        }
        for (index, key) in keys.enumerated() {
            guard index < names.count, !names[index].isEmpty else {
                reader.diagnostics.error(
                    parameter.keyPlace, "'\(parameter.key)' has no name for the value of '\(key.name)'",
                    hint: "write one for each of geoip_lookup_key, with commas between")
                return
            }
            let text = "${\(name)['\(key.name)']}"
            guard note(text, at: parameter.keyPlace, .geoip) else { return }
            set(names[index], .text(GeoIPText(text) { numbers[$0] ?? 0 }))
        }
    }

    /// Of two fields of one name the last counts, in the place of the first.
    private mutating func set(_ key: String, _ value: GeoIPTemplate) {
        let name = Array(key.utf8)
        if let index = settings.fields.firstIndex(where: { $0.key == name }) {
            settings.fields[index].value = value
        } else {
            settings.fields.append((name, value))
        }
    }

    // MARK: - Placeholders

    /// Gives a placeholder a number. False: it is none, which was said.
    private mutating func note(_ text: String, at place: Place, _ own: GeoIPPlaceholder.Naming? = nil) -> Bool {
        // In JSON inside of JSON quotes have a backslash.
        let written = text.replacing("\\\"", with: "\"")
        guard numbers[written] == nil else { return true }
        do throws(GeoIPPlaceholder.SyntaxError) {
            let placeholder = try GeoIPPlaceholder(written, own ?? naming)
            let key = keys.firstIndex { $0.name == placeholder.key }
            if key == nil {
                let names = keys.map(\.name)
                reader.diagnostics.warning(
                    place, "'\(placeholder.key)' is no key of 'geoip_lookup_keys', so this is always null",
                    hint: EditDistance.nearest(to: placeholder.key, in: names).map { "did you mean '\($0)'?" }
                        ?? "add it there: geoip_lookup_keys \((names + [placeholder.key]).joined(separator: ", "))")
            }
            if (own ?? naming) == .geoip2_c, let first = placeholder.path.first,
                let path = GeoIPPlaceholder.Naming.pathOfOldName(first)
            {
                reader.diagnostics.warning(
                    place, "databases of GeoIP2 have no '\(first)' at their top",
                    hint: "write ${\(path.joined(separator: "."))[\"\(placeholder.key)\"]}, "
                        + "or backend_library geoip2_compat")
            }
            numbers[written] = settings.placeholders.count
            settings.placeholders.append(
                GeoIPFilter.Placeholder(key: key, path: placeholder.path, isCoordinate: placeholder.isCoordinate))
            return true
        } catch {
            reader.diagnostics.error(place, error.message, hint: error.hint)
            return false
        }
    }

    // MARK: - JSON

    private static func isJSON(_ text: [UInt8]) -> Bool {
        guard text.count > 2, let first = text.first, let last = text.last else { return false }
        return (first == UInt8(ascii: "[") && last == UInt8(ascii: "]"))
            || (first == UInt8(ascii: "{") && last == UInt8(ascii: "}"))
    }

    /// The text with its placeholders as JSON strings, or as parts of those in which they stand.
    private static func quotingPlaceholders(_ text: [UInt8]) -> String {
        let ranges = GeoIPPlaceholder.ranges(in: text)
        var json = ""
        var isInString = false
        var end = 0
        for range in ranges + [text.count..<text.count] {
            let between = text[end..<range.lowerBound]
            var isEscaped = false
            for byte in between {
                if byte == UInt8(ascii: "\""), !isEscaped { isInString.toggle() }
                isEscaped = byte == UInt8(ascii: "\\") && !isEscaped
            }
            json += String(decoding: between, as: UTF8.self)
            end = range.upperBound
            if range.isEmpty { break }
            let written = String(decoding: text[range], as: UTF8.self).replacing("\\\"", with: "\"")
            let quoted = JSONValue.string(written).text
            json += isInString ? String(quoted.dropFirst().dropLast()) : quoted
        }
        return json
    }

    /// nil: a placeholder is a key.
    private func template(_ value: JSONValue) -> GeoIPTemplate? {
        switch value {
        case .string(let text): return .text(GeoIPText(text) { numbers[$0] ?? 0 })
        case .array(let items):
            let templates = items.compactMap(template)
            return templates.count == items.count ? .array(templates) : nil
        case .object(let members):
            var templates: [(key: [UInt8], value: GeoIPTemplate)] = []
            for member in members {
                let key = Array(member.key.utf8)
                guard let value = template(member.value), GeoIPPlaceholder.ranges(in: key).isEmpty else { return nil }
                templates.append((key, value))
            }
            return .object(templates)
        default: return .literal(Array(value.text.utf8))
        }
    }
}
