internal import Events

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
    private var bytesBeyond = 0
    /// The outputs that were found full and are not known to have room again.
    private var wait = GateWait()
    private var isFull = false

    /// Whether only clients with the present episode's number may be read.
    var holdsOthers: Bool { bytesBeyond >= Self.toleratedBytes }

    /// Buffers took events and are full.
    ///
    /// - Returns: whether from now on all others are to be held.
    mutating func tookBeyond(bytes: Int, _ full: GateWait) -> Bool {
        if !isFull { episode += 1 }
        isFull = true
        wait.add(full)
        let before = holdsOthers
        bytesBeyond += bytes
        return holdsOthers && !before
    }

    /// The buffers that a client waited for have room again. What a client left behind that has gone stays counted until
    /// all have.
    mutating func released(bytes: Int) { bytesBeyond = max(bytesBeyond - bytes, 0) }

    /// Some buffer has room again. Answers whether all have, and everybody may try.
    ///
    /// - Parameter gates: nil: nobody says which ones are full.
    mutating func room(_ gates: OutputGates?) -> Bool {
        wait = gates?.closed(among: wait) ?? GateWait()
        guard wait.isEmpty else { return false }
        isFull = false
        bytesBeyond = 0
        return true
    }
}
