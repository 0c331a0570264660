import CUV
import Glibc

/// Calls an action on the loop whenever a descriptor can be read from; closes the descriptor with itself.
package final class DescriptorWatch: LoopHandle, @unchecked Sendable {
    package let descriptor: Int32
    private var action: (() -> Void)?

    /// The descriptor is the watch's from now on, also when this throws.
    package init(_ descriptor: Int32, on loop: Loop, _ action: @escaping () -> Void) throws(LoopError) {
        self.descriptor = descriptor
        self.action = action
        super.init(on: loop, type: UV_POLL)
        let made = unsafe uv_poll_init(loop.pointer, pointer(as: uv_poll_t.self), descriptor)
        if made < 0 {
            Glibc.close(descriptor)
            throw LoopError("poll", "a descriptor", status: made)
        }
        register()
        // Fails only for a bad descriptor, and uv_poll_init has tried ours.
        unsafe uv_poll_start(pointer(as: uv_poll_t.self), Int32(UV_READABLE.rawValue)) { handle, _, _ in
            guard let watch = unsafe LoopHandle.owner(handle, as: DescriptorWatch.self), !watch.isClosing else {
                return
            }
            watch.action?()
        }
    }

    override func didClose() {
        Glibc.close(descriptor)
        action = nil
    }
}
