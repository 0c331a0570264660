/// What `<secondary> @type secondary_file` says, with Fluentd's defaults (`lib/fluent/plugin/out_secondary_file.rb`).
package struct SecondaryFileSettings: Sendable, Equatable {
    /// May hold placeholders, as `basename` may: `${tag}`, `${tag[N]}`, `${chunk_id}`.
    package var directory: String
    package var basename = "dump.bin"
    /// One file that grows, instead of one with a number for each chunk.
    package var appends = false
    package var isCompressed = false

    package init(directory: String) { self.directory = directory }

    /// The path without number and suffix.
    var path: String { "\(directory)/\(basename)" }

    /// Whether events of different tags go to different files.
    var dependsOnTag: Bool { path.contains("${tag") }

    /// For one tag of a chunk. Nothing in a tag leads out of the directory.
    func path(tag: String, chunk: String) -> String {
        let parts = tag.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        func safe(_ text: String) -> String {
            let name = String(text.map { $0 == "/" || $0 == "\0" ? "_" : $0 })
            return name == "." || name == ".." ? "_" : name
        }
        var out = ""
        var rest = path[...]
        while let start = rest.firstRange(of: "${") {
            out += rest[..<start.lowerBound]
            let after = rest[start.upperBound...]
            guard let end = after.firstIndex(of: "}") else {
                rest = rest[start.lowerBound...]
                break
            }
            let name = after[..<end]
            if name == "tag" {
                out += safe(tag)
            } else if name == "chunk_id" {
                out += chunk
            } else if name.hasPrefix("tag["), name.hasSuffix("]"), let number = Int(name.dropFirst(4).dropLast()) {
                let index = number < 0 ? parts.count + number : number
                out += parts.indices.contains(index) ? safe(parts[index]) : ""
            } else {
                out += "${\(name)}"
            }
            rest = after[after.index(after: end)...]
        }
        return out + rest
    }

    /// Names in `${…}` that nothing stands for.
    package var unknownPlaceholders: [String] {
        var unknown: [String] = []
        var rest = path[...]
        while let start = rest.firstRange(of: "${"), let end = rest[start.upperBound...].firstIndex(of: "}") {
            let name = rest[start.upperBound..<end]
            let isPart = name.hasPrefix("tag[") && name.hasSuffix("]") && Int(name.dropFirst(4).dropLast()) != nil
            if name != "tag", name != "chunk_id", !isPart { unknown.append(String(name)) }
            rest = rest[rest.index(after: end)...]
        }
        return unknown
    }
}
