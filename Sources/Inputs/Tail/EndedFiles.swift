internal import EventLoop
internal import Glibc

/// What a file is, whatever it is called.
struct FileIdentity: Hashable {
    let inode: UInt64
    let device: UInt64

    init(_ facts: stat) { (inode, device) = (UInt64(facts.st_ino), UInt64(facts.st_dev)) }
}

/// Files that were read to their end and left of late: they may still be renamed, and are not read again then.
///
/// The number of a file that is deleted is given to another one at once, so a file is known by its birth as well.
struct EndedFiles {
    private var left: [FileIdentity: (birth: FileBirth?, atMilliseconds: UInt64)] = [:]

    mutating func add(_ identity: FileIdentity, _ birth: FileBirth?, atMilliseconds now: UInt64) {
        left[identity] = (birth, now)
    }

    /// Whether a file is one of them. It is known for as long as it is asked for.
    ///
    /// - Parameter birth: asked for only where the number is known.
    mutating func has(
        _ identity: FileIdentity, _ birth: @autoclosure () -> FileBirth?, atMilliseconds now: UInt64
    ) -> Bool {
        guard let known = left[identity], known.birth == birth() else { return false }
        left[identity]?.atMilliseconds = now
        return true
    }

    mutating func forget(olderThanMilliseconds age: UInt64, atMilliseconds now: UInt64) {
        if left.isEmpty { return }
        left = left.filter { now - $0.value.atMilliseconds < age }
    }
}
