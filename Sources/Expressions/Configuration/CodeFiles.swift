/// What an expression is about, which decides what it can name.
package enum CodeScope: Sendable {
    /// One event: its record, tag and time.
    case event
    /// A configuration while it is read: files of the machine, no event.
    case configuration
}

/// The files that code of a configuration may look at.
package protocol CodeFiles: Sendable {
    /// `Dir.pwd`
    var workingDirectory: String { get }
    func contents(of path: String, maximumBytes: Int) throws(UnreadableFile) -> [UInt8]
    func exists(_ path: String) -> Bool
    func isFolder(_ path: String) -> Bool
}

/// Why a file cannot be read, for the end of a sentence: `no such file or directory`.
package struct UnreadableFile: Error {
    package let reason: String

    package init(reason: String) { self.reason = reason }
}

/// What an evaluation has asked the machine for.
package struct CodeTrace {
    /// An environment variable that is not set, and where it was asked for.
    package struct Unset {
        package let name: String
        package let place: Range<Int>
    }

    package internal(set) var unset: [Unset] = []
    package internal(set) var variables: [(name: String, value: String)] = []
    /// The texts of files.
    package internal(set) var contents: [[UInt8]] = []

    package init() {}
}
