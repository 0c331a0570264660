internal import Buffering
internal import ConfigFile
internal import Glibc
internal import TLS
internal import Words

/// What a start would find out by opening files: collected while sections are read, and done by `check`, `--dry-run` and
/// `run` alike, so that a fault has its line. Reading a configuration alone opens nothing.
struct OpeningChecks {
    private var checks: [(Diagnostics) -> Void] = []

    /// The folder in which what nobody takes is kept.
    mutating func add(root path: String, _ parameter: Parameter) {
        add { diagnostics in
            guard let reason = Self.problem(ofFolder: path) else { return }
            diagnostics.error(
                parameter.valuePlace, "no file can be made in 'root_dir' '\(path)': \(reason)",
                hint: "events that cannot be delivered are kept there")
        }
    }

    /// The folder in which a buffer has its files.
    mutating func add(buffer files: BufferFiles, _ parameter: Parameter) {
        add { diagnostics in
            let folder = files.place.folder
            guard let reason = Self.problem(ofFolder: folder) else { return }
            diagnostics.error(
                parameter.valuePlace, "the buffer can have no files in '\(folder)': \(reason)",
                hint: "let the account that runs sluice write there, or choose another path")
        }
    }

    /// Certificates, keys and authorities: first whether each file is there, then whether they fit together.
    mutating func add(
        certificates: String, key: String, passphrase: String, authorities: [String], _ reader: SectionReader,
        _ make: @escaping () throws(TLSError) -> Void
    ) {
        add { diagnostics in
            var isMissing = false
            for name in [certificates, key] + authorities {
                guard let path = reader.section.parameter(name)?.text, !path.isEmpty,
                    let reason = Self.problem(ofFile: path, mayBeFolder: authorities.contains(name))
                else { continue }
                isMissing = true
                diagnostics.error(reader.place(of: name), "cannot read '\(name)' '\(path)': \(reason)")
            }
            if isMissing { return }
            do throws(TLSError) {
                try make()
            } catch {
                let text = error.description
                func speaks(of words: String...) -> Bool { words.contains { text.holds($0) } }
                func has(_ name: String) -> Bool { reader.section.parameter(name) != nil }
                let authority = authorities.first { name in
                    reader.section.parameter(name)?.text.map { speaks(of: $0) } ?? false
                }
                let name =
                    speaks(of: "passphrase", "bad decrypt") && has(passphrase)
                    ? passphrase
                    : speaks(of: "private key") && has(key) ? key : authority ?? certificates
                diagnostics.error(reader.place(of: name), text)
            }
        }
    }

    mutating func add(_ check: @escaping (Diagnostics) -> Void) { checks.append(check) }

    func run(_ diagnostics: Diagnostics) { for check in checks { check(diagnostics) } }

    /// Why a file cannot be opened for reading, or nil. A fifo is none that could be: opening it might wait for ever.
    static func problem(ofFile path: String, mayBeFolder: Bool = false) -> String? {
        var status = stat()
        // The pointer is to a local and does not leave the call.
        guard unsafe stat(path, &status) == 0 else { return reason(errno) }
        let kind = status.st_mode & S_IFMT
        if kind == S_IFDIR { return mayBeFolder ? nil : "is a directory" }
        if kind != S_IFREG { return "is no regular file" }
        return unsafe access(path, R_OK) == 0 ? nil : reason(errno)
    }

    /// Why no file can be made in a folder, or below it when it does not exist yet; tried with a folder that is removed
    /// again. Nil when it works.
    static func problem(ofFolder path: String) -> String? {
        var folder = path
        var status = stat()
        while unsafe stat(folder.isEmpty ? "." : folder, &status) != 0 {
            guard errno == ENOENT, !folder.isEmpty, folder != "/" else { return reason(errno) }
            while folder.last == "/", folder != "/" { folder.removeLast() }
            let parent = folder.lastIndex(of: "/")
            folder = parent.map { $0 == folder.startIndex ? "/" : String(folder[..<$0]) } ?? ""
        }
        if status.st_mode & S_IFMT != S_IFDIR { return "'\(folder)' is no folder" }
        let probe = "\(folder.isEmpty ? "." : folder)/.sluice-\(getpid())"
        guard unsafe mkdir(probe, 0o700) == 0 else { return reason(errno) }
        unsafe rmdir(probe)
        return nil
    }

    private static func reason(_ code: Int32) -> String {
        // The text is copied before any other call can change it.
        let text = unsafe strerror(code).map { unsafe String(cString: $0) } ?? "error \(code)"
        return text.prefix(1).lowercased() + text.dropFirst()
    }
}
