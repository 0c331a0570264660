internal import Words

/// What to say of a method that is not there.
enum UncoveredMethod {
    static func explanation(of name: String) -> (message: String, hint: String?) {
        let message = "the method '\(name)' is not covered"
        if let hint = known[name] { return (message, hint) }
        if name.hasSuffix("!"), let method = Method(rawValue: String(name.dropLast())) {
            return (
                "'\(name)' would change its receiver", "write '\(method.rawValue)', which gives the new value"
            )
        }
        let names = Method.allCases.map(\.rawValue).filter { $0.utf8.first.map { ($0 | 0x20) &- 0x61 < 26 } ?? false }
        return (message, EditDistance.nearest(to: name, in: names).map { "did you mean '\($0)'?" })
    }

    /// What people write instead.
    private static let known: [String: String] = [
        "blank?": "that is Rails; write x.nil? || x.empty?",
        "present?": "that is Rails; write !(x.nil? || x.empty?)",
        "presence": "that is Rails; write x.to_s.empty? ? nil : x",
        "try": "that is Rails; write x&.method",
        "in?": "that is Rails; write [a, b].include?(x)",
        "each_with_object": "write map { … }.to_h, or inject",
        "send": "write the method itself",
        "public_send": "write the method itself",
        "eval": "code made at run time is not run",
        "instance_eval": "code made at run time is not run",
        "store": "write merge({\"key\" => value}), or give the field a line of its own",
        "update": "write merge(…), which gives a new hash",
        "merge!": "write merge(…), which gives a new hash",
        "unpack": "binary data cannot be taken apart",
        "unpack1": "binary data cannot be taken apart",
        "pack": "binary data cannot be put together",
        "method": "write a block: { |x| … }",
        "sample": "values must not depend on chance",
        "shuffle": "values must not depend on chance",
        "clear": "fields are removed by remove_keys",
    ]
}
