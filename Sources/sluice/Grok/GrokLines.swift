import CommandLine
import Events
import Glibc

/// Reads texts from files in large blocks. A text ends with a line feed or, as asked, with a zero byte; the last one of a
/// file needs no end.
struct GrokLines: ~Copyable {
    /// What one read asks for.
    static let blockBytes = 256 * 1024
    /// A longer text is refused: it would be held in memory as a whole.
    static let maximumTextBytes = 64 << 20

    struct ReadError: Error, CustomStringConvertible {
        let description: String
    }

    private var paths: ArraySlice<String>
    private let separator: UInt8
    private var descriptor: Int32?
    private var current = ""
    /// The beginning of a text whose end was not read yet.
    private var rest = ByteBuffer(capacity: 4096)
    private let progress: GrokProgress?

    /// `-` is standard input, and no path at all means it.
    /// - Parameter progress: goes on saying how far it is while nothing can be read.
    init(_ paths: [String], separator: UInt8, progress: GrokProgress? = nil) {
        self.paths = paths.isEmpty ? ["-"] : paths[...]
        self.separator = separator
        self.progress = progress
    }

    deinit { if let descriptor, descriptor != STDIN_FILENO { close(descriptor) } }

    /// Puts the next texts into an empty storage, each with its end; false when there are no more.
    ///
    /// Returns what a read gave, however little, so that a pipe is followed line by line.
    mutating func read(into storage: inout ByteBuffer) throws(ReadError) -> Bool {
        while true {
            guard let descriptor = try open() else { return false }
            storage.clear()
            storage.append(rest)
            rest.clear()
            var searched = storage.count
            while true {
                let count = try readBlock(descriptor, &storage)
                if count == 0 {
                    if descriptor != STDIN_FILENO { close(descriptor) }
                    self.descriptor = nil
                    if storage.isEmpty { break }
                    storage.append(separator)
                    return true
                }
                if let end = lastSeparator(storage, from: searched) {
                    rest.append(Slice(offset: end + 1, length: storage.count - end - 1), of: storage)
                    storage.truncate(to: end + 1)
                    return true
                }
                searched = storage.count
                guard storage.count <= Self.maximumTextBytes else {
                    throw ReadError(
                        description: "\(current) has a text of more than \(Self.maximumTextBytes) bytes without an end"
                            + (separator == 0 ? "; leave -0 out if its texts are lines" : ""))
                }
            }
        }
    }

    /// All texts, with their numbers from 1, until `body` says false.
    ///
    /// - Parameters:
    ///   - takesEmpty: whether `body` gets those without any character.
    ///   - afterBlock: called when what was read is used up, before more is waited for.
    mutating func each(
        takesEmpty: Bool = false, _ body: (_ number: Int, _ text: [UInt8]) -> Bool, afterBlock: () -> Void = {}
    ) throws(ReadError) {
        var storage = ByteBuffer(capacity: Self.blockBytes * 2)
        var number = 0
        while try read(into: &storage) {
            var start = 0
            for place in 0..<storage.count where storage[place] == separator {
                number += 1
                if place > start || takesEmpty,
                    !body(number, storage.array(Slice(offset: start, length: place - start)))
                {
                    return
                }
                start = place + 1
            }
            afterBlock()
        }
    }

    private mutating func open() throws(ReadError) -> Int32? {
        if let descriptor { return descriptor }
        guard let path = paths.popFirst() else { return nil }
        current = path == "-" ? "standard input" : path
        if path == "-" {
            descriptor = STDIN_FILENO
        } else {
            let opened = unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC)
            guard opened >= 0 else { throw failure() }
            descriptor = opened
        }
        return descriptor
    }

    private func failure() -> ReadError {
        // A static text of the C library, copied at once.
        ReadError(description: "cannot read \(current): \(unsafe String(cString: strerror(errno)))")
    }

    /// Waits for something to read. Not where somebody types: the line would be in the way.
    private func waitForInput(_ descriptor: Int32) {
        guard let progress, isatty(descriptor) == 0 else { return }
        while true {
            var watched = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            // The pointer is to a local and does not leave the call.
            let ready = unsafe poll(&watched, 1, Int32(Progress.intervalMilliseconds))
            guard ready == 0 || ready < 0 && errno == EINTR else { return }
            progress.update()
        }
    }

    private func readBlock(_ descriptor: Int32, _ storage: inout ByteBuffer) throws(ReadError) -> Int {
        waitForInput(descriptor)
        var count = 0
        repeat {
            // Reads at most into the room that was reserved.
            unsafe storage.appendUnsafe(room: Self.blockBytes) { target in
                unsafe count = Glibc.read(descriptor, target, Self.blockBytes)
                return max(count, 0)
            }
        } while count < 0 && errno == EINTR
        if count < 0 { throw failure() }
        return count
    }

    private func lastSeparator(_ storage: borrowing ByteBuffer, from start: Int) -> Int? {
        var index = storage.count - 1
        while index >= start {
            if storage[index] == separator { return index }
            index -= 1
        }
        return nil
    }

    /// The text that begins at `start` of a block: up to the next separator, which every text of a block has.
    @inline(__always)
    static func text(_ storage: borrowing ByteBuffer, from start: Int, limit: Int, separator: UInt8) -> Slice {
        let length = unsafe storage.withUnsafeBytes(Slice(offset: start, length: limit - start)) { bytes, count in
            unsafe memchr(bytes, Int32(separator), count).map { unsafe UnsafeRawPointer($0) - UnsafeRawPointer(bytes) }
                ?? count
        }
        return Slice(offset: start, length: length)
    }
}
