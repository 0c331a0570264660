package import Events
package import Time

/// Where a chunk's events go: a path with places to fill in, compiled once.
///
/// `${tag}`, `${tag[1]}`, `${tag[-1]}` are the tag and its parts, `${key}` and `${$.a.b}` values of chunk keys, `${chunk_id}`
/// the chunk's name, `%Y%m%d` the beginning of its time slice. `_**` is where the number of a file goes that is not appended
/// to. What a tag or a record says is a stranger's text: it may name folders below the one that is configured, and none
/// elsewhere.
package struct FilePath: Sendable {
    private enum Part: Sendable {
        case text([UInt8])
        case time(TimeFormatter)
        case tag
        case tagPart(Int)
        /// One of the chunk keys, by its number.
        case field(Int)
        case chunkID
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

    /// A path that is filled in: the number of the file goes between the two.
    package struct Filled: Sendable, Hashable {
        package var front: String
        package var back: String

        package func numbered(_ number: Int?) -> String { number.map { "\(front)_\($0)\(back)" } ?? front + back }
    }

    /// Why a path cannot be used.
    package struct Problem: Error, Equatable {
        package let sentence: String
    }

    private var front: [Part] = []
    private var back: [Part] = []
    package let dependsOnTag: Bool
    package let dependsOnFields: Bool

    /// Of names in a folder on Linux's file systems (`NAME_MAX`), less what the number may need.
    private static let nameBytes = 255 - 8
    /// `PATH_MAX`.
    private static let pathBytes = 4096 - 64
    package static let numberMark = "_**"

    /// - Parameters:
    ///   - template: with `_**` where the number goes, if there is one.
    ///   - fieldNames: the chunk keys that are fields.
    ///   - zone: of the time slices; nil: there are none, and `%` is a letter like others.
    package init(_ template: String, fieldNames: [String], zone: TimeZoneRule?) throws(SettingError) {
        var parts: [Part] = []
        var rest = Substring(template)
        var literal = ""
        var isBack = false
        func flush() throws(SettingError) {
            defer { literal = "" }
            if literal.isEmpty { return }
            if let zone, literal.contains("%") {
                parts.append(.time(try TimeFormatter(literal, zone: zone, parameter: "path")))
            } else {
                parts.append(.text(Array(literal.utf8)))
            }
        }
        while !rest.isEmpty {
            if !isBack, rest.hasPrefix(Self.numberMark) {
                try flush()
                front = parts
                parts = []
                isBack = true
                rest = rest.dropFirst(Self.numberMark.count)
            } else if rest.hasPrefix("${"), let close = rest.firstIndex(of: "}") {
                try flush()
                let name = String(rest[rest.index(rest.startIndex, offsetBy: 2)..<close])
                if let part = Self.part(name, fieldNames) {
                    parts.append(part)
                } else {
                    parts.append(.text(Array("${\(name)}".utf8)))
                }
                rest = rest[rest.index(after: close)...]
            } else {
                literal.append(rest.removeFirst())
            }
        }
        try flush()
        if isBack { back = parts } else { front = parts }
        let all = front + back
        dependsOnTag = all.contains {
            switch $0 {
            case .tag, .tagPart: true
            default: false
            }
        }
        dependsOnFields = all.contains { if case .field = $0 { true } else { false } }
    }

    private static func part(_ name: String, _ fieldNames: [String]) -> Part? {
        if name == "tag" { return .tag }
        if name == "chunk_id" { return .chunkID }
        if name.hasPrefix("tag["), name.hasSuffix("]"), let number = Int(name.dropFirst(4).dropLast()) {
            return .tagPart(number)
        }
        return fieldNames.firstIndex(of: name).map { .field($0) }
    }

    /// The path for these values; throws where it would lead out of the configured folder, or be no path.
    package func filled(_ values: Values) throws(Problem) -> Filled {
        let time = EventTime(seconds: values.seconds)
        // What stands before the first place that tags and records fill, up to its last slash: below is theirs.
        var ownFolder = 0
        func write(_ parts: [Part], _ out: inout ByteBuffer, _ isOwn: inout Bool) {
            for part in parts {
                switch part {
                case .text(let text): out.append(text)
                case .time(var formatter): formatter.write(time, to: &out)
                case .tag, .tagPart, .field:
                    if isOwn {
                        isOwn = false
                        ownFolder = (out.array().lastIndex(of: UInt8(ascii: "/")) ?? -1) + 1
                    }
                    Self.append(part, values, to: &out)
                case .chunkID: out.append(values.chunkID)
                }
            }
        }
        var isOwn = true
        var out = ByteBuffer(capacity: 256)
        write(front, &out, &isOwn)
        let frontBytes = out.count
        write(back, &out, &isOwn)
        if isOwn { ownFolder = out.count }
        let bytes = out.array()
        try Self.check(bytes, from: ownFolder)
        return Filled(
            front: String(decoding: bytes[..<frontBytes], as: UTF8.self),
            back: String(decoding: bytes[frontBytes...], as: UTF8.self))
    }

    private static func append(_ part: Part, _ values: Values, to out: inout ByteBuffer) {
        switch part {
        case .tag: out.append(values.tag)
        case .tagPart(let number):
            let words = values.tag.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
            let place = number < 0 ? words.count + number : number
            if words.indices.contains(place) { out.append(Array(words[place])) }
        case .field(let number):
            if values.fields.indices.contains(number) { out.append(values.fields[number]) }
        default: break
        }
    }

    /// - Parameter start: where what others say begins.
    private static func check(_ path: [UInt8], from start: Int) throws(Problem) {
        func shown(_ bytes: some Collection<UInt8>) -> String { String(decoding: bytes.prefix(100), as: UTF8.self) }
        let others = path[start...]
        if start == 0, path.first == UInt8(ascii: "/"), !others.isEmpty {
            throw Problem(sentence: "the path '\(shown(path))' would lead out of the working directory")
        }
        if path.contains(0) { throw Problem(sentence: "the path '\(shown(path))' holds a NUL, which no path can") }
        for name in others.split(separator: UInt8(ascii: "/")) where name.elementsEqual("..".utf8) {
            throw Problem(sentence: "the path '\(shown(path))' would lead out of '\(shown(path[..<start]))'")
        }
        if let long = path.split(separator: UInt8(ascii: "/")).first(where: { $0.count > nameBytes }) {
            throw Problem(
                sentence: "the name '\(shown(long))…' has \(long.count) bytes, and a file's name may have \(nameBytes)")
        }
        if path.count > pathBytes {
            throw Problem(sentence: "the path '\(shown(path))…' has \(path.count) bytes, and may have \(pathBytes)")
        }
    }
}
