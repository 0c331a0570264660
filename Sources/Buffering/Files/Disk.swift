internal import Glibc

/// The system calls that files are made of: the kernel's, or a test's, whose writes are cut short, whose disk is full, and
/// whose power goes. Each answers as the kernel does; a failure is the code of its error with a minus in front.
protocol Disk: Sendable {
    func open(_ path: String, flags: Int32) -> Int
    func close(_ descriptor: Int)
    func byteCount(_ descriptor: Int) -> Int
    /// Writes both, one behind the other, or the front of them; answers how much.
    func write(
        _ descriptor: Int, _ first: UnsafeRawBufferPointer, _ second: UnsafeRawBufferPointer, at offset: Int
    ) -> Int
    func read(_ descriptor: Int, into room: UnsafeMutableRawBufferPointer, at offset: Int) -> Int
    func truncate(_ descriptor: Int, to count: Int) -> Int
    /// What was written is on the disk; of a folder, the names in it.
    func sync(_ descriptor: Int) -> Int
    func lock(_ descriptor: Int) -> Int
    func unlock(_ descriptor: Int)
    /// Whether the path leads to what the descriptor is.
    func isFile(_ descriptor: Int, at path: String) -> Bool
    func remove(_ path: String) -> Int
    func rename(_ path: String, to other: String) -> Int
    func link(_ path: String, as other: String) -> Int
    func makeFolder(_ path: String) -> Int
    func removeFolder(_ path: String) -> Int
    /// Of what is in a folder, in any order.
    func names(in folder: String, _ names: inout [String]) -> Int
}

/// The machine's own.
struct KernelDisk: Disk {
    func open(_ path: String, flags: Int32) -> Int {
        // Other people's log lines: nobody else's to read.
        result(Int(unsafe Glibc.open(path, flags | O_CLOEXEC, 0o600)))
    }

    func close(_ descriptor: Int) { _ = Glibc.close(Int32(descriptor)) }

    func byteCount(_ descriptor: Int) -> Int {
        var status = stat()
        return unsafe fstat(Int32(descriptor), &status) == 0 ? Int(status.st_size) : -Int(errno)
    }

    func write(
        _ descriptor: Int, _ first: UnsafeRawBufferPointer, _ second: UnsafeRawBufferPointer, at offset: Int
    ) -> Int {
        var parts = unsafe [
            iovec(iov_base: UnsafeMutableRawPointer(mutating: first.baseAddress), iov_len: first.count),
            iovec(iov_base: UnsafeMutableRawPointer(mutating: second.baseAddress), iov_len: second.count),
        ]
        return result(unsafe pwritev(Int32(descriptor), &parts, 2, offset))
    }

    func read(_ descriptor: Int, into room: UnsafeMutableRawBufferPointer, at offset: Int) -> Int {
        result(unsafe pread(Int32(descriptor), room.baseAddress, room.count, offset))
    }

    func truncate(_ descriptor: Int, to count: Int) -> Int { result(Int(ftruncate(Int32(descriptor), count))) }
    func sync(_ descriptor: Int) -> Int { result(Int(fdatasync(Int32(descriptor)))) }
    func lock(_ descriptor: Int) -> Int { result(Int(flock(Int32(descriptor), LOCK_EX | LOCK_NB))) }
    func unlock(_ descriptor: Int) { _ = flock(Int32(descriptor), LOCK_UN) }

    func isFile(_ descriptor: Int, at path: String) -> Bool {
        var (own, named) = (stat(), stat())
        let isThere = unsafe fstat(Int32(descriptor), &own) == 0 && stat(path, &named) == 0
        return isThere && own.st_ino == named.st_ino && own.st_dev == named.st_dev
    }

    func remove(_ path: String) -> Int { result(Int(unsafe unlink(path))) }
    func rename(_ path: String, to other: String) -> Int { result(Int(unsafe Glibc.rename(path, other))) }
    func link(_ path: String, as other: String) -> Int { result(Int(unsafe Glibc.link(path, other))) }
    func makeFolder(_ path: String) -> Int { result(Int(unsafe mkdir(path, 0o700))) }
    func removeFolder(_ path: String) -> Int { result(Int(unsafe rmdir(path))) }

    func names(in folder: String, _ names: inout [String]) -> Int {
        guard let stream = unsafe opendir(folder) else { return -Int(errno) }
        defer { unsafe closedir(stream) }
        while let entry = unsafe readdir(stream) {
            names.append(
                unsafe withUnsafePointer(to: &entry.pointee.d_name) { name in
                    unsafe name.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
                })
        }
        return 0
    }

    private func result(_ answer: Int) -> Int { answer < 0 ? -Int(errno) : answer }
}
