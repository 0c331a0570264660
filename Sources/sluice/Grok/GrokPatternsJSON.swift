import Events
import Grok

/// Definitions as JSON, one object a line.
struct GrokPatternsJSON {
    let library: PatternLibrary

    /// - Parameter isWhole: with its fields, the patterns that refer to it, and its expansion.
    func write(_ definition: PatternLibrary.Definition, isWhole: Bool, to out: inout ByteBuffer) {
        out.append("{\"name\":")
        out.appendJSONString(definition.name)
        func member(_ key: String, _ value: String?) {
            guard let value else { return }
            out.append(",\"\(key)\":")
            out.appendJSONString(value)
        }
        func member(_ key: String, _ values: [String]) {
            out.append(",\"\(key)\":[")
            for (index, value) in values.enumerated() {
                if index > 0 { out.append(",") }
                out.appendJSONString(value)
            }
            out.append("]")
        }
        member("about", definition.about)
        member("definition", definition.expression)
        member("sample", definition.sample)
        member("file", definition.file)
        out.append(",\"line\":\(definition.line)")
        let compiler = GrokCompiler(library: library)
        if isWhole, let pattern = try? compiler.compile("%{\(definition.name):\(GrokPatternsCommand.wholeField)}") {
            let fields = pattern.fields.filter { $0.name != GrokPatternsCommand.wholeField }
            member("fields", fields.map { $0.type == .string ? $0.name : "\($0.name):\($0.type.name)" })
            member("used_by", GrokPatternsCommand.users(of: definition.name, library))
            member("expansion", try? compiler.expansion(of: "%{\(definition.name)}"))
        }
        out.append("}\n")
    }
}
