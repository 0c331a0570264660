internal import YAML

/// A value of a YAML configuration as a parameter has it.
///
/// Fluentd hands Psych's values on: plain scalars are read by YAML 1.1 (yaml.org/type), `~` is no value, `On` is true.
/// Numbers stay as they are written: `7.10` is a version, and `0644` a mode.
extension YAMLNode {
    /// Of a plain scalar that stands for null or a truth value; nil: it is a text or a number.
    private enum Word {
        case null, truth(Bool)

        init?(_ text: String) {
            switch text {
            case "", "~", "null", "Null", "NULL": self = .null
            default:
                switch text.lowercased() {
                case "yes", "true", "on": self = .truth(true)
                case "no", "false", "off": self = .truth(false)
                default: return nil
                }
            }
        }
    }

    private static let textTag = "tag:yaml.org,2002:str"

    /// nil: null; of a mapping and a list, JSON.
    var parameterText: String? {
        guard case .scalar(let text, let isPlain) = content else { return json.text }
        guard isPlain, tag != Self.textTag, let word = Word(text) else { return text }
        switch word {
        case .null: return nil
        case .truth(let value): return value ? "true" : "false"
        }
    }

    var json: JSONValue {
        switch content {
        case .scalar(let text, let isPlain):
            guard isPlain, tag != Self.textTag else { return .string(text) }
            switch Word(text) {
            case .null?: return .null
            case .truth(let value)?: return .bool(value)
            case nil:
                if case .number(let digits)? = JSONValue(parsing: text) { return .number(digits) }
                return .string(text)
            }
        case .sequence(let items): return .array(items.map(\.json))
        case .mapping(let entries):
            return .object(entries.map { JSONValue.Member(key: $0.key, value: $0.value.json) })
        }
    }

    var isScalar: Bool { if case .scalar = content { true } else { false } }
}
