internal import Buffering
internal import ConfigFile
internal import Words

/// Whether placeholders of a parameter, `${tag}` and `${key}`, stand for chunk keys that there are.
enum PlaceholderCheck {
    struct Found {
        var usesTag = false
        /// Chunk keys that are named.
        var fields: Set<String> = []
    }

    /// Reports each placeholder that nothing stands for, at its place.
    ///
    /// - Parameter reason: why `${tag}` needs the chunk key.
    @discardableResult
    static func check(
        _ setting: Setting<String>, _ parameter: String, _ keys: ChunkKeyPlan, _ errors: Diagnostics,
        reason: String = "chunks hold events of several tags"
    ) -> Found {
        var found = Found()
        let bytes = Array(setting.value.utf8)
        var place = 0
        while place + 1 < bytes.count {
            guard bytes[place] == UInt8(ascii: "$"), bytes[place + 1] == UInt8(ascii: "{") else {
                place += 1
                continue
            }
            guard let close = bytes[place...].firstIndex(of: UInt8(ascii: "}")) else {
                errors.warning(
                    setting.parameter.place(ofOffset: place, length: 2),
                    "'${' in '\(parameter)' has no '}': it is text",
                    hint: "write ${tag}, or ${key} for a chunk key")
                break
            }
            let name = String(decoding: bytes[(place + 2)..<close], as: UTF8.self)
            let here = setting.parameter.place(ofOffset: place, length: close + 1 - place)
            place = close + 1
            let isPart =
                name.hasPrefix("tag[") && name.hasSuffix("]") && Int(name.dropFirst(4).dropLast()) != nil
            if name == "tag" || isPart {
                found.usesTag = true
                if !keys.usesTag {
                    errors.error(
                        here, "'${\(name)}' in '\(parameter)' needs the chunk key 'tag'",
                        hint: "write <buffer \(argument(of: keys, adding: "tag"))>: \(reason)")
                }
            } else if keys.fieldNames.contains(name) {
                found.fields.insert(name)
            } else if name != "chunk_id" {
                let near = EditDistance.nearest(to: name, in: keys.fieldNames + ["tag", "chunk_id"])
                errors.error(
                    here, "'${\(name)}' in '\(parameter)' is neither the tag nor a chunk key",
                    hint: near.map { "did you mean '${\($0)}'?" }
                        ?? "make the field a chunk key: <buffer \(argument(of: keys, adding: name))>")
            }
        }
        return found
    }

    private static func argument(of keys: ChunkKeyPlan, adding name: String) -> String {
        ([name] + (keys.usesTag ? ["tag"] : []) + keys.fieldNames + (keys.timekeySeconds == nil ? [] : ["time"]))
            .joined(separator: ", ")
    }
}
