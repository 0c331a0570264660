internal import Buffering
internal import Glibc

/// Where a buffer has its files, as a configuration says it.
struct BufferFiles: Sendable {
    let path: String
    /// `path_suffix`.
    let suffix: String

    /// As it is now: a name that is a folder's is that folder.
    var place: FileBufferPath {
        var status = stat()
        // The pointer is to a local and does not leave the call.
        let exists = unsafe stat(path, &status) == 0
        return FileBufferPath(
            path, pathSuffix: suffix, isFolder: exists ? status.st_mode & S_IFMT == S_IFDIR : nil)
    }
}
