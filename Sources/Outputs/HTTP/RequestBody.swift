internal import Compression
package import Events
package import HTTPClient

/// The body of a request, put together in memory.
package enum RequestBody {
    /// `compresses`: as one gzip member.
    package static func make(
        capacity: Int, compresses: Bool = false, _ write: (inout ByteBuffer) -> Void
    ) throws(HTTPError) -> BytesBody {
        var plain = ByteBuffer(capacity: max(capacity, 256))
        write(&plain)
        guard compresses else { return BytesBody(plain) }
        var packed = ByteBuffer(capacity: plain.count / 4 + 64)
        do throws(CompressionError) {
            try Gzip.compress(Slice(offset: 0, length: plain.count), of: plain, into: &packed)
        } catch {
            throw .unusable("cannot compress: \(error)")
        }
        return BytesBody(packed)
    }

    /// The bytes that `ItemFormatter` has written for an item, without the record in front of them.
    package static func slice(of item: Int, _ chunk: LoadedChunk) throws(HTTPError) -> Slice {
        guard let label = chunk.itemLabel(of: item),
            let parts = ItemParts(label, chunk.item(item).source, chunk.body.bytes)
        else { throw .unusable("an event cannot be read back from its chunk") }
        return parts.body
    }

    /// The items' bytes one behind the other.
    package static func joined(
        _ items: ItemSet, of chunk: LoadedChunk, compresses: Bool
    ) throws(HTTPError) -> BytesBody {
        let slices = try slices(of: items, chunk)
        return try make(capacity: slices.reduce(0) { $0 + Int($1.length) }, compresses: compresses) { out in
            for slice in slices { out.append(slice, of: chunk.body.bytes) }
        }
    }

    /// The bytes of a chunk's first item, for people.
    package static func preview(_ chunk: LoadedChunk) -> String? {
        guard let item = chunk.allItems.first, let slice = try? slice(of: item, chunk) else { return nil }
        return chunk.body.bytes.text(slice)
    }

    package static func slices(of items: ItemSet, _ chunk: LoadedChunk) throws(HTTPError) -> [Slice] {
        var slices: [Slice] = []
        slices.reserveCapacity(items.count)
        for item in items { slices.append(try slice(of: item, chunk)) }
        return slices
    }
}

/// Text in URLs (RFC 3986).
package enum PercentEncoding {
    /// All but the letters that stand for nothing else.
    package static func encoded(_ bytes: [UInt8], keepingSlashes: Bool = false) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(bytes.count)
        for byte in bytes {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                out.append(byte)
            case UInt8(ascii: "/") where keepingSlashes: out.append(byte)
            default:
                let digits = Array("0123456789ABCDEF".utf8)
                out += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return out
    }

    package static func encoded(_ text: String, keepingSlashes: Bool = false) -> String {
        String(decoding: encoded(Array(text.utf8), keepingSlashes: keepingSlashes), as: UTF8.self)
    }
}
