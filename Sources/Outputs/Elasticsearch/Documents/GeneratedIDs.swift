internal import Events
internal import TLS

/// Ids for events that bring none (`generate_id`), made when an event comes in and kept with it: sent again, it replaces
/// itself. Letters that need no escape in JSON or an URL, in the order of the alphabet.
///
/// An event of a message with a `chunk` has its id from that name, the time of the message's first event, its place in the
/// message and what it says: a client that had no ack sends the same message again, to whatever process, and nothing is
/// there twice. Time and content are among it because clients choose the names, and some count: two messages of one name are
/// two. Other events have twelve letters drawn at random for
/// each formatter and eight that count, so that the server's index of ids grows at its end.
struct GeneratedIDs {
    private static let letters = Array("-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz".utf8)
    private static let positionLetters = 5
    private static let contentLetters = 6

    private let prefix: [UInt8]
    private var count: UInt64 = 0

    // Of the message that came last.
    private var name: [UInt8] = []
    private var nameLetters: [UInt8] = []
    private var last = (batch: UInt64(0), origin: UInt32(0))
    /// Records that a stage has made from one.
    private var copies: UInt64 = 0

    /// An id whose last letters wait for the event's content.
    struct Unfinished {
        fileprivate let offset: Int
        fileprivate let seed: UInt64
    }

    init() {
        var random = SystemRandomNumberGenerator()
        prefix = (0..<12).map { _ in Self.letters[Int.random(in: 0..<64, using: &random)] }
    }

    /// Appends the record's id, in quotes.
    ///
    /// - Returns: what `finish` needs once the content is written; nil: nothing.
    mutating func append(
        of record: Record, _ rows: borrowing Rows, _ storage: borrowing ByteBuffer, to out: inout ByteBuffer
    ) -> Unfinished? {
        out.append(UInt8(ascii: "\""))
        defer { out.append(UInt8(ascii: "\"")) }
        guard let message = rows.message(of: record) else {
            out.append(prefix)
            Self.append(count, letters: 8, to: &out)
            count &+= 1
            return nil
        }
        if !storage.equals(message.name, name) { take(storage.array(message.name)) }
        copies = last == (message.batch, record.origin) ? copies &+ 1 : 0
        last = (message.batch, record.origin)
        out.append(nameLetters)
        Self.append(UInt64(message.position), letters: Self.positionLetters, to: &out)
        let time = UInt64(bitPattern: message.time.seconds) &* 1_000_000_007 ^ UInt64(message.time.nanoseconds)
        let place = Unfinished(offset: out.count, seed: time &+ copies &* 0x9E37_79B9_7F4A_7C15)
        Self.append(0, letters: Self.contentLetters, to: &out)
        return place
    }

    /// Writes the letters that come from the content.
    ///
    /// - Parameter content: of the document, in `out`: without its time, which may be that of the parsing.
    static func finish(_ id: Unfinished, content: Slice, in out: inout ByteBuffer) {
        var hash = out.wideKeyHash(content, id.seed)
        for offset in 0..<contentLetters {
            out[id.offset + offset] = letters[Int(truncatingIfNeeded: hash & 63)]
            hash >>= 6
        }
    }

    /// 84 bits of the name's digest, as many as make two names in a lifetime unlikely to share them.
    private mutating func take(_ other: [UInt8]) {
        name = other
        let digits = SHA512.hexDigest(parts: [other]).prefix(21).map { UInt64($0 < 0x3A ? $0 - 0x30 : $0 - 0x57) }
        nameLetters = stride(from: 0, to: 21, by: 3).flatMap { place in
            let bits = digits[place] << 8 | digits[place + 1] << 4 | digits[place + 2]
            return [Self.letters[Int(bits >> 6)], Self.letters[Int(bits & 63)]]
        }
    }

    private static func append(_ number: UInt64, letters count: Int, to out: inout ByteBuffer) {
        for digit in (0..<count).reversed() {
            out.append(letters[Int(truncatingIfNeeded: number >> (6 * UInt64(digit))) & 63])
        }
    }
}
