import ConfigFile

/// The daemon that a command line means.
enum DaemonProcess {
    struct Unknown: Error, CustomStringConvertible {
        let description: String
    }

    /// From a process id, or a file that holds one.
    static func number(_ text: String) throws(Unknown) -> Int32 {
        if let number = Int32(text), number > 0 { return number }
        guard let line = lines(of: text)?.first else {
            throw Unknown(description: "'\(text)' is neither a process id nor a file that can be read")
        }
        guard let number = Int32(line.filter { !$0.isWhitespace }), number > 0 else {
            throw Unknown(description: "no process id is in '\(text)'")
        }
        return number
    }

    /// The daemons that answer on this machine (`/proc/net/unix` shows their names), of whatever account.
    static func all() -> [Int32] {
        let numbers = (lines(of: "/proc/net/unix") ?? []).compactMap { line -> Int32? in
            guard let name = line.split(separator: " ").last, name.hasPrefix("@sluice/") else { return nil }
            return Int32(name.dropFirst(8))
        }
        return Set(numbers).sorted()
    }

    private static func lines(of path: String) -> [Substring]? {
        guard let bytes = try? DiskFiles().read(path, maximumBytes: 64 << 20) else { return nil }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
    }
}
