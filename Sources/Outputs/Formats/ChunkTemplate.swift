package import Events
package import Time

/// Text with places that a chunk fills in, compiled once: a file's path, a URL, an object's key, a tenant.
///
/// `${tag}`, `${tag[1]}`, `${tag[-1]}` are the tag and its parts, `${key}` and `${$.a.b}` values of chunk keys, `${chunk_id}`
/// the chunk's name, `%Y%m%d` the beginning of its time slice (Fluentd's "Buffer Section Configurations", placeholders).
package struct ChunkTemplate: Sendable {
    enum Part: Sendable {
        case text([UInt8])
        case time(TimeFormatter)
        case tag
        case tagPart(Int)
        /// One of the chunk keys, by its number.
        case field(Int)
        case chunkID

        /// Whether a stranger's text stands there.
        var isForeign: Bool {
            switch self {
            case .tag, .tagPart, .field: true
            case .text, .time, .chunkID: false
            }
        }
    }

    /// What stands in the places.
    package struct Values: Sendable, Equatable {
        package var tag: [UInt8]
        /// Of the chunk keys, in the order in which the buffer section names them.
        package var fields: [[UInt8]]
        /// The beginning of the slice, in seconds since 1970.
        package var seconds: Int64
        package var chunkID: String

        package init(tag: [UInt8] = [], fields: [[UInt8]] = [], seconds: Int64 = 0, chunkID: String = "") {
            self.tag = tag
            self.fields = fields
            self.seconds = seconds
            self.chunkID = chunkID
        }
    }

    private(set) var parts: [Part] = []

    /// No text.
    package init() {}

    package var dependsOnTag: Bool {
        parts.contains {
            switch $0 {
            case .tag, .tagPart: true
            default: false
            }
        }
    }
    package var dependsOnFields: Bool { parts.contains { if case .field = $0 { true } else { false } } }
    package var dependsOnTime: Bool { parts.contains { if case .time = $0 { true } else { false } } }

    /// - Parameters:
    ///   - fieldNames: the chunk keys that are fields.
    ///   - zone: of the time slices; nil: there are none, and `%` is a letter like others.
    ///   - parameter: whose value the text is, for errors.
    package init(
        _ text: String, fieldNames: [String] = [], zone: TimeZoneRule? = nil, parameter: String
    ) throws(SettingError) {
        var rest = Substring(text)
        var literal = ""
        func flush() throws(SettingError) {
            defer { literal = "" }
            if literal.isEmpty { return }
            if let zone, literal.contains("%") {
                parts.append(.time(try TimeFormatter(literal, zone: zone, parameter: parameter)))
            } else {
                parts.append(.text(Array(literal.utf8)))
            }
        }
        while !rest.isEmpty {
            if rest.hasPrefix("${"), let close = rest.firstIndex(of: "}") {
                try flush()
                let name = String(rest[rest.index(rest.startIndex, offsetBy: 2)..<close])
                parts.append(Self.part(name, fieldNames) ?? .text(Array("${\(name)}".utf8)))
                rest = rest[rest.index(after: close)...]
            } else {
                literal.append(rest.removeFirst())
            }
        }
        try flush()
    }

    private static func part(_ name: String, _ fieldNames: [String]) -> Part? {
        if name == "tag" { return .tag }
        if name == "chunk_id" { return .chunkID }
        if name.hasPrefix("tag["), name.hasSuffix("]"), let number = Int(name.dropFirst(4).dropLast()) {
            return .tagPart(number)
        }
        return fieldNames.firstIndex(of: name).map { .field($0) }
    }

    /// The text for these values.
    ///
    /// - Parameter encode: what becomes of a stranger's text.
    package func filled(_ values: Values, encode: ([UInt8]) -> [UInt8] = { $0 }) -> [UInt8] {
        var out = ByteBuffer(capacity: 64)
        for part in parts {
            if part.isForeign {
                var text = ByteBuffer(capacity: 32)
                Self.append(part, values, to: &text)
                out.append(encode(text.array()))
            } else {
                Self.append(part, values, to: &out)
            }
        }
        return out.array()
    }

    static func append(_ part: Part, _ values: Values, to out: inout ByteBuffer) {
        switch part {
        case .text(let text): out.append(text)
        case .time(var formatter): formatter.write(EventTime(seconds: values.seconds), to: &out)
        case .tag: out.append(values.tag)
        case .tagPart(let number):
            let words = values.tag.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
            let place = number < 0 ? words.count + number : number
            if words.indices.contains(place) { out.append(Array(words[place])) }
        case .field(let number):
            if values.fields.indices.contains(number) { out.append(values.fields[number]) }
        case .chunkID: out.append(values.chunkID)
        }
    }
}
