package import Events
internal import Glibc

/// The dead letters of an output on their way back to it: its files under names of their own, so that what is refused
/// again goes into new ones, and no event is in the way of its own return.
///
/// ```
/// <state directory>/dead-letters/<output>/0000000001.ndjson.1.replay
/// ```
/// They are still there after a crash, for the next replay and for `sluice dead-letters`.
package struct TakenLetters: Sendable {
    /// In the order of their numbers.
    package let files: [String]
    /// Held for as long as this is: who has opened a file before it got its new name does not write to it any more.
    private let held: [DiskFile]

    private static let suffix = ".replay"
    private static let pollMicroseconds: UInt32 = 10_000

    /// Takes all files of a folder, but those that somebody else takes just now, or goes on writing to.
    ///
    /// - Parameter writersSeconds: how long writers are waited for, all together: one has its file until a batch is on the
    ///   disk. Blocks so long.
    package init(folder: String, writersSeconds: Double = 2) throws(ChunkStoreError) {
        var files: [String] = []
        var waits = Int(writersSeconds * 1e6 / Double(Self.pollMicroseconds))
        var held: [DiskFile] = []
        for name in try DiskFile.names(in: folder) {
            let path = "\(folder)/\(name)"
            let isTaken = name.hasSuffix(Self.suffix)
            guard isTaken || name.hasSuffix(DeadLetterFiles.fileSuffix) else { continue }
            let file = try DiskFile(path, for: .append)
            var isLocked = file.lock()
            while !isLocked, !isTaken, waits > 0 {
                usleep(Self.pollMicroseconds)
                waits -= 1
                isLocked = file.lock()
            }
            guard isLocked, file.hasName else { continue }
            let name = isTaken ? path : Self.freeName(path)
            if !isTaken { try DiskFile.move(path, to: name) }
            files.append(name)
            held.append(file)
        }
        DiskFile.syncFolder(folder)
        (self.files, self.held) = (files, held)
    }

    /// A new file may have the number of one that was taken before.
    private static func freeName(_ path: String) -> String {
        var number = 1
        while (try? DiskFile("\(path).\(number)\(suffix)", for: .read)) != nil { number += 1 }
        return "\(path).\(number)\(suffix)"
    }

    /// All events of a file are safe elsewhere.
    package static func remove(_ file: String) throws(ChunkStoreError) { try DiskFile.remove(file) }

    /// Not all events of a file are: it gets its name back, unless another one has it by now.
    package static func putBack(_ file: String) {
        guard file.hasSuffix(suffix), let end = file.dropLast(suffix.utf8.count).lastIndex(of: ".") else { return }
        let name = String(file[..<end])
        guard (try? DiskFile(name, for: .read)) == nil else { return }
        try? DiskFile.move(file, to: name)
    }

    /// Some events of a file are safe elsewhere: it gets its name back with the lines of the others.
    ///
    /// The lines are on the disk before they take the file's place, so that a crash leaves all of it or them.
    package static func putBack(_ file: String, holding rest: borrowing ByteBuffer) throws(ChunkStoreError) {
        let place = file.lastIndex(of: "/").map { file.index(after: $0) } ?? file.startIndex
        // Nobody reads names with a dot: after a crash it is in nobody's way.
        let made = "\(file[..<place]).\(file[place...])"
        try DiskFile.remove(made)
        let lines = try DiskFile(made, for: .create)
        try lines.write(rest, at: 0)
        try lines.sync()
        try DiskFile.move(made, to: file)
        DiskFile.syncFolder(String(file[..<place]))
        putBack(file)
    }
}
