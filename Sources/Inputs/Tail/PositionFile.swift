internal import Glibc

/// The `pos_file` on disk: a line is changed in its place, so that a position costs one small write; lines are added at
/// the end; to leave lines out the file is written anew and renamed.
final class PositionFile {
    /// A file's line, as long as it is watched.
    final class Line {
        let path: String
        let inode: UInt64
        fileprivate(set) var offset: UInt64
        /// Of the offset's digits in the file; nil: the line is not in it.
        fileprivate var place: Int?
        /// Whether a file is followed by it.
        var isInUse = false
        /// Left out when the file is written anew.
        fileprivate var isRemoved = false

        fileprivate init(path: String, inode: UInt64, offset: UInt64) {
            (self.path, self.inode, self.offset) = (path, inode, offset)
        }

        fileprivate var isFree: Bool { !isInUse && !isRemoved && !hasEnded }
        /// Its file is not watched any more.
        fileprivate var hasEnded: Bool { offset == PositionTable.unwatched }
        fileprivate var entry: PositionTable.Entry { .init(path: path, inode: inode, offset: offset) }
    }

    struct Failure: Error, CustomStringConvertible { let description: String }

    let path: String
    private var descriptor: Int32 = -1
    /// In the order of the file, with those that were removed since it was last written anew: so a removal costs the
    /// same however many lines there are.
    private var lines: [Line] = []
    private var byPath: [String: [Line]] = [:]
    private var byInode: [UInt64: [Line]] = [:]
    private var length = 0
    /// How many lines of files that are not watched any more there may be before they are left out: Fluentd's stay for days,
    /// and where pods come and go they would be without number.
    static let mostEnded = 100
    private var ended = 0
    /// Whether it is time to write the file anew.
    var hasManyEnded: Bool { ended > Self.mostEnded }
    /// What the file said when it was opened.
    let table: PositionTable
    /// Told of writes that failed.
    var onFailure: ((String) -> Void)?

    /// Reads the file, or begins one, with the folders above it.
    init(_ path: String) throws(Failure) {
        self.path = path
        try Self.makeFolders(above: path)
        table = PositionTable(try Self.read(path))
        for entry in table.entries { add(Line(path: entry.path, inode: entry.inode, offset: entry.offset)) }
        try rewrite()
    }

    deinit { if descriptor >= 0 { Glibc.close(descriptor) } }

    private func add(_ line: Line) {
        lines.append(line)
        byPath[line.path, default: []].append(line)
        byInode[line.inode, default: []].append(line)
    }

    /// Lines that no file is followed by, the latest last.
    var unused: [Line] { lines.filter(\.isFree) }
    func unused(path: String) -> [Line] { (byPath[path] ?? []).filter(\.isFree) }
    func unused(inode: UInt64) -> [Line] { (byInode[inode] ?? []).filter(\.isFree) }

    /// The line of a file that is watched from now on.
    func line(path: String, inode: UInt64, offset: UInt64) -> Line {
        if let known = unused(path: path).last(where: { $0.inode == inode }) {
            set(known, offset: offset)
            return known
        }
        let line = Line(path: path, inode: inode, offset: offset)
        add(line)
        let text = Array(line.entry.line.utf8)
        line.place = length + line.path.utf8.count + 1
        write(text, at: length)
        length += text.count
        return line
    }

    func set(_ line: Line, offset: UInt64) {
        guard line.offset != offset else { return }
        line.offset = offset
        guard let place = line.place else { return }
        write(Array(line.entry.line.utf8.dropFirst(line.path.utf8.count + 1).prefix(16)), at: place)
    }

    /// The file is not watched any more; its line goes when there are many of them.
    func endWatching(_ line: Line) {
        guard !line.hasEnded, !line.isRemoved else { return }
        set(line, offset: PositionTable.unwatched)
        ended += 1
        forget(line)
    }

    /// The file is read to its end and will not come again: its line goes.
    func remove(_ line: Line) {
        if line.hasEnded, !line.isRemoved { ended -= 1 }
        line.isRemoved = true
        line.place = nil
        forget(line)
    }

    /// It is not looked for any more.
    private func forget(_ line: Line) {
        Self.drop(line, from: &byPath[line.path])
        Self.drop(line, from: &byInode[line.inode])
    }

    /// Few lines have one path or one inode.
    private static func drop(_ line: Line, from same: inout [Line]?) {
        same?.removeAll { $0 === line }
        if same?.isEmpty ?? false { same = nil }
    }

    /// Writes the file without the lines that were removed.
    func compact() {
        do throws(Failure) { try rewrite() } catch { onFailure?("\(error)") }
    }

    // MARK: - Disk

    /// Whole under another name, then renamed: whatever ends the process leaves the old file or the new one.
    func rewrite() throws(Failure) {
        let temporary = path + ".new"
        let file = unsafe open(temporary, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard file >= 0 else { throw Self.failure("write", temporary) }
        var text: [UInt8] = []
        if hasManyEnded {
            for line in lines where line.hasEnded { line.place = nil }
            lines.removeAll(where: \.hasEnded)
            ended = 0
        }
        lines.removeAll(where: \.isRemoved)
        for line in lines {
            line.place = text.count + line.path.utf8.count + 1
            text += Array(line.entry.line.utf8)
        }
        let written = unsafe text.withUnsafeBytes { unsafe pwrite(file, $0.baseAddress, $0.count, 0) }
        guard written == text.count, fsync(file) == 0, unsafe rename(temporary, path) == 0 else {
            let error = Self.failure("write", path)
            Glibc.close(file)
            throw error
        }
        if descriptor >= 0 { Glibc.close(descriptor) }
        descriptor = file
        length = text.count
    }

    private func write(_ bytes: [UInt8], at place: Int) {
        let written = unsafe bytes.withUnsafeBytes { unsafe pwrite(descriptor, $0.baseAddress, $0.count, off_t(place)) }
        if written != bytes.count { onFailure?("\(Self.failure("write", path))") }
    }

    static func read(_ path: String) throws(Failure) -> String {
        let file = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else {
            if errno == ENOENT { return "" }
            throw failure("read", path)
        }
        defer { Glibc.close(file) }
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 64 * 1024)
        while true {
            let count = unsafe block.withUnsafeMutableBytes { unsafe Glibc.read(file, $0.baseAddress, $0.count) }
            if count < 0 { throw failure("read", path) }
            if count == 0 { return String(decoding: bytes, as: UTF8.self) }
            bytes += block[..<count]
        }
    }

    static func makeFolders(above path: String) throws(Failure) {
        var folder = path.hasPrefix("/") ? "/" : ""
        for part in path.split(separator: "/").dropLast() {
            folder += part + "/"
            if unsafe mkdir(folder, 0o755) != 0, errno != EEXIST { throw failure("make the folder", folder) }
        }
    }

    static func failure(_ verb: String, _ path: String) -> Failure {
        // A static text of the C library, copied at once.
        Failure(description: "cannot \(verb) \(path): \(unsafe String(cString: strerror(errno)))")
    }
}
