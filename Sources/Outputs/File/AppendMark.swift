internal import Events
internal import Glibc

/// What stands beside a file while something is appended to it: how long the file was. A process that dies on the way leaves
/// it, and the next append cuts the file back to that length first: no half line stays, and nothing of the chunk that is
/// sent again.
///
/// `.sluice-HASH.append` in the file's folder; its text is the file's inode and its length in bytes.
struct AppendMark {
    let path: String

    init(for file: String) {
        let parent = FileFolders.parent(of: file)
        let name = parent.isEmpty ? file[...] : file.dropFirst(parent == "/" ? 1 : parent.count + 1)
        // 64 bits of FNV-1a (draft-eastlake-fnv): a name may be as long as names can be.
        let hash = name.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01b3 }
        path = (parent.isEmpty ? "" : parent == "/" ? "/" : parent + "/") + ".sluice-\(String(hash, radix: 16)).append"
    }

    /// The length to which the file is to be cut back; nil: nothing was left half done.
    func length(of status: stat) -> Int? {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 64)
        let count = unsafe bytes.withUnsafeMutableBytes { unsafe read(descriptor, $0.baseAddress, $0.count) }
        let words = String(decoding: bytes.prefix(max(count, 0)), as: UTF8.self).split(separator: " ")
        // One without its end was not yet whole when the process died, so nothing was written after it.
        guard words.count == 3, words[2] == "\n", let inode = UInt64(words[0]), let length = Int(words[1]),
            inode == UInt64(status.st_ino), length < Int(status.st_size)
        else { return nil }
        return length
    }

    func make(_ status: stat, waitsForDisk: Bool) throws(FileError) {
        var text = ByteBuffer(capacity: 64)
        text.append("\(status.st_ino) \(status.st_size) \n")
        do throws(FileError) {
            let file = try WrittenFile(path, O_CREAT | O_TRUNC, mode: 0o600)
            try file.write(text)
            if waitsForDisk { try file.sync() }
        } catch {
            remove()
            throw error
        }
        if waitsForDisk { try FileFolders.sync(of: path) }
    }

    func remove() { unsafe unlink(path) }
}
