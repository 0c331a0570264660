/// What kind of text a subject is; it decides which variant of a regular expression runs.
///
/// Found out once per line by whoever owns it, so that PCRE2 never checks again.
package enum SubjectText: Sendable, Equatable {
    /// No byte over 0x7F.
    case ascii
    /// Valid UTF-8 with at least one byte over 0x7F.
    case utf8
    /// Anything else. The caller replaces what is invalid (by U+FFFD) and classifies as `utf8`, or gives the line up.
    case invalid

    /// Classifies bytes: 8 at a time while they are ASCII, by the well-formedness table of the Unicode standard (3.9,
    /// table 3-7) from there on.
    package static func classify(_ bytes: UnsafeRawBufferPointer) -> SubjectText {
        let count = bytes.count
        var index = 0
        // Reading past `count` is excluded by the loop conditions.
        while index &+ 32 <= count {
            let a = unsafe bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            let b = unsafe bytes.loadUnaligned(fromByteOffset: index &+ 8, as: UInt64.self)
            let c = unsafe bytes.loadUnaligned(fromByteOffset: index &+ 16, as: UInt64.self)
            let d = unsafe bytes.loadUnaligned(fromByteOffset: index &+ 24, as: UInt64.self)
            if (a | b | c | d) & 0x8080_8080_8080_8080 != 0 { return unsafe classifyTail(bytes, from: index) }
            index &+= 32
        }
        while index &+ 8 <= count {
            let word = unsafe bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            if word & 0x8080_8080_8080_8080 != 0 { return unsafe classifyTail(bytes, from: index) }
            index &+= 8
        }
        while index < count {
            if unsafe bytes[index] >= 0x80 { return unsafe classifyTail(bytes, from: index) }
            index &+= 1
        }
        return .ascii
    }

    /// The same for a span.
    package static func classify(_ bytes: Span<UInt8>) -> SubjectText {
        unsafe bytes.withUnsafeBufferPointer { unsafe classify(UnsafeRawBufferPointer($0)) }
    }

    /// The same text with U+FFFD in the place of everything that is not UTF-8: the repair for an `invalid` line, whose
    /// result is `utf8`. Allocates; meant for the rare line.
    package static func repaired(_ bytes: Span<UInt8>) -> [UInt8] {
        unsafe bytes.withUnsafeBufferPointer { unsafe Array(String(decoding: $0, as: UTF8.self).utf8) }
    }

    private static func classifyTail(_ bytes: UnsafeRawBufferPointer, from start: Int) -> SubjectText {
        let count = bytes.count
        var index = start
        while index < count {
            let lead = unsafe bytes[index]
            if lead < 0x80 {
                index += 1
                continue
            }
            let length = lead < 0xC2 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF5 ? 4 : 0
            guard length > 0, index + length <= count else { return .invalid }
            let second = unsafe bytes[index + 1]
            let lowest: UInt8 = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80
            let highest: UInt8 = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF
            guard second >= lowest, second <= highest else { return .invalid }
            for trail in 2..<max(length, 2) where unsafe bytes[index + trail] & 0xC0 != 0x80 { return .invalid }
            index += length
        }
        return .utf8
    }
}
