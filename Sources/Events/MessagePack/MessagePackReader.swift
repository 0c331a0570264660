/// Reading MessagePack where it lies: items by header, records straight into rows.
extension ByteBuffer {
    /// The header of the item at `offset`; strings and binaries are known to be complete.
    package func messagePackItem(at offset: Int, end: Int) throws(MessagePackError) -> MessagePackItem {
        precondition(offset >= 0 && end <= count, "range outside the buffer")
        return unsafe try MessagePackFormat.header(base, offset, end)
    }

    /// The offset after the item at `offset`, whatever it holds.
    ///
    /// Iterative, so hostile nesting costs no stack; `depthLimit` bounds it all the same, because what is nested deeper
    /// could not be written as JSON again. O(bytes).
    package func skipMessagePack(
        at offset: Int, end: Int, depthLimit: Int = JSONLimits.depth
    ) throws(MessagePackError) -> Int {
        var ignored = ExtensionTypes()
        return try skipMessagePack(at: offset, end: end, depthLimit: depthLimit, noting: &ignored)
    }

    /// As above, and notes values of extension types that nobody here can read.
    func skipMessagePack(
        at offset: Int, end: Int, depthLimit: Int = JSONLimits.depth, noting extensions: inout ExtensionTypes
    ) throws(MessagePackError) -> Int {
        precondition(offset >= 0 && end <= count, "range outside the buffer")
        var offset = offset
        let item = unsafe try MessagePackFormat.header(base, offset, end)
        offset = item.body &+ item.bodyLength
        if item.children == 0 {
            if item.kind == .ext { extensions.note(item) }
            return offset
        }
        var pending = [item.children]  // how many items are left on each level
        while let left = pending.last {
            if left == 0 {
                pending.removeLast()
                continue
            }
            pending[pending.count - 1] = left - 1
            let item = unsafe try MessagePackFormat.header(base, offset, end)
            offset = item.body &+ item.bodyLength
            if item.kind == .ext { extensions.note(item) }
            if item.children > 0 {
                if pending.count >= depthLimit { throw .tooDeep(limit: depthLimit) }
                pending.append(item.children)
            }
        }
        return offset
    }
}

/// Finds where a message ends in a stream that arrives in pieces, looking at each byte once.
///
/// The state is the next offset and the number of items still to come: for that no stack is needed, so a peer cannot
/// make it cost memory.
package struct MessagePackFramer: Sendable {
    /// Where the next header is expected.
    package private(set) var offset: Int
    private var remaining = 1

    package init(at offset: Int) { self.offset = offset }

    /// Goes on with what is there now. Answers the end of the message, or nil when more bytes are needed.
    /// `wanted` is then the least size the buffer must have for progress, so that a long string is not looked at again.
    package mutating func advance(_ storage: borrowing ByteBuffer, wanted: inout Int) throws(MessagePackError) -> Int? {
        while remaining > 0 {
            let item: MessagePackItem
            do {
                item = try storage.messagePackItem(at: offset, end: storage.count)
            } catch .truncated(let missing) {
                wanted = storage.count + missing
                return nil
            }
            offset = item.body + item.bodyLength
            remaining += item.children - 1
        }
        return offset
    }

    /// After bytes were removed from the front of the buffer.
    package mutating func rebase(by removed: Int) { offset -= removed }
}

extension Rows {
    /// Reads the map at `offset` as one record's fields; answers the offset after it.
    ///
    /// Keys that are no strings become their JSON text; binaries are text; an EventTime (or MessagePack's own timestamp)
    /// inside is its seconds, as Fluentd prints it; other extension types stay as they are and are noted. A repeated key keeps its first place and takes the last value, as in Ruby's Hash.
    package mutating func appendFields(
        messagePack offset: Int, end: Int, _ storage: inout ByteBuffer
    ) throws(MessagePackError) -> Int {
        precondition(offset >= 0 && end <= storage.count, "range outside the buffer")
        let map = unsafe try MessagePackFormat.header(storage.base, offset, end)
        guard map.kind == .map else { throw .unexpected(offset: offset, byte: storage[offset]) }
        // A count the input cannot hold is a lie or not all here: say so before looking at each.
        if map.length > end &- map.body { throw .truncated(missing: map.length &- (end &- map.body)) }
        let first = fields.count
        keyTable.first = -1  // another record may have stood here and been taken back
        var seen: UInt64 = 0
        var offset = map.body
        for _ in 0..<map.length {
            let key = unsafe try MessagePackFormat.header(storage.base, offset, end)
            var keySlice = Slice(offset: key.body, length: key.length)
            if key.kind != .string && key.kind != .binary {
                let keyEnd = try storage.skipMessagePack(at: offset, end: end, noting: &extensions)
                keySlice = storage.appendKeyText(messagePack: offset)
                offset = keyEnd
            } else {
                offset = key.body &+ key.length
            }
            let item = unsafe try MessagePackFormat.header(storage.base, offset, end)
            let value: Value
            switch item.kind {
            case .string, .binary:
                value = Value(.string, Slice(offset: item.body, length: item.length))
                offset = item.body &+ item.length
            case .array, .map:
                let next = try storage.skipMessagePack(at: offset, end: end, noting: &extensions)
                value = Value(.msgpack, Slice(offset: offset, length: next &- offset))
                offset = next
            case .ext:
                let next = item.body &+ item.length
                if let time = storage.timestamp(item) {
                    value = .int(time.seconds)
                } else {
                    extensions.note(item)
                    value = Value(.msgpack, Slice(offset: offset, length: next &- offset))
                }
                offset = next
            case .null: (value, offset) = (.null, item.body)
            case .false: (value, offset) = (.bool(false), item.body)
            case .true: (value, offset) = (.bool(true), item.body)
            case .int: (value, offset) = (.int(item.intValue), item.body)
            case .uint: (value, offset) = (.uint(item.bits), item.body)
            case .double: (value, offset) = (.double(item.doubleValue), item.body)
            }
            set(keySlice, value, first: first, seen: &seen, storage)
        }
        return offset
    }

    /// Appends the fields of one record, but one, and over them those of another: equal keys keep the first's place and
    /// take the other's value.
    package mutating func merge(
        _ original: Range<Int>, without left: Int, _ added: Range<Int>, _ storage: borrowing ByteBuffer
    ) {
        let first = fields.count
        keyTable.first = -1  // another record may have stood here and been taken back
        // Keys of one record are distinct, so nothing is looked for yet.
        if original.contains(left) {
            fields.append(copyOf: original.lowerBound..<left)
            fields.append(copyOf: left + 1..<original.upperBound)
        } else {
            fields.append(copyOf: original)
        }
        let last = fields.count
        if original.count &+ added.count > KeyTable.threshold {
            var seen: UInt64 = 0
            for index in first..<last { seen |= UInt64(1) << (storage.keyHash(fields[index].key) & 63) }
            for index in added { set(fields[index].key, fields[index].value, first: first, seen: &seen, storage) }
            return
        }
        // Of few keys nearly all differ in length, which costs no look at their bytes.
        var lengths: UInt64 = 0
        for index in first..<last { lengths |= UInt64(1) << UInt64(fields[index].key.length & 63) }
        adding: for index in added {
            let field = fields[index]
            if lengths & UInt64(1) << UInt64(field.key.length & 63) != 0 {
                for place in first..<last where storage.equal(fields[place].key, field.key) {
                    fields[place].value = field.value
                    continue adding
                }
            }
            fields.append(field)
        }
    }

    /// Adds a field of the record that begins at `first`, or replaces the value of an equal key. `seen` is a filter over
    /// the keys so far (start with 0): a key it has not seen is new, which saves most comparisons.
    package mutating func set(
        _ key: Slice, _ value: Value, first: Int, seen: inout UInt64, _ storage: borrowing ByteBuffer
    ) {
        let bit = UInt64(1) << (storage.keyHash(key) & 63)
        let isWide = fields.count &- first > KeyTable.threshold
        let hash = isWide ? storage.wideKeyHash(key, keyTable.secret) : 0
        if seen & bit != 0, let index = find(key, hash, first: first, storage) {
            fields[index].value = value
            return
        }
        seen |= bit
        fields.append(Field(key: key, value: value))
        if isWide {
            noteKey(hash, first: first, storage)
        } else if fields.count &- first > KeyTable.threshold {
            keyTable.first = -1  // a record that was given up may have stood here, and have been as wide
        }
    }
}

extension ByteBuffer {
    /// The time that an ext item says: an EventTime, or MessagePack's own timestamp (type -1 with 4, 8 or 12 bytes; source:
    /// MessagePack specification, "Timestamp extension type"). nil: it is of another type.
    package func timestamp(_ item: MessagePackItem) -> EventTime? {
        guard item.isTimestamp else { return nil }
        if item.extType == 0 { return eventTime(item) }
        precondition(item.body + item.length <= count, "item outside the buffer")
        switch item.length {
        case 4: return unsafe EventTime(seconds: Int64(MessagePackFormat.read32(base + item.body)))
        case 8:
            // 30 bits of nanoseconds, 34 of seconds.
            let bits = unsafe MessagePackFormat.read64(base + item.body)
            return EventTime(seconds: Int64(bits & 0x3_FFFF_FFFF), nanoseconds: UInt32(bits >> 34))
        default:
            return unsafe EventTime(
                seconds: Int64(bitPattern: MessagePackFormat.read64(base + item.body + 4)),
                nanoseconds: MessagePackFormat.read32(base + item.body))
        }
    }

    /// The EventTime of an ext item: type 0, 8 bytes, seconds and nanoseconds, unsigned and big-endian. Source: Forward
    /// Protocol Specification v1.5, "EventTime Ext Format".
    package func eventTime(_ item: MessagePackItem) -> EventTime? {
        guard item.kind == .ext, item.extType == 0, item.length == 8 else { return nil }
        precondition(item.body + 8 <= count, "item outside the buffer")
        return unsafe EventTime(
            seconds: Int64(MessagePackFormat.read32(base + item.body)),
            nanoseconds: MessagePackFormat.read32(base + item.body + 4))
    }

    /// A cheap hash of a key: length, and its first and last bytes.
    @inline(__always)
    func keyHash(_ key: Slice) -> UInt64 {
        let length = Int(key.length)
        if length == 0 { return 0 }
        precondition(key.end <= count, "slice outside the buffer")
        let start = unsafe base + Int(key.offset)
        if length >= 8 {
            let a = unsafe UnsafeRawPointer(start).loadUnaligned(as: UInt64.self)
            let b = unsafe UnsafeRawPointer(start + length - 8).loadUnaligned(as: UInt64.self)
            let mixed = (a &* 0x9E37_79B9_7F4A_7C15) ^ (b &* 0xC2B2_AE3D_27D4_EB4F) &+ UInt64(length)
            return mixed ^ (mixed >> 32)
        }
        // The bytes behind a short key are in the buffer or its slack, and are shifted out.
        let word =
            unsafe UnsafeRawPointer(start).loadUnaligned(as: UInt64.self).littleEndian << UInt64(64 &- 8 &* length)
        let mixed = (word ^ UInt64(length) << 56) &* 0x9E37_79B9_7F4A_7C15
        return mixed ^ (mixed >> 32)
    }

    /// Whether two slices hold the same bytes.
    @inlinable package func equal(_ a: Slice, _ b: Slice) -> Bool {
        guard a.length == b.length else { return false }
        precondition(a.end <= count && b.end <= count, "slice outside the buffer")
        return unsafe bytesEqual(base + Int(a.offset), base + Int(b.offset), Int(a.length))
    }

    /// The text of a key that is no string: its JSON form.
    fileprivate mutating func appendKeyText(messagePack offset: Int) -> Slice {
        let start = count
        appendJSON(keyAt: offset)
        return Slice(offset: start, length: count - start)
    }
}
