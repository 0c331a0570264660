internal import ConfigFile

/// The file of an index template: JSON, in which texts are replaced before it is read (`customize_template`).
struct SearchTemplateFile {
    let path: String
    var replacements: [(key: String, value: String)] = []
    let files: any FileSource
    /// A template is as large as a mapping, and a server has a thousand fields in one.
    private static let largestBytes = 16 << 20

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    func read() throws(Failure) -> [JSONValue.Member] {
        var text: String
        do throws(FileFailure) {
            text = String(decoding: try files.read(path, maximumBytes: Self.largestBytes), as: UTF8.self)
        } catch {
            throw Failure(description: "cannot read the template '\(path)': \(error.reason)")
        }
        for (key, value) in replacements where !key.isEmpty {
            // The plugin writes them in lower case, as names of indices are.
            text = text.replacing(key, with: value.lowercased())
        }
        guard case .object(let members)? = JSONValue(parsing: text) else {
            let replaced = replacements.isEmpty ? "" : " once its texts are replaced"
            throw Failure(description: "the template '\(path)' is no JSON object\(replaced)")
        }
        return members
    }
}

extension [JSONValue.Member] {
    subscript(key: String) -> JSONValue? { last { $0.key == key }?.value }

    /// With another value for a key, in its place or at the end.
    func setting(_ key: String, _ value: JSONValue) -> [JSONValue.Member] {
        let member = JSONValue.Member(key: key, value: value)
        guard let index = lastIndex(where: { $0.key == key }) else { return self + [member] }
        var members = self
        members[index] = member
        return members
    }

    func without(_ key: String) -> [JSONValue.Member] { filter { $0.key != key } }

    /// The members of a value that is an object; none of any other.
    func object(_ key: String) -> [JSONValue.Member] {
        if case .object(let members)? = self[key] { members } else { [] }
    }
}
