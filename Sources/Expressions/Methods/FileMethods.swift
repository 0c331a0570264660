internal import Events

/// `File`, `IO` and `Dir` in a configuration: to read small files such as mounted secrets, and to put paths together. Paths
/// of events are only looked at as text.
extension ExpressionEvaluator {
    mutating func fileClassMethod(
        _ type: RubyClass, _ method: Method, _ arguments: Arguments
    ) throws(ExpressionFailure) -> ExpressionValue? {
        if let text = try pathMethod(method, arguments) { return text }
        guard let files = context.files else { return nil }
        if method == .pwd || method == .getwd { return try string(files.workingDirectory) }
        let path = try text(arguments[0])
        let name = storage.text(path)
        switch method {
        case .read, .readlines: return try fileMethod(path, method)
        case .open:
            if case .string(let mode) = arguments[1], !storage.text(mode).hasPrefix("r") {
                throw ExpressionFailure("IOError", "files are not written here")
            }
            guard let block = arguments.block else { return .file(path) }
            return try yield(block, .file(path))
        case .is_exist where type == .directory, .is_directory: return .bool(files.isFolder(name))
        case .is_exist, .is_exists, .is_readable: return .bool(files.exists(name))
        case .is_file: return .bool(files.exists(name) && !files.isFolder(name))
        case .expand_path:
            var base = files.workingDirectory
            if case .string(let other) = arguments[1] { base = storage.text(other) }
            return try string(Self.normalised(name.hasPrefix("/") ? name : base + "/" + name))
        default: return nil
        }
    }

    /// `Method.ofPaths`: what a path's text says; nil: another method.
    private mutating func pathMethod(
        _ method: Method, _ arguments: Arguments
    ) throws(ExpressionFailure) -> ExpressionValue? {
        guard Method.ofPaths.contains(method) else { return nil }
        if method == .join { return try string(try joinedPath(arguments.all)) }
        let path = try text(arguments[0])
        try step(Int(path.length) / 8)
        let name = storage.text(path)
        switch method {
        case .dirname:
            guard let slash = name.lastIndex(of: "/") else { return try string(".") }
            return try string(slash == name.startIndex ? "/" : String(name[..<slash]))
        case .extname:
            let base = Self.lastPart(name)
            let dot = base.dropFirst().lastIndex(of: ".")
            return try string(dot.map { String(base[$0...]) } ?? "")
        default:
            var base = Self.lastPart(name)
            if case .string(let ending) = arguments[1] {
                let ending = storage.text(ending)
                if ending == ".*" {
                    if let dot = base.dropFirst().lastIndex(of: ".") { base = String(base[..<dot]) }
                } else if base.hasSuffix(ending), base != ending {
                    base = String(base.dropLast(ending.count))
                }
            }
            return try string(base)
        }
    }

    /// Of an open file.
    mutating func fileMethod(_ path: Slice, _ method: Method) throws(ExpressionFailure) -> ExpressionValue? {
        switch method {
        case .close: return .null
        case .read: return try string(try contents(path))
        case .gets, .readline: return try string(Array(try contents(path).prefixThroughNewline))
        case .readlines:
            var lines: [ExpressionValue] = []
            var rest = try contents(path)[...]
            while !rest.isEmpty {
                let line = rest.prefixThroughNewline
                try step()
                lines.append(try string(Array(line)))
                rest = rest[line.endIndex...]
            }
            return try list(lines)
        default: return nil
        }
    }

    private mutating func contents(_ path: Slice) throws(ExpressionFailure) -> [UInt8] {
        let name = storage.text(path)
        guard let files = context.files else { throw ExpressionFailure("IOError", "no files are read here") }
        do throws(UnreadableFile) {
            let bytes = try files.contents(of: name, maximumBytes: ConfigurationCode.maximumFileBytes)
            trace?.contents.append(bytes)
            return bytes
        } catch {
            throw ExpressionFailure("SystemCallError", "cannot read '\(name)': \(error.reason)")
        }
    }

    /// One slash between two parts, however many they bring.
    private func joinedPath(_ parts: [ExpressionValue]) throws(ExpressionFailure) -> String {
        var path = ""
        for (index, part) in parts.enumerated() {
            let text = storage.text(try text(part))
            if index == 0 {
                path = text
            } else {
                while path.hasSuffix("/") { path.removeLast() }
                path += "/" + text.drop { $0 == "/" }
            }
        }
        return path
    }

    private static func lastPart(_ path: String) -> String {
        path.split(separator: "/").last.map(String.init) ?? (path.hasPrefix("/") ? "/" : "")
    }

    private static func normalised(_ path: String) -> String {
        var parts: [Substring] = []
        for part in path.split(separator: "/") where part != "." {
            if part == ".." { _ = parts.popLast() } else { parts.append(part) }
        }
        return "/" + parts.joined(separator: "/")
    }
}

extension RandomAccessCollection<UInt8> {
    /// The first line with its end; all where there is no other.
    fileprivate var prefixThroughNewline: SubSequence {
        guard let newline = firstIndex(of: 0x0A) else { return self[...] }
        return self[...newline]
    }
}
