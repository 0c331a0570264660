/// Puts GELF messages together that come in several datagrams. Pure: it is told who sent a piece, and when it came.
///
/// Source: Graylog's "GELF via UDP", "Chunking". A piece has 12 bytes in front: `1e 0f`, the message's 8 bytes, its number, how
/// many there are; there may be 128, and all of them must come within five seconds. Pieces may come in any order, and twice.
struct GELFPieces {
    enum Result: Equatable {
        /// All there is of a message: the datagram itself, or its last piece has come.
        case whole([UInt8])
        case waits
        /// It is a piece of nothing.
        case broken(String)
    }

    private struct Message {
        var pieces: [[UInt8]?]
        var missing: Int
        var bytes = 0
        let since: Int64
    }

    private struct Name: Hashable {
        let sender: String
        let id: [UInt8]
    }

    static let headerBytes = 12
    private static let maximumPieces = 128
    private static let patienceMilliseconds: Int64 = 5000
    /// Of all messages whose pieces wait for others; beyond them the older half goes, so that whoever sends nothing but first
    /// pieces makes nobody look through all that waits for each of them.
    static let waitingMessages = 1024

    /// Of one message.
    let limitBytes: Int
    /// Of all that wait.
    private let waitingLimitBytes: Int
    private var waiting: [Name: Message] = [:]
    private var waitingBytes = 0
    /// Messages that were given up since `takeLost` was called: not all of their pieces came in time, or there was no room.
    private var lost = 0
    /// Nothing is too old before.
    private var nextLook = Int64.min

    init(limitBytes: Int) {
        self.limitBytes = limitBytes
        waitingLimitBytes = max(16 << 20, 4 * limitBytes)
    }

    var waitingCount: Int { waiting.count }

    /// How many messages were given up, since it was asked last.
    mutating func takeLost() -> Int {
        defer { lost = 0 }
        return lost
    }

    mutating func take(_ datagram: [UInt8], from sender: String, at now: Int64) -> Result {
        guard datagram.count >= 2, datagram[0] == 0x1E, datagram[1] == 0x0F else { return .whole(datagram) }
        guard datagram.count >= Self.headerBytes else { return .broken("a piece of a message without its header") }
        let (number, count) = (Int(datagram[10]), Int(datagram[11]))
        guard count > 0, count <= Self.maximumPieces, number < count else {
            return .broken("piece \(number) of \(count), which is none")
        }
        giveUp(at: now)
        let name = Name(sender: sender, id: Array(datagram[2..<10]))
        var message =
            waiting.removeValue(forKey: name)
            ?? Message(pieces: Array(repeating: nil, count: count), missing: count, since: now)
        waitingBytes -= message.bytes
        guard message.pieces.count == count else {
            lost += 1
            return .broken("pieces of one message say that there are \(message.pieces.count), and \(count)")
        }
        if message.pieces[number] == nil {
            message.pieces[number] = Array(datagram[Self.headerBytes...])
            message.missing -= 1
            message.bytes += datagram.count - Self.headerBytes
        }
        guard message.bytes <= limitBytes else {
            lost += 1
            return .broken("a message of more than \(limitBytes) bytes")
        }
        if message.missing == 0 { return .whole(message.pieces.flatMap { $0 ?? [] }) }
        waiting[name] = message
        waitingBytes += message.bytes
        makeRoom()
        return .waits
    }

    private mutating func giveUp(at now: Int64) {
        guard now >= nextLook else { return }
        for (name, message) in waiting where now - message.since >= Self.patienceMilliseconds { forget(name, message) }
        nextLook = (waiting.values.map(\.since).min() ?? now) + Self.patienceMilliseconds
    }

    private mutating func makeRoom() {
        guard waiting.count > Self.waitingMessages || waitingBytes > waitingLimitBytes else { return }
        for (name, message) in waiting.sorted(by: { $0.value.since < $1.value.since }) {
            forget(name, message)
            if waiting.count <= Self.waitingMessages / 2, waitingBytes <= waitingLimitBytes / 2 { return }
        }
    }

    private mutating func forget(_ name: Name, _ message: Message) {
        waiting[name] = nil
        waitingBytes -= message.bytes
        lost += 1
    }
}
