/// Who is still read while an output's buffer is full. Pure.
///
/// A client is held back by the answer to what it sent, so each one has one message taken beyond the limit, and every
/// client that connects anew has another. That is tolerated up to a number of bytes. Beyond it only those are read
/// whose last events were taken by a buffer with room; all others wait until there is room, newcomers in the kernel.
struct BackPressure {
    /// Taken beyond the buffers' limits by one loop's input before clients are held back unheard: 8 MiB.
    static let toleratedBytes = 8 << 20

    /// Counts the times that a buffer became full; a client with this number has had events taken since then.
    private(set) var episode: UInt64 = 0
    private var isFull = false
    private var bytesBeyond = 0

    /// Whether only clients with the present episode's number may be read.
    var holdsOthers: Bool { bytesBeyond >= Self.toleratedBytes }

    /// A buffer took events and is full.
    ///
    /// - Returns: whether from now on all others are to be held.
    mutating func tookBeyond(bytes: Int) -> Bool {
        if !isFull { episode += 1 }
        isFull = true
        let before = holdsOthers
        bytesBeyond += bytes
        return holdsOthers && !before
    }

    /// There is room again: everybody may try.
    mutating func room() {
        isFull = false
        bytesBeyond = 0
    }
}
