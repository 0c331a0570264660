import CUV

/// Tells when something in a folder was written, made, renamed or removed (inotify on Linux). Several changes may be told
/// as one, and none may be relied on: file systems of other machines tell nothing.
package final class DirectoryWatch: LoopHandle, @unchecked Sendable {
    private var changed: ((String?) -> Void)?

    /// - Parameter changed: gets the name within the folder, where the system says it.
    package init(_ path: String, on loop: Loop, _ changed: @escaping (String?) -> Void) throws(LoopError) {
        self.changed = changed
        super.init(on: loop, type: UV_FS_EVENT)
        // uv_fs_event_init cannot fail on Linux.
        unsafe uv_fs_event_init(loop.pointer, pointer(as: uv_fs_event_t.self))
        register()
        let status = unsafe uv_fs_event_start(
            pointer(as: uv_fs_event_t.self),
            { handle, name, _, _ in
                guard let watch = unsafe LoopHandle.owner(handle, as: DirectoryWatch.self), !watch.isClosing else {
                    return
                }
                // The name is libuv's for the call.
                watch.changed?(unsafe name.map { unsafe String(cString: $0) })
            }, path, 0)
        if status < 0 {
            close()
            throw LoopError("watch", path, status: status)
        }
    }

    override func willClose() { changed = nil }
}
