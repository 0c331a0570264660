package import Compression
package import Events
package import ForwardProtocol
internal import TLS

/// The items of a chunk → messages of the forward protocol, one after the other, each of one tag.
///
/// ```
/// [tag, entries, {"size": 2, "compressed": "text", "chunk": "ZhVtG0bCHwwkAq84Et8K0Q==\n"}]
/// ```
/// Byte for byte what Fluentd's `out_forward` sends: entries is a str 32 whatever its size, `compressed` is always
/// there,
/// `chunk` where a receipt is asked for, and times are whole seconds where they have no fraction.
package struct ForwardChunkMessages {
    /// One message to come: which items are in it.
    package struct Part: Sendable, Equatable {
        package var tag: [UInt8]
        package var items: ItemSet
        /// Its entries and times, about, in bytes.
        var bytes: Int
    }

    /// What an entry has besides its record: the array's header and an EventTime.
    private static let entryBytes = 11

    private let chunk: LoadedChunk
    private let settings: ForwardOutputSettings
    /// In the order of their first items.
    package let parts: [Part]

    package init(_ chunk: LoadedChunk, items: ItemSet, _ settings: ForwardOutputSettings) {
        self.chunk = chunk
        self.settings = settings
        var parts: [Part] = []
        var open: [[UInt8]: Int] = [:]
        var last: (tag: UInt32, part: Int)?
        for number in items {
            let item = chunk.item(number)
            let bytes = Int(item.source.length) + Self.entryBytes
            var place = last.flatMap { $0.tag == item.tag ? $0.part : nil }
            if place == nil { place = open[chunk.tag(of: number).bytes] }
            if let found = place, parts[found].bytes + bytes > settings.messageLimitBytes { place = nil }
            let part: Int
            if let place {
                part = place
            } else {
                part = parts.count
                let tag = chunk.tag(of: number).bytes
                parts.append(Part(tag: tag, items: ItemSet(), bytes: 0))
                open[tag] = part
            }
            parts[part].items.append(number)
            parts[part].bytes += bytes
            last = (item.tag, part)
        }
        self.parts = parts
    }

    /// The whole message of a part.
    package func message(_ part: Part) throws(CompressionError) -> ForwardOutgoing {
        var entries = ByteBuffer(capacity: part.bytes + 64)
        var scratch = ByteBuffer()
        for number in part.items { append(number, to: &entries, &scratch) }
        let packed = try compressed(entries)
        let receipt = settings.asksForReceipts ? receiptName(part) : nil
        var out = ByteBuffer(capacity: packed.count + part.tag.count + 128)
        out.appendMessagePack(arrayCount: 3)
        out.appendMessagePackString(part.tag)
        out.append(0xDB)
        for shift in [24, 16, 8, 0] { out.append(UInt8(truncatingIfNeeded: packed.count >> shift)) }
        out.append(packed)
        let count = part.items.count
        out.appendMessagePack(mapCount: receipt == nil ? 2 : 3)
        out.appendMessagePackString("size")
        out.appendMessagePack(Int64(count))
        out.appendMessagePackString("compressed")
        out.appendMessagePackString(settings.compression.rawValue)
        if let receipt {
            out.appendMessagePackString("chunk")
            out.appendMessagePackString(receipt)
        }
        return ForwardOutgoing(bytes: out.array(), chunk: receipt, eventCount: count)
    }

    // MARK: - Entries

    private func append(_ number: Int, to out: inout ByteBuffer, _ scratch: inout ByteBuffer) {
        let item = chunk.item(number)
        out.appendMessagePack(arrayCount: 2)
        if settings.usesIntegerTime || item.time.nanoseconds == 0 {
            out.appendMessagePack(item.time.seconds)
        } else {
            out.appendMessagePack(item.time)
        }
        guard let record = KeptRecord.slice(at: Int(item.source.offset), before: item.source.end, chunk.body.bytes)
        else {
            // Checksums have said that the chunk is as it was written.
            return out.appendMessagePack(mapCount: 0)
        }
        let label = Int(item.label)
        if chunk.body.labels.indices.contains(label), chunk.body.labels[label] == ForwardFormatter.plainLabel {
            out.append(record, of: chunk.body.bytes)
        } else {
            KeptRecord.appendMessagePack(record, chunk.body.bytes, to: &out, &scratch)
        }
    }

    private func compressed(_ entries: consuming ByteBuffer) throws(CompressionError) -> ByteBuffer {
        let all = Slice(offset: 0, length: entries.count)
        var out = ByteBuffer(capacity: entries.count / 4 + 64)
        switch settings.compression {
        case .text: return entries
        case .gzip: try Gzip.compress(all, of: entries, into: &out)
        case .zstd: try Zstandard.compress(all, of: entries, into: &out)
        }
        return out
    }

    // MARK: - Receipts

    /// The `chunk` option: base64 of 16 bytes and a newline, as Ruby's `Base64.encode64` writes it. The same at each
    /// attempt, and different for each message: the message that begins a chunk has the chunk's own name, those behind
    /// it one that comes from that name and their first item.
    private func receiptName(_ part: Part) -> [UInt8] {
        let first = part.items.first ?? 0
        var bytes = first == 0 ? Self.bytes(ofHexadecimal: chunk.id) : nil
        if bytes == nil {
            let digest = SHA512.hexDigest(parts: [Array(chunk.id.utf8), Array("#\(first)".utf8)])
            bytes = Self.bytes(ofHexadecimal: String(decoding: digest.prefix(32), as: UTF8.self))
        }
        return ForwardEncoder.base64(bytes ?? []) + [0x0A]
    }

    /// nil unless these are the digits of 16 bytes.
    private static func bytes(ofHexadecimal text: String) -> [UInt8]? {
        let digits = text.utf8.compactMap { Character(Unicode.Scalar($0)).hexDigitValue }
        guard digits.count == 32, text.utf8.count == 32 else { return nil }
        return stride(from: 0, to: 32, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    }
}
