/// The names that the language itself knows; plugins add their own, which only they can judge.
enum SectionNames {
    /// Sections at the top of a file.
    static let top = ["source", "filter", "match", "label", "system", "worker"]

    /// Sections that plugins commonly take; used only to understand a damaged line.
    static let nested: Set<String> = [
        "parse", "format", "buffer", "inject", "store", "secondary", "record", "grok", "regexp", "exclude", "and", "or",
        "server", "security", "user", "client", "transport", "log", "storage", "extract", "pattern", "rule", "auth",
        "healthcheck", "service_discovery", "headers", "metrics", "fluent_log_event", "counter_server",
        "counter_client", "source_only_buffer",
    ]

    /// Sections whose parameters may not begin with `@`, the reserved ones apart.
    static let reserving: Set<String> = ["source", "filter", "match", "system", "ROOT"]

    /// Parameters that every plugin section has.
    static let reservedKeys = ["@type", "@id", "@label", "@log_level"]

    /// What may stand in a section of the language; nil where a plugin decides.
    static func allowed(in name: String) -> [String]? {
        switch name {
        case "ROOT": top
        case "label": ["filter", "match"]
        case "worker": ["source", "filter", "match", "label"]
        default: nil
        }
    }
}
