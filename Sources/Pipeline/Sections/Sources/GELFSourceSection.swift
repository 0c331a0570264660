internal import ConfigFile
internal import Inputs
internal import Parsing

/// `<source> @type gelf`: the parameters of fluent-plugin-input-gelf (its README.md and `in_gelf.rb`).
enum GELFSourceSection {
    /// Of a message, put together and unpacked: Graylog takes one of 2 MiB, too ("GELF via TCP", `max_message_size`).
    private static let defaultMessageBytes = 2 << 20

    static func read(_ reader: SectionReader, _ builder: PlanBuilder) -> SourcePlan? {
        guard var transport = SocketSection.transport(reader, builder, allowing: [.udp, .tcp]) else { return nil }
        if let kind = reader.enumeration("protocol_type", ["udp": SocketSettings.Transport.udp, "tcp": .tcp]) {
            transport.kind = kind.value
        }
        let place = SocketSection.listen(reader, builder, transport.kind, defaultPort: 12201)
        let tag = reader.string("tag", required: true)
        var gelf = SocketSettings.GELF()
        gelf.stripsUnderscores = reader.bool("strip_leading_underscore", default: true)
        let trustsTime = reader.bool("trust_client_timestamp", default: true)
        gelf.truncatesTime = reader.bool("client_timestamp_to_i", default: false) && trustsTime
        let keepsTime = !reader.bool("remove_timestamp_record", default: true)
        let bytes = reader.size("message_length_limit", default: defaultMessageBytes, range: 1024...(1 << 28))
        let section = ParseSection.find(in: reader, isRequired: false) ?? emptySection(reader)
        let parsed = ParseSection.read(
            trustsTime ? withTimestamp(section, keepsTime: keepsTime) : section, reader.diagnostics,
            defaultType: "json")
        guard let parsed, let tag else { return nil }
        var settings = SocketSettings(
            transport.kind, host: place.host, port: place.port, tag: tag.value, parser: parsed.recipe.counted(),
            messageBytes: bytes)
        settings.gelf = gelf
        // "GELF via TCP": each message ends with a null byte.
        settings.framing = .delimiter([0])
        settings.removesNewline = false
        SocketSection.readQueue(reader, &settings)
        SocketSection.readStream(reader, &settings)
        SocketSection.readSender(reader, &settings)
        return SocketSection.plan("gelf", settings, transport.tls)
    }

    private static func emptySection(_ reader: SectionReader) -> Section {
        let place = reader.section.place
        return Section(name: "parse", argument: Argument(text: "", place: place), place: place)
    }

    /// GELF's own time is the field `timestamp`: seconds since 1970, with their fraction.
    private static func withTimestamp(_ section: Section, keepsTime: Bool) -> Section {
        guard section.parameter("time_key") == nil else { return section }
        var made = section
        for (key, value) in [("time_key", "timestamp"), ("time_type", "float"), ("keep_time_key", "\(keepsTime)")]
        where section.parameter(key) == nil {
            made.parameters.append(
                Parameter(
                    key: key, value: .text(value), keyPlace: section.place, valuePlace: section.place,
                    quoting: .unquoted))
        }
        return made
    }
}
