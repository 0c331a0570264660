import Events
import Logging
import Parsing

@testable import Inputs

/// A stream of messages, cut anywhere: the same messages come of it, and each is an event or said to be none. Fuzzed by
/// `Tests/Fuzz/Socket`, and its findings replayed here.
enum SocketExercise {
    /// - Parameter input: a byte for the framing and the size of the pieces, a byte for the parser, then the stream.
    /// - Returns: what is wrong; nil: nothing.
    static func fault(of input: [UInt8]) -> String? {
        guard input.count > 2 else { return nil }
        if input[1] & 0x80 != 0 { return gelfFault(of: Array(input[2...]), pieceSize: Int(input[0]) + 1) }
        let framings: [SocketFraming] = [
            .delimiter([0x0A]), .octetCount, .delimiter(Array("||".utf8)), .delimiter([0]),
        ]
        let framing = framings[Int(input[0] & 3)]
        let stream = Array(input[2...])
        let whole = frames(of: stream, framing, pieceSize: stream.count)
        let pieces = frames(of: stream, framing, pieceSize: Int(input[0] >> 2) % 37 + 1)
        guard whole == pieces else { return "\(whole.count) frames in one piece, \(pieces.count) in many" }
        return lost(whole.compactMap { $0 }, parser: input[1])
    }

    /// Datagrams of GELF: each is a text, waits for others, or is left out; what waits has a bound.
    private static func gelfFault(of bytes: [UInt8], pieceSize: Int) -> String? {
        let limit = 1000
        var pieces = GELFPieces(limitBytes: limit)
        let reader = GELFReader(limitBytes: limit, log: .discarding) { 0 }
        for start in stride(from: 0, to: bytes.count, by: pieceSize) {
            let datagram = Array(bytes[start..<min(start + pieceSize, bytes.count)])
            let isPiece = datagram.starts(with: [0x1E, 0x0F])
            let result = pieces.take(datagram, from: "192.0.2.1", at: Int64(start))
            if !isPiece, result != .whole(datagram) { return "a datagram that is no piece became another one" }
            if case .whole(let text) = result, isPiece, text.count > limit { return "a message beyond the limit" }
            if pieces.waitingCount > GELFPieces.waitingMessages { return "\(pieces.waitingCount) messages wait" }
            if reader.read(datagram, from: "192.0.2.1"), isPiece, reader.text.count > limit {
                return "a text beyond the limit"
            }
        }
        return nil
    }

    /// What a stream is cut into; nil: left out.
    private static func frames(of stream: [UInt8], _ framing: SocketFraming, pieceSize: Int) -> [[UInt8]?] {
        var framer = MessageFramer(framing, limitBytes: 100)
        var frames: [[UInt8]?] = []
        var place = 0
        while place < stream.count {
            let end = min(place + pieceSize, stream.count)
            stream[place..<end].withUnsafeBytes { framer.receive($0) }
            place = end
            while let frame = framer.next() {
                if case .message(let slice) = frame {
                    frames.append(framer.bytes.array(slice))
                } else {
                    frames.append(nil)
                }
            }
        }
        return frames
    }

    private static func lost(_ messages: [[UInt8]], parser: UInt8) -> String? {
        var options = SyslogOptions()
        options.messageFormat = [.rfc3164, .rfc5424, .auto][Int(parser) % 3]
        options.withPriority = parser & 0x10 != 0
        guard let recipe = try? ParserRecipe.syslog(options) else { return nil }
        var settings = SocketSettings(
            .tcp, host: "", port: 0, tag: "s", parser: recipe, messageBytes: 4096)
        var syslog = SocketSettings.Syslog(parserTakesPriority: options.withPriority)
        syslog.emitsUnmatchedLines = true
        if parser & 0x20 != 0 { (syslog.severityKey, syslog.facilityKey) = ("severity", "facility") }
        settings.syslog = syslog
        if parser & 0x40 != 0 { settings.sourceAddressKey = "from" }
        let reader = SocketMessageReader(settings, log: .discarding)
        var count = 0
        var fault: String?
        let handOn: SocketMessageReader.HandOn = { tag, storage, rows in
            count += rows.records.count
            for record in rows.records {
                var out = ByteBuffer()
                out.appendJSONObject(record, rows, storage)
                if String(validating: out.array(), as: UTF8.self) == nil { fault = "a record that is no UTF-8" }
            }
        }
        for message in messages {
            message.withUnsafeBytes { reader.take($0, from: "192.0.2.1", handOn) }
        }
        reader.flush(handOn)
        return fault ?? (count == messages.count ? nil : "\(messages.count) messages, \(count) events")
    }
}
