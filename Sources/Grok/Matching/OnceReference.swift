import Synchronization

/// An object that is made when it is needed first, and is then read by all threads without a reference count: counting on
/// one that they share would have them wait for each other.
struct OnceReference<Object: AnyObject & Sendable>: ~Copyable {
    /// 0: not made; else the address of the object, which was kept.
    private let address = Atomic<UInt>(0)

    deinit {
        if let object = unsafe unmanaged { unsafe object.release() }
    }

    /// The object, which this keeps alive; nil before it was made.
    @inline(__always)
    var unmanaged: Unmanaged<Object>? {
        guard let pointer = unsafe UnsafeRawPointer(bitPattern: address.load(ordering: .acquiring)) else { return nil }
        return unsafe Unmanaged.fromOpaque(pointer)
    }

    /// Keeps an object, unless another thread was first.
    func storeIfNil(_ object: Object) {
        let kept = unsafe Unmanaged.passRetained(object)
        let isFirst = unsafe address.compareExchange(
            expected: 0, desired: UInt(bitPattern: kept.toOpaque()), ordering: .acquiringAndReleasing
        ).exchanged
        if !isFirst { unsafe kept.release() }
    }
}
