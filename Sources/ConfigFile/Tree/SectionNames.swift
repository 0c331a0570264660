internal import Words

/// The names that the language itself knows; plugins add their own, which only they can judge.
enum SectionNames {
    /// Sections at the top of a file.
    static let top = ["source", "filter", "match", "label", "system", "worker"]

    /// Sections that plugins commonly take; used only to understand a damaged line, or a misspelt name.
    static let nested: Set<String> = [
        "parse", "format", "buffer", "inject", "store", "secondary", "record", "grok", "regexp", "exclude", "and", "or",
        "server", "security", "user", "client", "transport", "log", "storage", "extract", "pattern", "group", "rule",
        "auth", "healthcheck", "service_discovery", "headers", "metrics", "fluent_log_event", "counter_server",
        "counter_client", "source_only_buffer",
    ]

    /// Sections whose parameters may not begin with `@`, the reserved ones apart.
    static let reserving: Set<String> = ["source", "filter", "match", "system", "ROOT"]

    /// Parameters that every plugin section has.
    static let reservedKeys = ["@type", "@id", "@label", "@log_level"]

    /// Where parameters belong that are often written into another section, by the name of the section they belong to.
    private static let homes: KeyValuePairs<String, [String]> = [
        "<buffer>": [
            "chunk_limit_size", "chunk_limit_records", "total_limit_size", "queue_limit_length", "flush_mode",
            "flush_thread_count", "flush_at_shutdown", "overflow_action", "retry_wait", "retry_timeout",
            "retry_max_times", "retry_max_interval", "retry_forever", "retry_type", "timekey", "timekey_wait",
            "timekey_use_utc", "timekey_zone",
        ],
        "<parse>": [
            "expression", "grok_pattern", "types", "keep_time_key", "null_value_pattern", "null_empty_string",
            "custom_pattern_path", "time_format_fallbacks", "grok_failure_key",
        ],
        "<transport tls>": [
            "cert_path", "private_key_path", "private_key_passphrase", "client_cert_auth", "ca_cert_path",
            "ca_private_key_path", "min_version", "max_version", "insecure",
        ],
        "<security>": ["shared_key", "self_hostname", "user_auth", "allow_anonymous_source"],
        "<user>": ["username"],
        "<filter> of type parser": [
            "key_name", "reserve_data", "reserve_time", "remove_key_name_field", "inject_key_prefix",
            "hash_value_field", "emit_invalid_record_to_error", "replace_invalid_sequence",
        ],
        "<filter> of type record_transformer": ["renew_record", "enable_ruby", "keep_keys", "auto_typecast"],
        "<system>": ["root_dir", "suppress_config_dump", "shutdown_timeout"],
    ]

    /// The section that a parameter belongs to, when that is another one.
    static func home(of parameter: String, besides section: String) -> String? {
        homes.first { $0.value.contains(parameter) && !$0.key.hasPrefix("<\(section)") }?.key
    }

    /// Reports a key that begins with `@` and is none of the reserved ones.
    /// - Parameter section: the name of the section it stands in; `tag` is how messages name it.
    static func checkReserved(
        _ parameter: Parameter, _ section: String, _ tag: @autoclosure () -> String, _ diagnostics: Diagnostics
    ) {
        guard parameter.key.hasPrefix("@"), !reservedKeys.contains(parameter.key) else { return }
        let near = EditDistance.nearest(to: parameter.key, in: reservedKeys + ["@include"])
        let hint =
            near.map { "did you mean '\($0)'?" }
            ?? "names that begin with '@' are reserved; reserved are \(reservedKeys.joined(separator: ", "))"
        if reserving.contains(section) {
            diagnostics.error(parameter.keyPlace, "unknown parameter '\(parameter.key)' in \(tag())", hint: hint)
        } else {
            diagnostics.warning(
                parameter.keyPlace, "'\(parameter.key)' in \(tag()) begins with '@', which is reserved", hint: hint)
        }
    }

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
