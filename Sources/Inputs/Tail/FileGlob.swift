internal import Events
internal import Glibc
internal import Time

/// The files that patterns name, as Ruby's `Dir.glob` finds them: `*`, `?`, `[a-z]`, and `**/` for folders at any depth.
/// Names with a dot in front need one in the pattern; braces are letters.
enum FileGlob {
    /// Folders that `**/` goes down.
    private static let maximumDepth = 32

    /// In the order of the patterns, each pattern's in the order of their bytes; each once.
    static func paths(_ patterns: [String]) -> [String] {
        var seen: Set<String> = []
        return patterns.flatMap { pattern -> [String] in
            guard pattern.utf8.contains(where: { "*?[".utf8.contains($0) }) else { return [pattern] }
            var found = Walk()
            walk(parts(of: pattern)[...], from: pattern.hasPrefix("/") ? "/" : "", 0, &found)
            return found.paths.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        }.filter { seen.insert($0).inserted }
    }

    /// Whether a path is one of those that a pattern names. O(parts × names): what a `**` stands for is only made longer
    /// while nothing behind it has fitted, and never again once the next one is reached.
    static func matches(_ pattern: String, _ path: String) -> Bool {
        guard pattern.hasPrefix("/") == path.hasPrefix("/") else { return false }
        let (parts, names) = (parts(of: pattern), path.split(separator: "/").map(String.init))
        var (part, name) = (0, 0)
        var retry: (part: Int, name: Int)?
        while name < names.count || part < parts.count {
            if part < parts.count - 1, parts[part] == "**" {
                part += 1
                retry = (part, name)
            } else if part < parts.count, name < names.count, fits(parts[part], names[name]) {
                (part, name) = (part + 1, name + 1)
            } else if let last = retry, last.name < names.count {
                (part, name) = (last.part, last.name + 1)
                retry = (part, name)
            } else {
                return false
            }
        }
        return true
    }

    /// What stands between the slashes; several `**` in a row say no more than one.
    private static func parts(of pattern: String) -> [String] {
        var parts: [String] = []
        let written = pattern.split(separator: "/").map(String.init)
        for (index, part) in written.enumerated() {
            // The last one is a name like any other.
            let isRepeated = part == "**" && parts.last == "**" && index < written.count - 1
            if !isRepeated { parts.append(part) }
        }
        return parts
    }

    /// What a walk has found, and where it has been with how much of the pattern left: two `**` lead to a folder on many
    /// ways.
    private struct Walk {
        var paths: [String] = []
        var visited: Set<String> = []
    }

    private static func fits(_ part: String, _ name: String) -> Bool {
        unsafe fnmatch(part, name, FNM_PERIOD) == 0
    }

    private static func walk(
        _ parts: ArraySlice<String>, from base: String, _ depth: Int, _ found: inout Walk
    ) {
        guard let part = parts.first else { return found.paths.append(base) }
        func join(_ name: String) -> String { base.isEmpty || base == "/" ? base + name : base + "/" + name }
        let rest = parts.dropFirst()
        if part == "**", !rest.isEmpty {
            guard found.visited.insert("\(parts.count) \(base)").inserted else { return }
            walk(rest, from: base, depth, &found)
            guard depth < maximumDepth else { return }
            for name in names(of: base) where !name.hasPrefix(".") {
                // A link to a folder may lead back up.
                var facts = stat()
                if unsafe lstat(join(name), &facts) == 0, facts.st_mode & S_IFMT == S_IFDIR {
                    walk(parts, from: join(name), depth + 1, &found)
                }
            }
        } else if part.utf8.contains(where: { "*?[\\".utf8.contains($0) }) {
            for name in names(of: base) where fits(part, name) { walk(rest, from: join(name), depth, &found) }
        } else if unsafe access(join(part), F_OK) == 0 {
            walk(rest, from: join(part), depth, &found)
        }
    }

    /// What a path leads to, through links.
    static func facts(of path: String) -> stat? {
        var facts = stat()
        return unsafe fstatat(AT_FDCWD, path, &facts, 0) == 0 ? facts : nil
    }

    static func names(of folder: String) -> [String] {
        guard let directory = unsafe opendir(folder.isEmpty ? "." : folder) else { return [] }
        defer { unsafe closedir(directory) }
        var names: [String] = []
        while let entry = unsafe readdir(directory) {
            // Safe: readdir ends the name with a zero byte inside the entry, which lives until the next call.
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { field in
                unsafe field.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names
    }

    /// A pattern with its `%Y…` filled in.
    static func filled(_ pattern: String, at time: EventTime) -> String {
        // What is no time format stands for itself.
        guard pattern.contains("%"), var formatter = try? TimeFormatter(pattern) else { return pattern }
        var out = ByteBuffer(capacity: 256)
        formatter.write(time, to: &out)
        return out.text(Slice(offset: 0, length: out.count))
    }
}
