package import Events
internal import TLS

/// A message of the forward protocol, ready to be written.
package struct ForwardOutgoing: Sendable, Equatable {
    /// The whole message.
    package let bytes: [UInt8]
    /// The `chunk` option that the receiver acknowledges; nil when no receipt was asked for.
    package let chunk: [UInt8]?
    package let eventCount: Int

    package init(bytes: [UInt8], chunk: [UInt8]?, eventCount: Int) {
        self.bytes = bytes
        self.chunk = chunk
        self.eventCount = eventCount
    }
}

/// Events of one tag → messages of the forward protocol (specification v1.5, "Message" and "PackedForward" modes).
///
/// One event becomes `[tag, time, record, {chunk}]`, several become `[tag, packed, {size, chunk}]`, packed being a str,
/// which every receiver takes (Fluentd's own output sends it so).
///
///     try encoder.append(json: line, time: Clock.now())
///     if encoder.eventCount == 1000, let message = encoder.seal() { … }
package struct ForwardEncoder: ~Copyable {
    /// May be changed while no events are waiting.
    package var tag: [UInt8] {
        willSet { precondition(eventCount == 0, "events of another tag are waiting") }
    }
    private let usesIntegerTime: Bool
    private let makeChunk: (@Sendable () -> [UInt8])?
    /// `[time, record]` one after the other.
    private var entries = ByteBuffer(capacity: 64 * 1024)
    /// Events since the last `seal()`.
    package private(set) var eventCount = 0

    /// - Parameters:
    ///   - usesIntegerTime: whole seconds instead of EventTime, for Fluentd 0.12 and older.
    ///   - asksForReceipts: gives each message a `chunk`.
    package init(tag: [UInt8], usesIntegerTime: Bool = false, asksForReceipts: Bool = false) {
        self.init(
            tag: tag, usesIntegerTime: usesIntegerTime, makeChunk: asksForReceipts ? ForwardEncoder.randomChunk : nil)
    }

    /// - Parameter makeChunk: makes each message's `chunk`; nil for none. Given by tests.
    package init(tag: [UInt8], usesIntegerTime: Bool, makeChunk: (@Sendable () -> [UInt8])?) {
        self.tag = tag
        self.usesIntegerTime = usesIntegerTime
        self.makeChunk = makeChunk
    }

    /// Bytes of the events since the last `seal()`.
    package var byteCount: Int { entries.count }

    // MARK: - Events

    /// Adds an event whose record is a JSON object, the only thing in `text`. After an error nothing was added.
    package mutating func append(json text: borrowing ByteBuffer, time: EventTime) throws(JSONError) {
        var start = 0
        while start < text.count, ForwardEncoder.isSpace(text[start]) { start += 1 }
        guard start < text.count else { throw .syntax(offset: start) }
        guard text[start] == UInt8(ascii: "{") else {
            // Broken text is called so, whatever it begins with.
            var ignored = ByteBuffer()
            try checkEnd(of: text, from: JSONTranscoder.transcode(text, at: start, to: &ignored))
            throw .notAnObject
        }
        let mark = entries.count
        begin(time)
        do throws(JSONError) {
            try checkEnd(of: text, from: JSONTranscoder.transcode(text, at: start, to: &entries))
        } catch {
            entries.truncate(to: mark)
            throw error
        }
        eventCount += 1
    }

    private func checkEnd(of text: borrowing ByteBuffer, from end: Int) throws(JSONError) {
        var place = end
        while place < text.count, ForwardEncoder.isSpace(text[place]) { place += 1 }
        if place < text.count { throw .syntax(offset: place) }
    }

    /// White space of RFC 8259, 2.
    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 }

    /// Adds an event whose record is the MessagePack map at `record`, which was checked.
    package mutating func append(messagePack record: Slice, of storage: borrowing ByteBuffer, time: EventTime) {
        begin(time)
        entries.append(record, of: storage)
        eventCount += 1
    }

    /// Adds an event with a single field: `{key: text}`. The bytes are taken as they are.
    package mutating func append(text: Slice, of storage: borrowing ByteBuffer, key: [UInt8], time: EventTime) {
        begin(time)
        entries.appendMessagePack(mapCount: 1)
        entries.appendMessagePackString(key)
        entries.appendMessagePack(stringHeader: Int(text.length))
        entries.append(text, of: storage)
        eventCount += 1
    }

    private mutating func begin(_ time: EventTime) {
        entries.appendMessagePack(arrayCount: 2)
        if usesIntegerTime { entries.appendMessagePack(time.seconds) } else { entries.appendMessagePack(time) }
    }

    // MARK: - Messages

    /// The message of all events since the last one; nil when there are none.
    package mutating func seal() -> ForwardOutgoing? {
        guard eventCount > 0 else { return nil }
        let chunk = makeChunk?()
        let isSingle = eventCount == 1
        var out = ByteBuffer(capacity: entries.count + tag.count + 128)
        out.appendMessagePack(arrayCount: (isSingle ? 3 : 2) + (isSingle && chunk == nil ? 0 : 1))
        out.appendMessagePackString(tag)
        if isSingle {
            // The time and the record without the array around them.
            out.append(Slice(offset: 1, length: entries.count - 1), of: entries)
        } else {
            out.appendMessagePack(stringHeader: entries.count)
            out.append(entries)
        }
        if !isSingle || chunk != nil {
            out.appendMessagePack(mapCount: (isSingle ? 0 : 1) + (chunk == nil ? 0 : 1))
        }
        if !isSingle {
            out.appendMessagePackString("size")
            out.appendMessagePack(Int64(eventCount))
        }
        if let chunk {
            out.appendMessagePackString("chunk")
            out.appendMessagePackString(chunk)
        }
        let message = ForwardOutgoing(bytes: out.array(), chunk: chunk, eventCount: eventCount)
        entries.clear()
        eventCount = 0
        return message
    }

    /// Base64 (RFC 4648, 4) of 16 random bytes, as the specification asks for.
    @Sendable package static func randomChunk() -> [UInt8] { base64(SecureRandom.bytes(16)) }

    package static func base64(_ bytes: [UInt8]) -> [UInt8] {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var text: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let bits = group.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - group.count))
            for index in 0..<4 {
                text.append(index <= group.count ? alphabet[bits >> (18 - 6 * index) & 63] : UInt8(ascii: "="))
            }
        }
        return text
    }
}
