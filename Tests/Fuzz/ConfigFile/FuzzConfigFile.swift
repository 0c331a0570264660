// The libFuzzer entry for the configuration language; see README.md here; ../run builds and runs it.

import ConfigFile

/// Bytes before the first zero byte are the configuration, the rest a file that it can include as `other.conf` or
/// `other.yaml`. They are read as the classic format and as YAML.
@_cdecl("LLVMFuzzerTestOneInput")
package func fuzzConfigFile(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = Array(UnsafeBufferPointer(start: data, count: count))
    let parts = input.split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false).map(Array.init)
    let other = parts.count > 1 ? parts[1] : []
    let files = MemoryFiles(bytes: ["other.conf": other, "other.yaml": other, "d/a": Array("k v".utf8)])
    for path in ["fluent.conf", "fluent.yaml"] {
        exercise(
            ConfigDocument.parse(
                bytes: parts.first ?? [], path: path, environment: ConfigEnvironment(variables: ["X": "x"]), from: files
            ))
    }
    return 0
}

/// Reads every section in every way, renders and dumps: all that a start of the daemon does with a configuration.
private func exercise(_ document: ConfigDocument) {
    var waiting = [document.root]
    while let section = waiting.popLast() {
        let reader = SectionReader(section, diagnostics: document.diagnostics)
        for parameter in reader.allParameters() {
            let key = parameter.key
            _ = reader.int(key, range: 0...100)
            _ = reader.size(key)
            _ = reader.time(key)
            _ = reader.float(key)
            _ = reader.bool(key)
            _ = reader.array(key)
            _ = reader.hash(key)
            _ = reader.jsonValue(key)
            _ = reader.enumeration(key, ["json": 1, "ltsv": 2])
            if let regexp = reader.regexp(key) {
                precondition(
                    reader.place(ofOffset: regexp.value.bodyOffset, in: parameter).end
                        <= parameter.keyPlace.file.bytes.count)
            }
        }
        let strict = SectionReader(section, diagnostics: document.diagnostics)
        _ = strict.string("key_name")
        _ = strict.section(named: "parse")
        strict.finish()
        waiting += section.sections
    }
    for diagnostic in document.diagnostics.all {
        precondition(diagnostic.line == 0 || diagnostic.column >= 1)
        // A line with a secret is shown shorter than it is.
        precondition(
            diagnostic.column <= diagnostic.lineText.count + 2 || diagnostic.lineText.contains("xxxxxx"))
    }
    _ = DiagnosticRenderer(colour: true, maximumWidth: 40).render(document.diagnostics, file: "fluent.conf")
    _ = document.root.dump(document.diagnostics)
}
