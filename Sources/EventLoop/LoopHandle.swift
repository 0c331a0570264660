import CUV

/// The memory of one libuv handle and the object that answers for it.
///
/// libuv keeps the handle's address until the close callback, so the object retains itself once libuv knows the
/// handle and is released in that callback, nowhere else. Every member belongs to the loop's thread, and asserts it.
///
/// `@unchecked Sendable` because a reference may travel (a job captures it); whoever uses it from another thread than
/// the loop's is stopped by `assertOnLoop`.
@safe
package class LoopHandle: @unchecked Sendable {
    /// The loop it lives on, for good.
    package let loop: Loop
    /// Whether `close()` was called; nothing but the close callback comes after it.
    package private(set) var isClosing = false
    /// Whether libuv holds our memory.
    private var isRegistered = false
    // Raw memory of libuv's own size for the type; freed by deinit, which cannot run while libuv holds it.
    private let memory: UnsafeMutableRawPointer

    init(on loop: Loop, type: uv_handle_type) {
        self.loop = loop
        unsafe memory = .allocate(byteCount: uv_handle_size(type), alignment: 16)
        loop.assertOnLoop()
        precondition(!loop.hasEnded, "a handle was made on a loop that has ended")
    }

    deinit {
        precondition(!isRegistered, "a loop handle was freed before libuv let go of it")
        unsafe memory.deallocate()
    }

    /// The handle as the type that a libuv call wants; the caller names the type it was made with.
    @unsafe final func pointer<Handle>(as type: Handle.Type) -> UnsafeMutablePointer<Handle> {
        unsafe memory.assumingMemoryBound(to: type)
    }

    /// Called right after a successful `uv_*_init`: from here on only the close callback may free the object.
    final func register() {
        isRegistered = true
        unsafe uv_handle_set_data(pointer(as: uv_handle_t.self), Unmanaged.passRetained(self).toOpaque())
    }

    /// The object behind a handle, in a callback. libuv calls only for registered handles, so it is alive.
    @unsafe static func owner<Owner: LoopHandle>(
        _ handle: UnsafeMutableRawPointer?, as type: Owner.Type
    ) -> Owner? {
        guard let handle = unsafe handle?.assumingMemoryBound(to: uv_handle_t.self),
            let data = unsafe uv_handle_get_data(handle)
        else { return nil }
        // Each handle's data is written once, by `register` of the class whose callback this is.
        return unsafe unsafeDowncast(Unmanaged<LoopHandle>.fromOpaque(data).takeUnretainedValue(), to: type)
    }

    /// Starts closing; the second call does nothing. No callback but `didClose` comes after it.
    package func close() {
        loop.assertOnLoop()
        guard isRegistered, !isClosing else { return }
        isClosing = true
        willClose()
        unsafe uv_close(pointer(as: uv_handle_t.self)) { handle in
            guard let owner = unsafe LoopHandle.owner(handle, as: LoopHandle.self) else { return }
            owner.isRegistered = false
            owner.didClose()
            // The counterpart of `register`; `owner` still holds a reference until this closure ends.
            unsafe Unmanaged.passUnretained(owner).release()
        }
    }

    /// libuv's word for what it is: `tcp`, `pipe`, `timer`.
    package final var typeName: String {
        unsafe uv_handle_type_name(uv_handle_get_type(pointer(as: uv_handle_t.self))).map { unsafe String(cString: $0) }
            ?? "unknown"
    }

    /// For a subclass to stop what must not go on between `close()` and the callback.
    func willClose() {}

    /// For a subclass to tell its own owner and to drop references that would make a cycle.
    func didClose() {}
}
