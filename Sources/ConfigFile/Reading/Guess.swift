/// What a damaged line was before a blank or a newline was lost.
package enum Guess {
    /// `key_namelog`: a known name and its value without the blank between them.
    package static func glued(_ parameter: Parameter, among names: [String]) -> (name: String, rest: String)? {
        let key = parameter.key
        guard let name = names.filter({ key.hasPrefix($0) && key != $0 }).max(by: { $0.utf8.count < $1.utf8.count })
        else { return nil }
        let rest = String(key.dropFirst(name.count))
        guard let first = rest.utf8.first else { return nil }
        // A longer name that merely begins alike, such as flush_interval_x, is none; nor is one with a value of its own.
        let isName = Byte.isName(first)
        if isName && (first == UInt8(ascii: "_") || parameter.text?.isEmpty == false) { return nil }
        let value = parameter.text ?? ""
        return (name, value.isEmpty ? rest : rest + " " + value)
    }

    /// `format json  key_name log`: a known name inside an unquoted value, behind the blanks that began its line.
    package static func lostLine(
        _ parameter: Parameter, among names: [String]
    ) -> (name: String, offset: Int, length: Int)? {
        guard parameter.quoting == .unquoted, let text = parameter.text else { return nil }
        let bytes = Array(text.utf8)
        var index = 0
        while index < bytes.count {
            guard Byte.isBlank(bytes[index]) else {
                index += 1
                continue
            }
            let blanks = index
            while index < bytes.count, Byte.isBlank(bytes[index]) { index += 1 }
            // One blank stands in many a value; an indented line brings two or a tab.
            guard index - blanks >= 2 || bytes[blanks] == Byte.tab else { continue }
            let start = index
            while index < bytes.count, !Byte.isBlank(bytes[index]) { index += 1 }
            let word = String(decoding: bytes[start..<index], as: UTF8.self)
            if names.contains(word) { return (word, start, bytes.count - start) }
        }
        return nil
    }
}
