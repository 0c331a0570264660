internal import Events
package import Parsing

/// Parameters of `<source> @type tail` (Fluentd's `in_tail`).
package struct TailSettings: Sendable {
    /// `path`: globs, with `%Y…` for the time.
    package var paths: [String]
    /// `exclude_path`
    package var excludedPaths: [String] = []
    /// `tag`; a star in it stands for the path.
    package var tag: String
    /// `pos_file`; nil: positions are forgotten at the end.
    package var positionFile: String?
    /// `read_from_head`: what files hold when the daemon starts is read, too.
    package var readsFromHead = false
    /// `follow_inodes`: a file is known by its inode, whatever it is called.
    package var followsInodes = false
    /// `refresh_interval`, in milliseconds: how often the paths are looked for.
    package var refreshMilliseconds: UInt64 = 60_000
    /// `rotate_wait`, in milliseconds: how long a file is read on that another has replaced.
    package var rotateWaitMilliseconds: UInt64 = 5_000
    /// `limit_recently_modified`, in seconds: files that were not written for longer are left out.
    package var recentlyModifiedSeconds: Int64?
    /// `read_lines_limit`: lines of one batch.
    package var batchLines = 1000
    /// `read_bytes_limit_per_second` of one file.
    package var bytesPerSecond: Int?
    /// `max_line_size`, in bytes with the newline; longer lines are dropped.
    package var lineBytes = TailSettings.defaultLineBytes
    package static let defaultLineBytes = 16 << 20
    /// `multiline_flush_interval`, in milliseconds: a text is complete when nothing was added for so long.
    package var multilineFlushMilliseconds: UInt64?
    /// `emit_unmatched_lines`
    package var emitsUnmatchedLines = false
    /// `path_key`
    package var pathKey: String?
    /// `<group>`
    package var groups: TailGroups?
    /// `from_encoding`: lines are turned from it into UTF-8.
    package var encoding: String?
    package var parser: ParserRecipe

    package init(paths: [String], tag: String, parser: ParserRecipe) {
        (self.paths, self.tag, self.parser) = (paths, tag, parser)
    }

    /// Whether lines can be turned from an encoding into UTF-8.
    package static func knows(encoding: String) -> Bool { TextConverter(from: encoding) != nil }

    /// The tag of a file: where a star stands, its path with dots for slashes, runs of them as one, without those in front.
    func tag(of path: String) -> Tag {
        guard let star = tag.firstIndex(of: "*") else { return Tag(tag) }
        var name = ""
        for letter in path {
            let isDot = letter == "/" || letter == "."
            if isDot, name.isEmpty || name.hasSuffix(".") { continue }
            name.append(isDot ? "." : letter)
        }
        return Tag(String(tag[..<star]) + name + String(tag[tag.index(after: star)...]))
    }
}
