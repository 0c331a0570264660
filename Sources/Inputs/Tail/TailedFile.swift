internal import EventLoop
internal import Events
internal import Glibc

/// The lines of a file that belong together, as far as they have come.
class JoinedLines {
    struct Text {
        var bytes: [UInt8]
        /// In the file.
        let start: UInt64
        var changedAtMilliseconds: UInt64
    }

    /// The file's.
    final let path: String
    /// nil: the next line begins a text.
    final var text: Text?

    init(_ path: String) { self.path = path }
}

/// One file that is followed: what has been read of it, and what of that is safe.
final class TailedFile: JoinedLines {
    /// A batch that was handed on and whose end is not known.
    final class Outstanding {
        /// Where the file would be read on.
        let end: UInt64
        let generation: Int
        var isSettled = false

        init(end: UInt64, generation: Int) { (self.end, self.generation) = (end, generation) }
    }

    /// Why a file that another has replaced, or that has gone, is still read, and what becomes of its position.
    enum Ending { case replaced, gone }

    let tag: Tag
    let identity: FileIdentity
    var inode: UInt64 { identity.inode }
    private let descriptor: Int32
    /// Where the next bytes are read.
    private(set) var readOffset: UInt64
    /// Up to where its lines were handed on.
    private(set) var takenOffset: UInt64
    /// What was read behind the last line's end.
    var carry: [UInt8] = []
    /// In the middle of a line that is too long.
    var isSkipping = false
    var position: PositionFile.Line? {
        didSet {
            oldValue?.isInUse = false
            position?.isInUse = true
        }
    }
    var ending: Ending?
    /// Where it really is, as long as that is watched.
    var place: (folder: String, path: String)?
    /// When it is closed once it has been read to its end.
    var deadlineMilliseconds: UInt64 = 0
    /// Its events found a buffer full, or were refused.
    var isHeld = false
    var wait = GateWait()
    var retryAtMilliseconds = UInt64.max
    /// `read_bytes_limit_per_second`: the second, and what was read in it.
    var secondStarted: UInt64 = 0
    var bytesInSecond = 0
    /// Its place in a `<group>` with a limit.
    var member: TailGroups.Member?
    private var outstanding: [Outstanding] = []
    /// Counts truncations: what was read before one says nothing about where to go on.
    private(set) var generation = 0

    struct Failure: Error { let code: Int32 }

    init(_ path: String, tag: Tag, at offset: UInt64) throws(Failure) {
        let opened = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard opened >= 0 else { throw Failure(code: errno) }
        var facts = stat()
        guard unsafe fstat(opened, &facts) == 0 else {
            let code = errno
            Glibc.close(opened)
            throw Failure(code: code)
        }
        let start = offset > UInt64(facts.st_size) ? 0 : offset
        (self.tag, descriptor, identity) = (tag, opened, FileIdentity(facts))
        (readOffset, takenOffset) = (start, start)
        super.init(path)
    }

    deinit { Glibc.close(descriptor) }

    /// Whether the path leads to another file by now. A file that has no name any more is another one, whatever its
    /// number.
    func isReplaced(by facts: stat) -> Bool { FileIdentity(facts) != identity }

    /// When it was made: its number is given to another file as soon as nobody holds it any more.
    var birth: FileBirth? { FileBirth(ofDescriptor: descriptor) }

    /// Bytes of the file; nil when that cannot be asked for.
    var size: UInt64? {
        var facts = stat()
        return unsafe fstat(descriptor, &facts) == 0 ? UInt64(facts.st_size) : nil
    }

    /// Appends what comes next, and says how much that was; nil: it cannot be read.
    func read(into storage: inout ByteBuffer, atMost bytes: Int) -> Int? {
        var count = 0
        repeat {
            // Reads at most into the room that was reserved.
            unsafe storage.appendUnsafe(room: bytes) { target in
                unsafe count = pread(descriptor, target, bytes, off_t(readOffset))
                return max(count, 0)
            }
        } while count < 0 && errno == EINTR
        guard count >= 0 else { return nil }
        readOffset += UInt64(count)
        return count
    }

    /// Where it would be read on if everything that was read so far were safe.
    var consumedOffset: UInt64 { text?.start ?? (readOffset - UInt64(carry.count)) }

    /// It was cut: from its beginning.
    func restart() {
        (readOffset, takenOffset) = (0, 0)
        carry = []
        isSkipping = false
        text = nil
        outstanding = []
        generation += 1
    }

    /// What was read behind a line is read again later.
    func putBack(to offset: UInt64) {
        readOffset = offset
        carry = []
    }

    func begin(_ end: UInt64) -> Outstanding {
        let batch = Outstanding(end: end, generation: generation)
        outstanding.append(batch)
        takenOffset = end
        return batch
    }

    /// The batch that was just begun was not taken: all that was read behind the one before is read again.
    func takeBack(_ batch: Outstanding, to offset: UInt64) {
        outstanding.removeAll { $0 === batch }
        takenOffset = offset
        putBack(to: offset)
        text = nil
    }

    /// The end of all that is safe, when that has moved.
    func settle(_ batch: Outstanding) -> UInt64? {
        batch.isSettled = true
        guard batch.generation == generation else { return nil }
        var end: UInt64?
        while let first = outstanding.first, first.isSettled {
            end = first.end
            outstanding.removeFirst()
        }
        return end
    }

    var isAllSafe: Bool { outstanding.isEmpty && text == nil }
}
