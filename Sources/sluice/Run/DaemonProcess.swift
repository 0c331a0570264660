import Glibc

/// The daemon that a command line means.
enum DaemonProcess {
    struct Unknown: Error, CustomStringConvertible {
        let description: String
    }

    /// From a process id, or a file that holds one.
    static func number(_ text: String) throws(Unknown) -> Int32 {
        if let number = Int32(text), number > 0 { return number }
        guard let file = unsafe fopen(text, "r") else {
            throw Unknown(description: "'\(text)' is neither a process id nor a file that can be read")
        }
        // The line ends within the buffer; both are gone with this call.
        var line = [CChar](repeating: 0, count: 32)
        let hasLine = unsafe fgets(&line, Int32(line.count), file) != nil
        unsafe fclose(file)
        let words = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        guard hasLine, let number = Int32(words.filter { !$0.isWhitespace }), number > 0 else {
            throw Unknown(description: "no process id is in '\(text)'")
        }
        return number
    }

    /// The daemons that answer on this machine (`/proc/net/unix` shows their names), of whatever account.
    static func all() -> [Int32] {
        guard let file = unsafe fopen("/proc/net/unix", "r") else { return [] }
        defer { unsafe fclose(file) }
        var found: Set<Int32> = []
        var line = [CChar](repeating: 0, count: 512)
        while unsafe fgets(&line, Int32(line.count), file) != nil {
            let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            guard let name = text.split(separator: " ").last, name.hasPrefix("@sluice/") else { continue }
            if let number = Int32(name.dropFirst(8).filter { !$0.isWhitespace }) { found.insert(number) }
        }
        return found.sorted()
    }
}
