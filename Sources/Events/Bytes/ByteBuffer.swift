internal import Glibc

/// Owned, growable bytes: the one output type of every writer, and the storage every record points into.
///
/// `Array.append` costs 3.9 ns a byte and `append(contentsOf:)` 25 ns for a 24-byte field; this type costs about 1 and 2.2
/// (measured). It never shrinks while it is reused: `clear()` keeps the capacity.
///
/// Safety: the pointer is owned by exactly one value (`~Copyable`), so it may change threads; it is allocated in `allocate`
/// and freed in `deallocate`; every method below checks its offsets before it touches memory, except those whose name says
/// unsafe. Behind `capacity` lie `slackBytes` more, so that this module's kernels may load or store a whole step of sixteen
/// bytes at any offset up to it.
///
/// The small methods are `@inlinable`: a call from another module costs more than what they do. (For a `package` type that
/// has an effect only when the type itself is `@usableFromInline`.)
@safe
@usableFromInline package struct ByteBuffer: ~Copyable, @unchecked Sendable {
    @usableFromInline package internal(set) var base: UnsafeMutablePointer<UInt8>
    @usableFromInline package internal(set) var count: Int
    @usableFromInline package internal(set) var capacity: Int
    /// How often the JSON writers wrote something else than what was there: U+FFFD for what is no UTF-8, null for NaN and
    /// infinities, what they make of extension types and of keys that are no text or repeat. Only ever grows: who wants
    /// to know looks before and after.
    package internal(set) var lossCount = 0

    /// Allocated behind `capacity` and never counted: what a kernel's last step may touch beyond the end.
    static let slackBytes = 16

    package init(capacity: Int = 256) {
        count = 0
        unsafe (base, self.capacity) = Self.allocate(max(capacity, 16))
    }

    deinit { unsafe Self.deallocate(base, capacity) }

    /// Memory for so many bytes and the slack, and how many it really is good for.
    private static func allocate(_ wanted: Int) -> (base: UnsafeMutablePointer<UInt8>, capacity: Int) {
        if wanted < BlockPool.leastBytes {
            return (.allocate(capacity: wanted &+ slackBytes), wanted)
        }
        let block = unsafe BlockPool.shared.take(wanted &+ slackBytes)
        return unsafe (block.start, block.size &- slackBytes)
    }

    private static func deallocate(_ base: UnsafeMutablePointer<UInt8>, _ capacity: Int) {
        if capacity < BlockPool.leastBytes {
            unsafe base.deallocate()
        } else {
            unsafe BlockPool.shared.give(base, size: capacity &+ slackBytes)
        }
    }

    @inlinable package var isEmpty: Bool { count == 0 }

    /// The bytes written so far.
    @inlinable package var span: Span<UInt8> {
        @_lifetime(borrow self)
        get {
            let span = unsafe Span(_unsafeStart: base, count: count)
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }

    @inlinable package subscript(_ offset: Int) -> UInt8 {
        get {
            precondition(offset >= 0 && offset < count, "byte offset outside the buffer")
            return unsafe base[offset]
        }
        set {
            precondition(offset >= 0 && offset < count, "byte offset outside the buffer")
            unsafe base[offset] = newValue
        }
    }

    // MARK: - Room

    /// Makes sure that `extra` more bytes fit. Amortised O(1).
    @inlinable package mutating func reserve(_ extra: Int) {
        if capacity &- count < extra { grow(extra) }
    }

    @inline(never) @usableFromInline
    mutating func grow(_ extra: Int) {
        unsafe move(to: Self.allocate(max(capacity * 2, count + extra + 64)))
    }

    private mutating func move(to memory: (base: UnsafeMutablePointer<UInt8>, capacity: Int)) {
        unsafe memory.base.update(from: base, count: count)
        unsafe Self.deallocate(base, capacity)
        unsafe (base, capacity) = memory
    }

    @inlinable package mutating func clear() { count = 0 }

    /// Drops everything from `length` on. A length beyond the end changes nothing.
    @inlinable package mutating func truncate(to length: Int) { count = min(count, max(length, 0)) }

    /// Drops the first `length` bytes and moves the rest to the front. O(rest).
    package mutating func removePrefix(_ length: Int) {
        let length = min(max(length, 0), count)
        if length > 0 {
            unsafe memmove(base, base + length, count - length)
            count -= length
        }
    }

    /// Gives memory back when the buffer has grown far beyond what it is used for.
    package mutating func shrink(toAtMost limit: Int) {
        guard capacity > limit, count <= limit else { return }
        unsafe move(to: Self.allocate(max(limit, 16)))
    }

    // MARK: - Appending

    @inlinable package mutating func append(_ byte: UInt8) {
        if count == capacity { grow(1) }
        unsafe base[count] = byte
        count &+= 1
    }

    @inlinable package mutating func append(_ text: StaticString) {
        let length = text.utf8CodeUnitCount
        reserve(length)
        unsafe (base + count).initialize(from: text.utf8Start, count: length)
        count &+= length
    }

    @inlinable package mutating func append(_ bytes: Span<UInt8>) {
        reserve(bytes.count)
        unsafe bytes.withUnsafeBufferPointer { source in
            if let start = source.baseAddress { unsafe (base + count).initialize(from: start, count: source.count) }
        }
        count &+= bytes.count
    }

    @inlinable package mutating func append(_ bytes: borrowing [UInt8]) { append(bytes.span) }

    /// Not for literals: those are `StaticString`s, which the compiler only takes when this one is disfavoured.
    @_disfavoredOverload
    package mutating func append(_ text: String) {
        for byte in text.utf8 { append(byte) }
    }

    /// Appends and says where the copy is.
    package mutating func append(copyOf bytes: borrowing [UInt8]) -> Slice {
        let start = count
        append(bytes)
        return Slice(offset: start, length: count - start)
    }

    package mutating func append(_ other: borrowing ByteBuffer) {
        reserve(other.count)
        unsafe memcpy(base + count, other.base, other.count)
        count &+= other.count
    }

    /// Copies memory that some C library or the event loop lends for the duration of the call.
    @unsafe
    package mutating func append(copying bytes: UnsafeRawBufferPointer) {
        guard let start = bytes.baseAddress else { return }
        reserve(bytes.count)
        unsafe memcpy(base + count, start, bytes.count)
        count &+= bytes.count
    }

    /// Appends a copy of bytes that this very buffer holds.
    @inlinable package mutating func append(slice: Slice) {
        precondition(slice.end <= count, "slice outside the buffer")
        let length = Int(slice.length)
        reserve(length)
        unsafe (base + count).initialize(from: base + Int(slice.offset), count: length)
        count &+= length
    }

    /// Appends a copy of part of another buffer.
    @inlinable package mutating func append(_ slice: Slice, of other: borrowing ByteBuffer) {
        precondition(slice.end <= other.count, "slice outside the buffer")
        let length = Int(slice.length)
        reserve(length)
        unsafe (base + count).initialize(from: other.base + Int(slice.offset), count: length)
        count &+= length
    }

    /// Writes into reserved room: `body` gets at least `room` free bytes and answers how many it used.
    @unsafe
    package mutating func appendUnsafe(room: Int, _ body: (UnsafeMutablePointer<UInt8>) -> Int) {
        reserve(room)
        let used = unsafe body(base + count)
        precondition(used >= 0 && used <= room, "wrote beyond the reserved room")
        count &+= used
    }

    /// For kernels in this module that wrote behind `count` themselves.
    mutating func advance(by used: Int) { count &+= used }

    // MARK: - Reading

    /// A copy of part of the bytes, for messages and tests.
    package func array(_ slice: Slice) -> [UInt8] {
        precondition(slice.end <= count, "slice outside the buffer")
        return unsafe Array(UnsafeBufferPointer(start: base + Int(slice.offset), count: Int(slice.length)))
    }

    package func array() -> [UInt8] { unsafe Array(UnsafeBufferPointer(start: base, count: count)) }

    /// Text for people: invalid UTF-8 is repaired.
    package func text(_ slice: Slice) -> String {
        precondition(slice.end <= count, "slice outside the buffer")
        return unsafe String(
            decoding: UnsafeBufferPointer(start: base + Int(slice.offset), count: Int(slice.length)), as: UTF8.self)
    }

    @inlinable package func equals(_ slice: Slice, _ bytes: borrowing [UInt8]) -> Bool {
        guard Int(slice.length) == bytes.count else { return false }
        precondition(slice.end <= count, "slice outside the buffer")
        return unsafe bytes.withUnsafeBufferPointer { other in
            unsafe bytes.isEmpty || bytesEqual(base + Int(slice.offset), other.baseAddress!, other.count)
        }
    }

    /// Whether a byte is anywhere in the slice, by the C library's search: for slices of any length.
    package func holds(_ byte: UInt8, in slice: Slice) -> Bool {
        precondition(slice.end <= count, "slice outside the buffer")
        return unsafe memchr(base + Int(slice.offset), Int32(byte), Int(slice.length)) != nil
    }

    /// Lends the bytes of a slice to a C library for the duration of the call.
    @unsafe
    @inlinable package func withUnsafeBytes<R>(_ slice: Slice, _ body: (UnsafePointer<UInt8>, Int) -> R) -> R {
        precondition(slice.end <= count, "slice outside the buffer")
        return unsafe body(base + Int(slice.offset), Int(slice.length))
    }
}

/// A place in a buffer: offset and length in bytes. 32 bits each, so a batch's storage is at most 4 GiB.
@usableFromInline package struct Slice: Sendable, Equatable, BitwiseCopyable {
    @usableFromInline package var offset: UInt32
    @usableFromInline package var length: UInt32

    @inlinable package init(offset: Int, length: Int) {
        self.offset = UInt32(truncatingIfNeeded: offset)
        self.length = UInt32(truncatingIfNeeded: length)
    }

    @inlinable package var end: Int { Int(offset) + Int(length) }
    @inlinable package static var empty: Slice { Slice(offset: 0, length: 0) }
}
