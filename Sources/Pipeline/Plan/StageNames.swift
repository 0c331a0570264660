internal import ConfigFile

/// Gives each stage of a configuration a name of its own.
struct StageNames {
    /// The configuration that was asked for.
    let path: String
    /// The `<worker>` whose sections are read, if any.
    var worker: Section?
    private var given: [String: (place: Place, worker: Place?)] = [:]
    private var taken: Set<StageID> = []

    init(path: String) { self.path = path }

    /// `@id` as it is written, else the place. A second section with the same `@id` is an error, as in Fluentd
    /// (`plugin_id.rb`): except in another `<worker>`, which there is another process, and here gets a number.
    mutating func name(
        _ section: Section, _ id: Setting<String>?, at origin: SectionOrigin, _ diagnostics: Diagnostics
    ) -> StageID {
        guard let id, !id.value.isEmpty else { return unique(StageID(section.name, at: origin, in: path)) }
        if let first = given[id.value] {
            if first.worker == worker?.place || first.worker == nil || worker == nil {
                diagnostics.error(
                    id.place, "'\(id.value)' is the '@id' of two sections", hint: "give each an '@id' of its own",
                    related: [.init(first.place, "the first one is here")])
            }
        } else {
            given[id.value] = (id.place, worker?.place)
        }
        return unique(StageID(id.value))
    }

    private mutating func unique(_ id: StageID) -> StageID {
        var candidate = id
        var number = 2
        while !taken.insert(candidate).inserted {
            candidate = StageID("\(id)#\(number)")
            number += 1
        }
        return candidate
    }
}
