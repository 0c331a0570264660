import Glibc

/// Tells what happens to the names in folders (inotify(7)), and of a rename within a folder both names.
///
/// Several writes may be told as one, and none may be relied on: file systems of other machines tell nothing. Belongs to
/// one loop; close it when done with it.
package final class FolderWatch {
    package enum Change: Equatable {
        /// Something was written, made or removed under this name.
        case changed(String)
        /// What had the one name has the other one now. `changed` was told of the first before.
        case moved(from: String, to: String)
        /// More happened than was kept: each name may have changed.
        case lost
    }

    private let descriptor: Int32
    private var watch: DescriptorWatch?
    private let told: (_ folder: String, [Change]) -> Void
    private var folders: [Int32: String] = [:]
    private var numbers: [String: Int32] = [:]
    /// Names that something was moved away from, by the kernel's number for the move; the last few.
    private var moves: [(cookie: UInt32, folder: Int32, name: String)] = []
    private var buffer = [UInt8](repeating: 0, count: FolderWatch.bufferBytes)
    private static let bufferBytes = 64 * 1024
    private static let keptMoves = 64

    /// - Parameter told: gets what happened in one folder, in its order.
    package init(on loop: Loop, _ told: @escaping (_ folder: String, [Change]) -> Void) throws(LoopError) {
        descriptor = inotify_init1(Int32(IN_NONBLOCK | IN_CLOEXEC))
        self.told = told
        guard descriptor >= 0 else {
            throw LoopError("watch", "folders", errno: errno)
        }
        watch = try DescriptorWatch(descriptor, on: loop) { [unowned self] in read() }
    }

    package func close() {
        watch?.close()
        watch = nil
    }

    /// Whether changes of a folder are told.
    package func watches(_ folder: String) -> Bool { numbers[folder] != nil }

    package func begin(_ folder: String) throws(LoopError) {
        guard numbers[folder] == nil, watch != nil else { return }
        let number = unsafe inotify_add_watch(
            descriptor, folder.isEmpty ? "/" : folder,
            UInt32(IN_MODIFY | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO) | UInt32(IN_ONLYDIR))
        guard number >= 0 else { throw LoopError("watch", folder, errno: errno) }
        folders[number] = folder
        numbers[folder] = number
    }

    package func end(_ folder: String) {
        guard let number = numbers.removeValue(forKey: folder) else { return }
        folders[number] = nil
        if watch != nil { inotify_rm_watch(descriptor, number) }
    }

    private func read() {
        // Fills at most the buffer, with whole events.
        let count = unsafe buffer.withUnsafeMutableBytes { unsafe Glibc.read(descriptor, $0.baseAddress, $0.count) }
        var (place, folder, changes) = (0, String?.none, [Change]())
        func tell(of next: String?) {
            if next == folder { return }
            if let folder, !changes.isEmpty { told(folder, changes) }
            (folder, changes) = (next, [])
        }
        while place + MemoryLayout<inotify_event>.size <= count, watch != nil {
            // The kernel writes whole events of this form, the name and its zeros behind each.
            let event = unsafe buffer.withUnsafeBytes {
                unsafe $0.loadUnaligned(fromByteOffset: place, as: inotify_event.self)
            }
            let start = place + MemoryLayout<inotify_event>.size
            place = min(start + Int(event.len), count)
            if event.mask & UInt32(IN_Q_OVERFLOW) != 0 {
                tell(of: nil)
                for one in Array(folders.values) { told(one, [.lost]) }
                continue
            }
            guard let known = folders[event.wd] else { continue }
            if event.mask & UInt32(IN_IGNORED) != 0 {
                // The folder has gone.
                folders[event.wd] = nil
                numbers[known] = nil
                continue
            }
            tell(of: known)
            let name = String(decoding: buffer[start..<place].prefix { $0 != 0 }, as: UTF8.self)
            changes.append(change(name, event))
        }
        tell(of: nil)
    }

    private func change(_ name: String, _ event: inotify_event) -> Change {
        if event.mask & UInt32(IN_MOVED_FROM) != 0 {
            if moves.count == Self.keptMoves { moves.removeFirst() }
            moves.append((event.cookie, event.wd, name))
        } else if event.mask & UInt32(IN_MOVED_TO) != 0,
            let index = moves.lastIndex(where: { $0.cookie == event.cookie && $0.folder == event.wd })
        {
            return .moved(from: moves.remove(at: index).name, to: name)
        }
        return .changed(name)
    }
}
