/// Where each file has been read to, in the form of Fluentd's `pos_file`: a line for each, `PATH TAB OFFSET TAB INODE`,
/// offset and inode as 16 hexadecimal digits. Pure.
///
/// A file that is no longer watched has the offset `ffffffffffffffff` until its line is left out. Where a file was
/// replaced before all of it was safe, both have a line.
struct PositionTable: Equatable {
    struct Entry: Equatable {
        let path: String
        var inode: UInt64
        var offset: UInt64

        var line: String { "\(path)\t\(Self.hex(offset))\t\(Self.hex(inode))\n" }

        private static func hex(_ value: UInt64) -> String {
            let digits = String(value, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }
    }

    static let unwatched = UInt64.max

    private(set) var entries: [Entry] = []
    /// Lines of the file that are none.
    private(set) var brokenLines: [String] = []

    init() {}

    /// Reads a file's text. Lines of files that are no longer watched are left out.
    init(_ text: String) {
        var places: [String: [UInt64: Int]] = [:]
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: "\t", omittingEmptySubsequences: false)
            guard parts.count >= 3, let offset = UInt64(parts[parts.count - 2], radix: 16),
                let inode = UInt64(parts[parts.count - 1], radix: 16)
            else {
                brokenLines.append(String(line.prefix(200)))
                continue
            }
            let path = parts.dropLast(2).joined(separator: "\t")
            guard offset != Self.unwatched else { continue }
            let entry = Entry(path: path, inode: inode, offset: offset)
            if let known = places[path]?[inode] {
                entries[known] = entry
            } else {
                places[path, default: [:]][inode] = entries.count
                entries.append(entry)
            }
        }
    }
}
