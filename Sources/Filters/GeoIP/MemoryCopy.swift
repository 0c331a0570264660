internal import Glibc

/// A copy of a file in memory, which nobody else can change (memfd_create(2)).
///
/// A library that maps a file into memory ends the process with SIGBUS when somebody writes a shorter one over it, as `cp` and
/// `curl -o` do. The copy takes as much memory as the file has bytes.
struct MemoryCopy: ~Copyable {
    /// Enough for each of MaxMind's databases several times over.
    static let largestBytes = 1 << 30

    private let descriptor: Int32

    /// Where a library can open it while it lives.
    var path: String { "/proc/self/fd/\(descriptor)" }

    init(of path: String) throws(LibMaxMindDB.Failure) {
        let file = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else { throw Self.failure() }
        defer { close(file) }
        var status = stat()
        guard unsafe fstat(file, &status) == 0 else { throw Self.failure() }
        guard status.st_size <= Self.largestBytes else {
            throw LibMaxMindDB.Failure(description: "it has more than \(Self.largestBytes >> 30) GiB")
        }
        let copy = LibMaxMindDB.makeMemoryFile()
        guard copy >= 0 else { throw Self.failure() }
        // A file that somebody is writing may end before its size says; what there is of it is read like any other.
        var left = Int(status.st_size)
        while left > 0 {
            let count = sendfile(copy, file, nil, left)
            if count == 0 { break }
            if count < 0 {
                if errno == EINTR { continue }
                let failure = Self.failure()
                close(copy)
                throw failure
            }
            left -= count
        }
        descriptor = copy
    }

    deinit { close(descriptor) }

    private static func failure() -> LibMaxMindDB.Failure {
        // A static text of the C library, copied at once.
        LibMaxMindDB.Failure(description: unsafe String(cString: strerror(errno)))
    }
}
