import Foundation

/// One `import` line of a source file.
struct Import: CustomStringConvertible {
    let target: String
    let file: String
    let line: Int
    let module: String

    var description: String { "\(file):\(line): import \(module)" }

    /// All imports below Sources/, in the order of their files.
    static func all(below folder: URL) -> [Import] {
        let files =
            FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)?.compactMap { $0 as? URL } ?? []
        return files.filter { $0.pathExtension == "swift" }.sorted { $0.path < $1.path }.flatMap { url in
            let file = String(url.path.dropFirst(folder.path.count + 1))
            let target = String(file.prefix { $0 != "/" })
            return modules(in: (try? String(contentsOf: url, encoding: .utf8)) ?? "").map {
                Import(target: target, file: "Sources/\(file)", line: $0.line, module: $0.module)
            }
        }
    }

    /// The modules that a text imports, with access levels, attributes, `import struct M.S` and submodules.
    static func modules(in text: String) -> [(line: Int, module: String)] {
        var found: [(Int, String)] = []
        var comments = 0
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            if line.contains("/*") { comments += 1 }
            defer { if line.contains("*/") { comments -= 1 } }
            // Most lines are no imports, and the expression is slow.
            guard comments == 0, line.utf8.count < 200, line.contains("import") else { continue }
            let statement =
                #/^\s*(?:@\w+(?:\([^)]*\))?\s+)*(?:(?:public|package|internal|private|fileprivate)\s+)?import\s+(?:(?:struct|class|enum|protocol|typealias|func|var|let|actor)\s+)?(\w+)/#
            if let match = line.firstMatch(of: statement) { found.append((index + 1, String(match.1))) }
        }
        return found
    }
}
