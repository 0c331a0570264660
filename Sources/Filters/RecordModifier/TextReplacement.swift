internal import Events
package import Grok

/// Every match of an expression in a text is replaced, as by Ruby's `gsub`: `\1` to `\9` in the replacement stand for what
/// a group has taken, `\0` and `\&` for the match, `\k<name>` for a named group, `\\` for a backslash.
package struct TextReplacement: Sendable {
    private enum Part: Sendable {
        case text([UInt8])
        case group(Int)
        case named([Int])
    }

    package let expression: Regex
    private let parts: [Part]

    package init(_ expression: Regex, by replacement: String) {
        self.expression = expression
        var parts: [Part] = []
        var text: [UInt8] = []
        func add(_ part: Part) {
            if !text.isEmpty { parts.append(.text(text)) }
            text = []
            parts.append(part)
        }
        let bytes = Array(replacement.utf8)
        var index = 0
        while index < bytes.count {
            guard bytes[index] == UInt8(ascii: "\\"), index + 1 < bytes.count else {
                text.append(bytes[index])
                index += 1
                continue
            }
            let next = bytes[index + 1]
            index += 2
            switch next {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): add(.group(Int(next - 0x30)))
            case UInt8(ascii: "&"): add(.group(0))
            case UInt8(ascii: "\\"): text.append(next)
            case UInt8(ascii: "k"):
                guard index < bytes.count, bytes[index] == UInt8(ascii: "<"),
                    let end = bytes[index...].firstIndex(of: UInt8(ascii: ">"))
                else {
                    text += [UInt8(ascii: "\\"), next]
                    continue
                }
                let name = String(decoding: bytes[(index + 1)..<end], as: UTF8.self)
                add(.named(expression.groups.first { $0.name == name }?.numbers ?? []))
                index = end + 1
            default: text += [UInt8(ascii: "\\"), next]
            }
        }
        if !text.isEmpty { parts.append(.text(text)) }
        self.parts = parts
    }

    /// Appends the text with its replacements to the storage.
    ///
    /// - Returns: nil: nothing matches; the text stays as it is.
    /// - Throws: why the expression gave up.
    func apply(
        to text: Slice, _ storage: inout ByteBuffer, _ scratch: MatchScratch
    ) throws(GaveUp) -> Slice? {
        // Appending moves the storage, so the subject is a copy.
        var subject = ByteBuffer(capacity: Int(text.length))
        subject.append(text, of: storage)
        if subject.kind(of: Slice(offset: 0, length: subject.count)) == .invalid {
            let repaired = subject.appendRepaired(Slice(offset: 0, length: subject.count), replacement: "?")
            subject.removePrefix(Int(repaired.offset))
        }
        scratch.beginText()
        let start = storage.count
        var (place, copied, hasMatch) = (0, 0, false)
        while place <= subject.count {
            switch Self.match(expression, subject, from: place, scratch) {
            case .gaveUp(let reason):
                storage.truncate(to: start)
                throw GaveUp(reason: reason)
            case .noMatch: place = subject.count + 1
            case .matched:
                hasMatch = true
                let (from, to) = (scratch.start(of: 0), scratch.end(of: 0))
                storage.append(Slice(offset: copied, length: from - copied), of: subject)
                appendReplacement(subject, scratch, &storage)
                copied = to
                place = to
                // An empty match: the next one begins behind the next character.
                if from == to {
                    place += 1
                    while place < subject.count, subject[place] & 0xC0 == 0x80 { place += 1 }
                }
            }
        }
        guard hasMatch else { return nil }
        storage.append(Slice(offset: copied, length: subject.count - copied), of: subject)
        return Slice(offset: start, length: storage.count - start)
    }

    struct GaveUp: Error { let reason: GaveUpReason }

    private static func match(
        _ expression: Regex, _ subject: borrowing ByteBuffer, from place: Int, _ scratch: MatchScratch
    ) -> MatchOutcome {
        let span = subject.span
        return expression.match(span, as: SubjectText.classify(span), from: place, scratch)
    }

    private func appendReplacement(
        _ subject: borrowing ByteBuffer, _ scratch: MatchScratch, _ storage: inout ByteBuffer
    ) {
        func append(group number: Int, to storage: inout ByteBuffer) -> Bool {
            guard number <= expression.captureCount, scratch.start(of: number) >= 0 else { return false }
            let start = scratch.start(of: number)
            storage.append(Slice(offset: start, length: scratch.end(of: number) - start), of: subject)
            return true
        }
        for part in parts {
            switch part {
            case .text(let bytes): storage.append(bytes)
            case .group(let number): _ = append(group: number, to: &storage)
            case .named(let numbers):
                for number in numbers.reversed() where append(group: number, to: &storage) { break }
            }
        }
    }
}
