package import Events
package import Time

/// Where a chunk's events go: a path with places to fill in, compiled once.
///
/// `_**` is where the number of a file goes that is not appended to. What a tag or a record says is a stranger's text: it
/// may name folders below the one that is configured, and none elsewhere.
package struct FilePath: Sendable {
    package typealias Values = ChunkTemplate.Values

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

    private let front: ChunkTemplate
    /// Behind the number.
    private let back: ChunkTemplate?
    package var dependsOnTag: Bool { front.dependsOnTag || back?.dependsOnTag == true }
    package var dependsOnFields: Bool { front.dependsOnFields || back?.dependsOnFields == true }

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
        func compiled(_ text: Substring) throws(SettingError) -> ChunkTemplate {
            try ChunkTemplate(String(text), fieldNames: fieldNames, zone: zone, parameter: "path")
        }
        let mark = template.firstRange(of: Self.numberMark)
        front = try compiled(template[..<(mark?.lowerBound ?? template.endIndex)])
        back = if let mark { try compiled(template[mark.upperBound...]) } else { nil }
    }

    /// The path for these values; throws where it would lead out of the configured folder, or be no path.
    package func filled(_ values: Values) throws(Problem) -> Filled {
        // What stands before the first place that tags and records fill, up to its last slash: below is theirs.
        var ownFolder = 0
        func write(_ template: ChunkTemplate, _ out: inout ByteBuffer, _ isOwn: inout Bool) {
            for part in template.parts {
                if isOwn, part.isForeign {
                    isOwn = false
                    ownFolder = (out.array().lastIndex(of: UInt8(ascii: "/")) ?? -1) + 1
                }
                ChunkTemplate.append(part, values, to: &out)
            }
        }
        var isOwn = true
        var out = ByteBuffer(capacity: 256)
        write(front, &out, &isOwn)
        let frontBytes = out.count
        if let back { write(back, &out, &isOwn) }
        if isOwn { ownFolder = out.count }
        let bytes = out.array()
        try Self.check(bytes, from: ownFolder)
        return Filled(
            front: String(decoding: bytes[..<frontBytes], as: UTF8.self),
            back: String(decoding: bytes[frontBytes...], as: UTF8.self))
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
