package import Events
package import ForwardProtocol
internal import Glibc
package import KeptEvents
internal import Time

/// A part of the input that is no event; the reading goes on, or `isEnd` says that it cannot.
package struct ForwardInputProblem: Sendable, Equatable, CustomStringConvertible {
    /// `line 7: not JSON at column 12`
    package let message: String
    /// The text with a caret under the place, two lines without a final newline; nil where there is none to show.
    package let excerpt: String?
    /// Nothing after this place can be read.
    package let isEnd: Bool

    init(_ message: String, excerpt: String? = nil, isEnd: Bool = false) {
        self.message = message
        self.excerpt = excerpt
        self.isEnd = isEnd
    }

    package var description: String { message }
}

/// A stream of JSON lines, MessagePack maps, plain lines or kept events → events in an encoder, one at a time.
///
///     reader.receive(bytes)
///     loop: while true { switch reader.next(into: &encoder, time: now) { case .wantsBytes: break loop … } }
///
/// Blank lines are passed over in JSON; a carriage return before the newline belongs to the newline.
package struct ForwardEventReader: ~Copyable {
    /// The longest line or map, in bytes: 16 MiB, a quarter of what `<source> @type forward` takes in one message.
    package static let maximumEventBytes = 16 << 20

    /// What comes in.
    package enum Format: Sendable, Equatable {
        /// A JSON object a line.
        case json
        /// MessagePack maps one after the other.
        case messagePack
        /// Each line is the text of a field with this name.
        case text(key: [UInt8])
        /// Lines of a kept file (`KeptEvents`): each has its own tag and time.
        case kept
    }

    /// What `next` found.
    package enum Step: Sendable, Equatable {
        /// An event was added to the encoder.
        case event
        /// The next event has another tag than those in the encoder: seal it, and ask again.
        case otherTag
        case problem(ForwardInputProblem)
        /// Feed more; after `finish()`: that was all.
        case wantsBytes
    }

    private let format: Format
    private let reason: KeptReason?
    private var storage = ByteBuffer(capacity: 128 * 1024)
    private var line = ByteBuffer(capacity: 4096)
    /// Where the next event begins, and how far its end was looked for.
    private var offset = 0
    private var searched = 0
    private var framer: MessagePackFramer?
    private var wanted = 0
    private var isFinished = false
    private var hasFailed = false
    /// Read, and not yet in the encoder.
    private var held: KeptEvent?
    private var timeReader = TimeReader(.iso8601, zone: .utc)
    /// Lines (or MessagePack items) begun so far.
    package private(set) var number = 0

    /// - Parameter reason: of kept events, only those that are kept for it; nil: all.
    package init(_ format: Format, reason: KeptReason? = nil) { (self.format, self.reason) = (format, reason) }

    /// Takes bytes; ask `next` until it wants more.
    @unsafe
    package mutating func receive(_ bytes: UnsafeRawBufferPointer) {
        storage.removePrefix(offset)
        framer?.rebase(by: offset)
        searched -= offset
        wanted -= offset
        offset = 0
        unsafe storage.append(copying: bytes)
    }

    /// Takes bytes; ask `next` until it wants more.
    package mutating func receive(_ bytes: [UInt8]) {
        unsafe bytes.withUnsafeBytes { unsafe receive($0) }
    }

    /// The input has ended: a last line without a newline counts.
    package mutating func finish() { isFinished = true }

    /// Finds the next event. `time` is what it gets.
    package mutating func next(into encoder: inout ForwardEncoder, time: EventTime) -> Step {
        guard !hasFailed else { return .wantsBytes }
        if held != nil { return takeHeld(into: &encoder) }
        if format == .messagePack { return nextItem(into: &encoder, time) }
        while let slice = nextLine() {
            number += 1
            if case .text(let key) = format {
                encoder.append(text: slice, of: storage, key: key, time: time)
                return .event
            }
            line.clear()
            line.append(slice, of: storage)
            if JSONTranscoder.isBlank(line, from: 0) { continue }
            if format == .kept {
                do {
                    let event = try KeptEvent(line, &timeReader)
                    if reason?.holds(for: event.cause) == false { continue }
                    held = event
                    return takeHeld(into: &encoder)
                } catch let missing as KeptEvent.Missing {
                    return .problem(ForwardInputProblem("line \(number): \(missing.sentence)"))
                } catch let error as JSONError {
                    return .problem(problem(with: error))
                } catch {
                    return .problem(ForwardInputProblem("line \(number): \(error)"))
                }
            }
            do throws(JSONError) {
                try encoder.append(json: line, time: time)
                return .event
            } catch {
                return .problem(problem(with: error))
            }
        }
        guard storage.count - offset > Self.maximumEventBytes else { return .wantsBytes }
        return fail("line \(number + 1): longer than \(Self.maximumEventBytes) bytes; split it")
    }

    private mutating func takeHeld(into encoder: inout ForwardEncoder) -> Step {
        guard let event = held else { return .wantsBytes }
        if encoder.tag != event.tag {
            if encoder.eventCount > 0 { return .otherTag }
            encoder.tag = event.tag
        }
        held = nil
        line.clear()
        line.append(event.record)
        do throws(JSONError) {
            try encoder.append(json: line, time: event.time)
            return .event
        } catch {
            return .problem(problem(with: error))
        }
    }

    private mutating func fail(_ message: String) -> Step {
        hasFailed = true
        return .problem(ForwardInputProblem(message, isEnd: true))
    }

    // MARK: - Lines

    private mutating func nextLine() -> Slice? {
        let from = max(searched, offset)
        var end = storage.newline(from: from)
        var after = (end ?? 0) + 1
        if end == nil, isFinished, offset < storage.count {
            end = storage.count
            after = storage.count
        }
        guard var end else {
            searched = storage.count
            return nil
        }
        let start = offset
        offset = after
        if end > start, storage[end - 1] == 0x0D { end -= 1 }
        return Slice(offset: start, length: end - start)
    }

    private func problem(with error: JSONError) -> ForwardInputProblem {
        switch error {
        case .syntax(let place):
            let excerpt = LineExcerpt(line.array(), place: place)
            let what = place >= line.count ? "JSON ends too early" : "not JSON"
            return ForwardInputProblem("line \(number): \(what) at column \(excerpt.column)", excerpt: excerpt.text)
        case .notAnObject:
            return ForwardInputProblem(
                "line \(number): JSON, but no object; an event is one, such as {\"message\":\"hello\"}",
                excerpt: LineExcerpt(line.array(), place: 0).text)
        case .tooDeep(let limit):
            return ForwardInputProblem("line \(number): nested more than \(limit) levels deep")
        }
    }

    // MARK: - MessagePack

    private mutating func nextItem(into encoder: inout ForwardEncoder, _ time: EventTime) -> Step {
        guard offset < storage.count else { return .wantsBytes }
        if storage.count >= wanted {
            do throws(MessagePackError) {
                if framer == nil { framer = MessagePackFramer(at: offset) }
                if let end = try framer?.advance(storage, wanted: &wanted) {
                    return try take(end, into: &encoder, time)
                }
            } catch {
                return fail("event \(number + 1): not MessagePack; what follows it cannot be read")
            }
        }
        if isFinished {
            return fail("event \(number + 1): the input ends within it, after \(storage.count - offset) bytes")
        }
        guard max(storage.count, wanted) - offset > Self.maximumEventBytes else { return .wantsBytes }
        return fail("event \(number + 1): longer than \(Self.maximumEventBytes) bytes; what follows it cannot be read")
    }

    private mutating func take(
        _ end: Int, into encoder: inout ForwardEncoder, _ time: EventTime
    ) throws(MessagePackError) -> Step {
        let item = try storage.messagePackItem(at: offset, end: end)
        // The framer does not count levels.
        _ = try storage.skipMessagePack(at: offset, end: end)
        let slice = Slice(offset: offset, length: end - offset)
        offset = end
        framer = nil
        wanted = 0
        number += 1
        guard item.kind == .map else {
            return .problem(ForwardInputProblem("event \(number): MessagePack, but no map"))
        }
        encoder.append(messagePack: slice, of: storage, time: time)
        return .event
    }
}

/// A piece of a line that fits a terminal, and a caret.
struct LineExcerpt {
    /// Characters shown on each side of the place.
    private static let reach = 30

    /// Unicode scalars before the place, plus one; a wide or a combining one counts as one.
    let column: Int
    /// Two lines, each indented by two.
    let text: String

    init(_ line: [UInt8], place: Int) {
        let place = min(max(place, 0), line.count)
        let before = Array(String(decoding: line[..<place], as: UTF8.self).unicodeScalars)
        // Four bytes are the longest scalar.
        let rest = String(decoding: line[place...].prefix(Self.reach * 4), as: UTF8.self).unicodeScalars
        column = before.count + 1
        let isCutBefore = before.count > Self.reach
        let isCutAfter = rest.count > Self.reach || line.count - place > Self.reach * 4
        let lead = (isCutBefore ? "…" : "") + Self.visible(before.suffix(Self.reach))
        text =
            "  \(lead)\(Self.visible(rest.prefix(Self.reach)))\(isCutAfter ? "…" : "")\n"
            + "  \(String(repeating: " ", count: lead.unicodeScalars.count))^"
    }

    /// Control characters would move the caret, or worse, the terminal.
    private static func visible(_ scalars: some Sequence<Unicode.Scalar>) -> String {
        var text = String.UnicodeScalarView()
        for scalar in scalars {
            let isControl = scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
            text.append(isControl ? (scalar == "\t" ? " " : "\u{FFFD}") : scalar)
        }
        return String(text)
    }
}

extension ByteBuffer {
    /// The offset of the first newline at or after `offset`.
    fileprivate func newline(from offset: Int) -> Int? {
        guard offset < count else { return nil }
        return unsafe withUnsafeBytes(Slice(offset: offset, length: count - offset)) { base, length in
            // memchr looks at these `length` bytes only, and answers a place among them.
            guard let found = unsafe memchr(base, 0x0A, length) else { return nil }
            return unsafe offset + UnsafeRawPointer(base).distance(to: UnsafeRawPointer(found))
        }
    }
}
