internal import ConfigFile
internal import Events
internal import Outputs

/// `<inject>`, and v0.12's parameters for it.
enum InjectSection {
    static func read(_ reader: SectionReader, _ builder: PlanBuilder) -> Injection? {
        guard let section = reader.injectSection() else { return nil }
        let isOld = reader.section.sections(named: "inject").isEmpty
        let inner = SectionReader(
            section, description: isOld ? reader.description : "<inject>", diagnostics: reader.diagnostics)
        var injection = Injection()
        func key(_ name: String) -> [UInt8]? { inner.string(name).map { Array($0.value.utf8) } }
        let hostname = inner.string("hostname")?.value ?? builder.environment.hostname
        injection.hostname = key("hostname_key").map { ($0, Array(hostname.utf8)) }
        injection.workerID = key("worker_id_key").map { ($0, Int64(builder.environment.workerID)) }
        injection.tagKey = key("tag_key")
        injection.timeKey = key("time_key")
        let type = inner.enumeration("time_type", FormatSection.types)
        let text = FormatSection.time(inner)
        switch type?.value ?? .float {
        case .float: injection.time = .float
        case .integer(let unit): injection.time = .integer(unit)
        case .text: injection.time = .text(text ?? .iso8601)
        }
        inner.finish()
        if isOld { return injection.isEmpty ? nil : injection }
        if injection.timeKey == nil, let format = section.parameter("time_format") {
            inner.diagnostics.warning(
                format.keyPlace, "'time_format' has no effect: no time is injected", hint: "add 'time_key NAME'")
        } else if case .float = injection.time, let format = section.parameter("time_format") {
            inner.diagnostics.warning(
                format.keyPlace, "'time_format' has no effect: the time is injected as a number",
                hint: "add 'time_type string'")
        }
        if injection.isEmpty {
            inner.diagnostics.warning(
                section.place, "<inject> adds nothing",
                hint: "it takes tag_key, time_key, hostname_key and worker_id_key")
        }
        return injection.isEmpty ? nil : injection
    }
}
