/// Nested data as JSON: MessagePack maps and arrays, and JSON text brought into our form.
///
/// The input was validated when it was read, so the walk below cannot run off its end; should it meet something else all
/// the same, it writes null rather than fail. Recursion is bounded by `JSONLimits.depth`.
extension ByteBuffer {
    package mutating func appendJSON(messagePackAt offset: Int, _ storage: borrowing ByteBuffer) {
        var offset = offset
        appendMessagePack(&offset, storage)
    }

    /// The text of a key that is no string, into the very buffer that holds it.
    mutating func appendJSON(keyAt offset: Int) {
        var offset = offset
        var text = ByteBuffer()
        text.appendMessagePack(&offset, self, inKey: true)
        append(text)
    }

    /// - Parameter inKey: the item is part of a key, in which containers cannot be keys again.
    private mutating func appendMessagePack(
        _ offset: inout Int, _ storage: borrowing ByteBuffer, inKey: Bool = false
    ) {
        guard let item = try? storage.messagePackItem(at: offset, end: storage.count) else {
            append("null")
            return
        }
        offset = item.body + item.bodyLength
        switch item.kind {
        case .null: append("null")
        case .false: append("false")
        case .true: append("true")
        case .int: appendDecimal(item.intValue)
        case .uint: appendDecimal(item.bits)
        case .double: appendJSON(item.doubleValue)
        case .string, .binary: appendJSONString(Slice(offset: item.body, length: item.length), storage)
        case .ext:
            lossCount &+= 1
            if let time = storage.timestamp(item) { appendDecimal(time.seconds) } else { append("null") }
        case .array:
            append(UInt8(ascii: "["))
            for index in 0..<item.length {
                if index > 0 { append(UInt8(ascii: ",")) }
                appendMessagePack(&offset, storage, inKey: inKey)
            }
            append(UInt8(ascii: "]"))
        case .map: appendMessagePackMap(item.length, &offset, storage, inKey: inKey)
        }
    }

    private mutating func appendMessagePackMap(
        _ pairs: Int, _ offset: inout Int, _ storage: borrowing ByteBuffer, inKey: Bool
    ) {
        let start = count
        var seen = SeenKeys()
        append(UInt8(ascii: "{"))
        for index in 0..<pairs {
            if index > 0 { append(UInt8(ascii: ",")) }
            let keyStart = count
            appendMessagePackKey(&offset, storage, inKey: inKey)
            if seen.mayRepeat(keyHash(Slice(offset: keyStart, length: count - keyStart))) {
                lossCount &+= 1
                var members = takeMembers(from: start, keyStart: keyStart)
                for rest in index..<pairs {
                    if rest > index {
                        var key = ByteBuffer(capacity: 32)
                        key.appendMessagePackKey(&offset, storage, inKey: inKey)
                        members.key = key.array()
                    }
                    var value = ByteBuffer()
                    value.appendMessagePack(&offset, storage, inKey: inKey)
                    members.set(value.array())
                }
                append(members)
                return
            }
            append(UInt8(ascii: ":"))
            appendMessagePack(&offset, storage, inKey: inKey)
        }
        append(UInt8(ascii: "}"))
    }

    /// A key as a JSON string, whatever its type is.
    ///
    /// A container as a key of a container that is a key itself is left out: escaping on every level would make its text
    /// twice as long on every level.
    private mutating func appendMessagePackKey(
        _ offset: inout Int, _ storage: borrowing ByteBuffer, inKey: Bool
    ) {
        let item = try? storage.messagePackItem(at: offset, end: storage.count)
        if let item, item.kind == .string || item.kind == .binary {
            offset = item.body + item.length
            appendJSONString(Slice(offset: item.body, length: item.length), storage)
            return
        }
        lossCount &+= 1
        if inKey, let item, item.kind == .map || item.kind == .array {
            offset = (try? storage.skipMessagePack(at: offset, end: storage.count)) ?? storage.count
            append(item.kind == .map ? "\"{…}\"" : "\"[…]\"")
        } else {
            var text = ByteBuffer(capacity: 32)
            text.appendMessagePack(&offset, storage, inKey: true)
            appendJSONString(Slice(offset: 0, length: text.count), text)
        }
    }

    /// JSON text that was validated, without white space and comments, with our escapes and number forms.
    mutating func appendJSON(text: Slice, _ storage: borrowing ByteBuffer) {
        precondition(text.end <= storage.count, "slice outside the buffer")
        var offset = Int(text.offset)
        appendValue(&offset, text.end, storage)
    }

    private mutating func appendValue(_ offset: inout Int, _ end: Int, _ storage: borrowing ByteBuffer) {
        let source = unsafe UnsafePointer(storage.base)
        Self.skip(&offset, end, storage)
        guard offset < end else {
            append("null")
            return
        }
        switch unsafe source[offset] {
        case UInt8(ascii: "{"): appendObject(&offset, end, storage)
        case UInt8(ascii: "["):
            append(UInt8(ascii: "["))
            offset += 1
            Self.skip(&offset, end, storage)
            var isFirst = true
            while offset < end, unsafe source[offset] != UInt8(ascii: "]") {
                if !isFirst {
                    append(UInt8(ascii: ","))
                    offset += 1  // the comma
                }
                isFirst = false
                appendValue(&offset, end, storage)
                Self.skip(&offset, end, storage)
            }
            offset += 1
            append(UInt8(ascii: "]"))
        case 0x22: appendString(&offset, end, storage)
        default:
            let start = offset
            offset = unsafe (try? JSONScanner.scalarEnd(source, start, end)) ?? end
            let slice = Slice(offset: start, length: offset - start)
            let first = unsafe source[start]
            if first == UInt8(ascii: "-") || first &- 0x30 < 10 {
                if unsafe slice.length == 2 && first == UInt8(ascii: "-") && source[start + 1] == 0x30 {
                    append(0x30)  // -0 is an integer, and integers have no negative zero
                } else {
                    appendJSON(number: slice, storage)
                }
            } else {
                append(slice, of: storage)
            }
        }
    }

    private mutating func appendString(_ offset: inout Int, _ end: Int, _ storage: borrowing ByteBuffer) {
        var escaped = false
        let start = offset + 1
        let close = unsafe (try? JSONScanner.stringEnd(storage.base, start, end, &escaped)) ?? end
        append(0x22)
        appendEscaped(json: Slice(offset: start, length: close - start), storage)
        append(0x22)
        offset = close + 1
    }

    private mutating func appendObject(_ offset: inout Int, _ end: Int, _ storage: borrowing ByteBuffer) {
        let source = unsafe UnsafePointer(storage.base)
        let start = count
        offset += 1
        var seen = SeenKeys()
        append(UInt8(ascii: "{"))
        Self.skip(&offset, end, storage)
        var isFirst = true
        while offset < end, unsafe source[offset] != UInt8(ascii: "}") {
            if !isFirst {
                append(UInt8(ascii: ","))
                offset += 1
                Self.skip(&offset, end, storage)
            }
            isFirst = false
            let keyStart = count
            appendString(&offset, end, storage)
            if seen.mayRepeat(keyHash(Slice(offset: keyStart, length: count - keyStart))) {
                lossCount &+= 1
                var members = takeMembers(from: start, keyStart: keyStart)
                appendRest(of: &members, &offset, end, storage)
                return
            }
            Self.skip(&offset, end, storage)
            offset += 1  // the colon
            append(UInt8(ascii: ":"))
            appendValue(&offset, end, storage)
            Self.skip(&offset, end, storage)
        }
        offset += 1
        append(UInt8(ascii: "}"))
    }

    /// Goes on with an object whose keys repeat, from the colon after `members.key`.
    private mutating func appendRest(
        of members: inout MemberList, _ offset: inout Int, _ end: Int, _ storage: borrowing ByteBuffer
    ) {
        while true {
            Self.skip(&offset, end, storage)
            offset += 1  // the colon
            var value = ByteBuffer()
            value.appendValue(&offset, end, storage)
            members.set(value.array())
            Self.skip(&offset, end, storage)
            guard offset < end, storage[offset] == UInt8(ascii: ",") else { break }
            offset += 1
            Self.skip(&offset, end, storage)
            var key = ByteBuffer(capacity: 32)
            key.appendString(&offset, end, storage)
            members.key = key.array()
        }
        offset += 1
        append(members)
    }

    private static func skip(_ offset: inout Int, _ end: Int, _ storage: borrowing ByteBuffer) {
        offset = unsafe (try? JSONScanner.skipSpace(storage.base, offset, end)) ?? end
    }

    /// Takes back what was written of an object (from its brace at `start` on) as a list; the key that begins at
    /// `keyStart` is the list's next. Nothing is written twice: repeated keys on every level of nested data would else
    /// double the work on every level.
    private mutating func takeMembers(from start: Int, keyStart: Int) -> MemberList {
        var members = MemberList()
        var memberStart = start + 1
        var colon = -1
        var depth = 0
        var offset = memberStart
        while offset < keyStart {
            switch self[offset] {
            case 0x22:
                offset = jsonStringEnd(from: offset + 1, before: keyStart)
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
            case UInt8(ascii: ":") where depth == 0: colon = offset
            case UInt8(ascii: ",") where depth == 0:
                members.key = array(Slice(offset: memberStart, length: colon - memberStart))
                members.set(array(Slice(offset: colon + 1, length: offset - colon - 1)))
                memberStart = offset + 1
            default: break
            }
            offset += 1
        }
        members.key = array(Slice(offset: keyStart, length: count - keyStart))
        truncate(to: start)
        return members
    }

    private mutating func append(_ members: borrowing MemberList) {
        append(UInt8(ascii: "{"))
        for (index, member) in members.list.enumerated() {
            if index > 0 { append(UInt8(ascii: ",")) }
            append(member.key)
            append(UInt8(ascii: ":"))
            append(member.value)
        }
        append(UInt8(ascii: "}"))
    }
}

/// A filter over the keys of one object: whether one may equal an earlier one. False alarms only cost the slower way.
private struct SeenKeys {
    private static var kept: Int { 24 }
    private var bits: UInt64 = 0
    private var hashes = InlineArray<24, UInt64>(repeating: 0)
    private var count = 0

    /// `hash` is that of the key as it is written, so of equal keys in whatever form they came.
    @inline(__always)
    mutating func mayRepeat(_ hash: UInt64) -> Bool {
        let bit = UInt64(1) << (hash & 63)
        if bits & bit != 0 {
            if count > Self.kept { return true }
            for index in 0..<count where hashes[index] == hash { return true }
        }
        bits |= bit
        if count < Self.kept { hashes[count] = hash }
        count &+= 1
        return false
    }
}

/// The members of one object whose keys may repeat: the first place and the last value win.
private struct MemberList {
    private(set) var list: [(key: [UInt8], value: [UInt8])] = []
    private var places: [[UInt8]: Int] = [:]
    /// The key whose value comes next.
    var key: [UInt8] = []

    mutating func set(_ value: [UInt8]) {
        if let place = places[key] {
            list[place].value = value
        } else {
            places[key] = list.count
            list.append((key, value))
        }
    }
}
