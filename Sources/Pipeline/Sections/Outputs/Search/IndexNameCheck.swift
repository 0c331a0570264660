internal import ConfigFile
internal import Words

/// What an index can be called, and what can be filled in: held against the parameter's text, with a caret in it.
///
/// Names are those of Elasticsearch's create-index API: lower case, none of `\ / * ? " < > | , #` and no blank, not
/// beginning with `-`, `_` or `+`, at most 255 bytes. Placeholders are Fluentd's: the tag, its parts and the chunk keys.
enum IndexNameCheck {
    /// - Parameters:
    ///   - chunkKeys: the fields among the chunk keys.
    ///   - isFirst: the text begins the name.
    static func check(
        _ setting: Setting<String>, _ key: String, chunkKeys: [String], hasTimeKey: Bool, isFirst: Bool,
        _ diagnostics: Diagnostics
    ) {
        let bytes = Array(setting.value.utf8)
        var position = 0
        var warnedOfTime = false
        var hasCapital = false
        while position < bytes.count {
            let byte = bytes[position]
            if byte == UInt8(ascii: "$"), position + 1 < bytes.count, bytes[position + 1] == UInt8(ascii: "{") {
                let close = bytes[position...].firstIndex(of: UInt8(ascii: "}")) ?? bytes.count - 1
                let name = String(decoding: bytes[(position + 2)..<max(position + 2, close)], as: UTF8.self)
                let place = setting.parameter.place(ofOffset: position, length: close + 1 - position)
                checkPlaceholder(name, key, chunkKeys, place, diagnostics)
                position = close + 1
                continue
            }
            if byte == UInt8(ascii: "%"), position + 1 < bytes.count {
                if !hasTimeKey, !warnedOfTime, "YmdHMSjFyBbe".utf8.contains(bytes[position + 1]) {
                    warnedOfTime = true
                    diagnostics.warning(
                        setting.parameter.place(ofOffset: position, length: 2),
                        "'%\(UnicodeScalar(bytes[position + 1]))' in '\(key)' is not filled in without the chunk key 'time'",
                        hint: "write <buffer tag, time> with 'timekey 1d', or use 'logstash_format true'")
                }
                position += 2
                continue
            }
            let place = setting.parameter.place(ofOffset: position)
            if isFirst, position == 0, "-_+".utf8.contains(byte) {
                diagnostics.error(
                    place, "no index can begin with '\(UnicodeScalar(byte))'", hint: "begin '\(key)' with a letter")
                return
            }
            if "\\/*?\"<>|,# \t\n".utf8.contains(byte) {
                let shown = byte <= 0x20 ? "a blank" : "'\(UnicodeScalar(byte))'"
                diagnostics.error(
                    place, "no index can have \(shown) in its name (in '\(key)')",
                    hint: "letters in lower case, digits, '-', '_' and '.' are allowed")
                return
            }
            hasCapital = hasCapital || (0x41...0x5A).contains(byte)
            position += 1
        }
        if bytes.count > 255 {
            diagnostics.error(setting.place, "'\(key)' has \(bytes.count) bytes; an index has at most 255 in its name")
        } else if isFirst, setting.value == "." || setting.value == ".." {
            diagnostics.error(setting.place, "no index can be called '\(setting.value)'")
        } else if hasCapital {
            diagnostics.note(
                setting.place, "capitals in '\(key)' are written in lower case: servers allow no others")
        }
    }

    private static func checkPlaceholder(
        _ name: String, _ key: String, _ chunkKeys: [String], _ place: Place, _ diagnostics: Diagnostics
    ) {
        if name == "tag" || chunkKeys.contains(name) { return }
        if name.hasPrefix("tag["), name.hasSuffix("]"), let number = Int(name.dropFirst(4).dropLast()) {
            // A tag has seldom more than a few parts: what is not there is empty.
            if (-16...16).contains(number) { return }
        }
        diagnostics.error(
            place, "'${\(name)}' in '\(key)' is neither the tag nor a chunk key", hint: hint(name, chunkKeys))
    }

    private static func hint(_ name: String, _ chunkKeys: [String]) -> String {
        if name.hasPrefix("tag_parts["), name.hasSuffix("]") {
            return "write ${tag[\(name.dropFirst("tag_parts[".count).dropLast())]}"
        }
        // `team` is a field, and no slip of the pen for `tag`.
        let near =
            EditDistance.nearest(to: name, in: chunkKeys) ?? EditDistance.nearest(to: name, in: ["tag"], limit: 1)
        if let near { return "did you mean '${\(near)}'?" }
        var field = name
        for (start, end) in [("record[\"", "\"]"), ("record['", "']")]
        where name.hasPrefix(start) && name.hasSuffix(end) {
            field = String(name.dropFirst(start.count).dropLast(end.count))
        }
        let isField = !field.isEmpty && field.utf8.allSatisfy { $0 > 0x20 && !"\"'[]{}(),".utf8.contains($0) }
        return isField
            ? "write ${\(field)} and make the field a chunk key: <buffer tag, \(field)>"
            : "there are ${tag}, ${tag[1]} and the fields named in <buffer …>"
    }
}
