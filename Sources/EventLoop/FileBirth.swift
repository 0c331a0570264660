import CUV

/// When a file was made, for who has to tell it from another one that was given its number when it was gone.
///
/// The C library has it as `statx`, which Swift does not see; libuv asks for it.
package struct FileBirth: Equatable, Sendable {
    package let seconds: Int
    package let nanoseconds: Int

    /// Of the file that a path leads to; nil: there is none, or its file system does not know.
    package init?(ofFile path: String) {
        // Without a loop and a callback it is done at once.
        unsafe self.init { request in unsafe uv_fs_stat(nil, request, path, nil) }
    }

    /// Of an open file.
    package init?(ofDescriptor descriptor: Int32) {
        unsafe self.init { request in unsafe uv_fs_fstat(nil, request, descriptor, nil) }
    }

    private init?(_ ask: (UnsafeMutablePointer<uv_fs_t>) -> Int32) {
        var request = unsafe uv_fs_t()
        let status = unsafe ask(&request)
        let time = unsafe request.statbuf.st_birthtim
        unsafe uv_fs_req_cleanup(&request)
        guard status == 0, (time.tv_sec, time.tv_nsec) != (0, 0) else { return nil }
        (seconds, nanoseconds) = (time.tv_sec, time.tv_nsec)
    }
}
