internal import Events

/// Ids for events that bring none (`generate_id`), made when an event comes in and kept with it: sent again, it replaces
/// itself. Twenty letters that need no escape in JSON or an URL: twelve drawn at random for each formatter, eight that
/// count, in the order of the alphabet, so that the server's index of ids grows at its end.
struct GeneratedIDs {
    private static let letters = Array("-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz".utf8)

    private let prefix: [UInt8]
    private var count: UInt64 = 0

    init() {
        var random = SystemRandomNumberGenerator()
        prefix = (0..<12).map { _ in Self.letters[Int.random(in: 0..<64, using: &random)] }
    }

    /// Appends the next one, in quotes.
    mutating func append(to out: inout ByteBuffer) {
        out.append(UInt8(ascii: "\""))
        out.append(prefix)
        for digit in (0..<8).reversed() {
            out.append(Self.letters[Int(truncatingIfNeeded: count >> (6 * UInt64(digit))) & 63])
        }
        out.append(UInt8(ascii: "\""))
        count &+= 1
    }
}
