/// A value of the supported part of Ruby.
enum RubyValue: Equatable {
    case null
    case bool(Bool)
    case text(String)
    case number(Int)
    case list([String])

    var isNil: Bool { self == .null }
    var isTrue: Bool { self != .null && self != .bool(false) }

    /// `to_s`
    var text: String {
        switch self {
        case .null: ""
        case .bool(let value): value ? "true" : "false"
        case .text(let text): text
        case .number(let number): String(number)
        case .list: inspected
        }
    }

    /// `inspect`
    var inspected: String {
        switch self {
        case .null: "nil"
        case .text(let text): JSONValue.string(text).text
        case .list(let items): "[" + items.map { JSONValue.string($0).text }.joined(separator: ", ") + "]"
        default: text
        }
    }

    /// `+`; nil where Ruby raises.
    static func + (left: RubyValue, right: RubyValue) -> RubyValue? {
        switch (left, right) {
        case (.text(let left), .text(let right)): .text(left + right)
        case (.number(let left), .number(let right)):
            left.addingReportingOverflow(right).overflow ? nil : .number(left + right)
        case (.list(let left), .list(let right)): .list(left + right)
        default: nil
        }
    }

    /// A method of Ruby's String, Array, Integer or NilClass; nil for one that is not supported, or that Ruby does not
    /// have for this value.
    func call(_ method: String, _ arguments: [RubyValue]) -> RubyValue? {
        switch (method, arguments.count) {
        case ("to_s", 0): return .text(text)
        case ("inspect", 0), ("to_json", 0), ("dump", 0): return .text(inspected)
        case ("nil?", 0): return .bool(isNil)
        case ("freeze", 0), ("dup", 0): return self
        default: break
        }
        switch self {
        case .text(let text): return Self.call(text, method, arguments)
        case .list(let items): return Self.call(items, method, arguments)
        case .number: return method == "to_i" && arguments.isEmpty ? self : nil
        case .null: return method == "to_i" && arguments.isEmpty ? .number(0) : nil
        case .bool: return nil
        }
    }

    private static func call(_ text: String, _ method: String, _ arguments: [RubyValue]) -> RubyValue? {
        let bytes = Array(text.utf8)
        func stripped(front: Bool, back: Bool) -> RubyValue {
            var rest = bytes[...]
            func isSpace(_ byte: UInt8) -> Bool { Byte.isSpace(byte) || byte == 0 || byte == 0x0B || byte == 0x0C }
            while front, let first = rest.first, isSpace(first) { rest.removeFirst() }
            while back, let last = rest.last, isSpace(last) { rest.removeLast() }
            return .text(String(decoding: rest, as: UTF8.self))
        }
        let texts = arguments.map { if case .text(let text) = $0 { text } else { nil as String? } }
        switch (method, arguments.count) {
        case ("strip", 0): return stripped(front: true, back: true)
        case ("lstrip", 0): return stripped(front: true, back: false)
        case ("rstrip", 0): return stripped(front: false, back: true)
        case ("chomp", 0):
            var rest = bytes[...]
            if rest.last == Byte.newline { rest.removeLast() }
            if rest.last == Byte.carriageReturn { rest.removeLast() }
            return .text(String(decoding: rest, as: UTF8.self))
        case ("to_i", 0):
            return .number(Int(String(decoding: bytes.prefix(while: Byte.isDigit), as: UTF8.self)) ?? 0)
        case ("upcase", 0): return .text(text.uppercased())
        case ("downcase", 0): return .text(text.lowercased())
        case ("capitalize", 0): return .text(text.prefix(1).uppercased() + text.dropFirst().lowercased())
        case ("empty?", 0): return .bool(text.isEmpty)
        case ("length", 0), ("size", 0): return .number(text.unicodeScalars.count)
        default: break
        }
        guard let first = texts.first ?? nil else { return nil }
        switch (method, arguments.count) {
        case ("include?", 1): return .bool(first.isEmpty || text.firstRange(of: first) != nil)
        case ("start_with?", 1): return .bool(text.hasPrefix(first))
        case ("end_with?", 1): return .bool(text.hasSuffix(first))
        case ("delete_prefix", 1): return .text(text.hasPrefix(first) ? String(text.dropFirst(first.count)) : text)
        case ("delete_suffix", 1): return .text(text.hasSuffix(first) ? String(text.dropLast(first.count)) : text)
        case ("split", 1) where !first.isEmpty:
            var items = text.split(separator: first, omittingEmptySubsequences: first == " ").map(String.init)
            while items.last == "" { items.removeLast() }
            return .list(items)
        case ("sub", 2), ("gsub", 2):
            guard let new = texts[1], !first.isEmpty else { return nil }
            return .text(text.replacing(first, with: new, maxReplacements: method == "sub" ? 1 : .max))
        default: return nil
        }
    }

    private static func call(_ items: [String], _ method: String, _ arguments: [RubyValue]) -> RubyValue? {
        switch (method, arguments.first) {
        case ("first", nil): return items.first.map(RubyValue.text) ?? .null
        case ("last", nil): return items.last.map(RubyValue.text) ?? .null
        case ("empty?", nil): return .bool(items.isEmpty)
        case ("length", nil), ("size", nil): return .number(items.count)
        case ("join", nil): return .text(items.joined())
        case ("join", .text(let separator)?): return .text(items.joined(separator: separator))
        case ("[]", .number(let number)?):
            let index = number < 0 ? items.count + number : number
            return items.indices.contains(index) ? .text(items[index]) : .null
        default: return nil
        }
    }
}
