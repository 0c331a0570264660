package import Events
package import HTTPClient
internal import TLS
internal import Time

/// Puts each chunk into an object of a bucket.
///
/// Source: Amazon's "S3 API Reference", HeadBucket, CreateBucket, HeadObject, PutObject and "Conditional writes". No object is
/// replaced: its name is asked for, this process's workers agree on theirs, and the service is told to refuse a name that
/// another process has taken in between.
package struct S3Service: HTTPService {
    /// What chunks in files are marked with. To be counted up with every change of what an item or a label looks like.
    package static let format = "s3-1"

    private let settings: S3Settings
    private let names = S3Names()
    private let clock: @Sendable () -> Int64

    /// `clock`: seconds since 1970.
    package init(_ settings: S3Settings, clock: @escaping @Sendable () -> Int64 = { Clock.now().seconds }) {
        self.settings = settings
        self.clock = clock
    }

    package var name: String { settings.bucketURL }
    package var sizing: RequestSizing { RequestSizing(followsPace: false) }
    package var bytesPerItem: Int { 0 }

    package func place(_ label: ItemLabel, tag: Tag, time: EventTime, chunk: String) -> S3Key {
        settings.key.filled(
            ChunkTemplate.Values(
                tag: tag.bytes, fields: label.fields, seconds: settings.slice(time.seconds), chunkID: chunk))
    }

    /// Why values of a tag or a record cannot be a part of a key.
    package func problem(_ values: ChunkTemplate.Values) -> LineWriter.Problem? {
        let key = settings.key.filled(values)
        let text = key.text(0, settings.key.index, uuid: String(repeating: "0", count: 36), clock: "000000")
        func problem(_ reason: String) -> LineWriter.Problem {
            LineWriter.Problem(kind: "Fluent::Plugin::S3Output::KeyError", reason: reason)
        }
        if text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) {
            return problem("the object's key would hold a control character")
        }
        // 1024 bytes are S3's limit; an index takes a few.
        if text.utf8.count > 1000 {
            return problem("the object's key would have \(text.utf8.count) bytes, and may have 1000")
        }
        return nil
    }

    package func exchange(
        _ items: ItemSet, of chunk: LoadedChunk, at key: S3Key
    ) throws(HTTPError) -> any HTTPExchange {
        let body = try RequestBody.joined(items, of: chunk, compresses: settings.content == .gzip)
        return S3Exchange(settings, names, key, body, uuid: Self.uuid(), clock: Self.clockText(clock()))
    }

    /// Random, version 4 (RFC 9562).
    private static func uuid() -> String {
        var bytes = SecureRandom.bytes(16)
        bytes[6] = bytes[6] & 0x0F | 0x40
        bytes[8] = bytes[8] & 0x3F | 0x80
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        for (place, byte) in bytes.enumerated() {
            if [4, 6, 8, 10].contains(place) { text.append(UInt8(ascii: "-")) }
            text += [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
        }
        return String(decoding: text, as: UTF8.self)
    }

    private static func clockText(_ seconds: Int64) -> String {
        let day = Int((seconds % 86_400 + 86_400) % 86_400)
        let number = day / 3600 * 10_000 + day / 60 % 60 * 100 + day % 60
        let digits = String(number)
        return String(repeating: "0", count: 6 - digits.utf8.count) + digits
    }

    /// What would be put for a chunk's first event, for people.
    package func preview(_ chunk: LoadedChunk) -> (object: String, line: String)? {
        guard let item = chunk.allItems.first, let label = chunk.itemLabel(of: item),
            let slice = try? RequestBody.slice(of: item, chunk)
        else { return nil }
        let key = place(label, tag: chunk.tag(of: item), time: chunk.item(item).time, chunk: chunk.id)
        let name = key.text(0, settings.key.index, uuid: "UUID", clock: "HHMMSS")
        return ("s3://\(settings.bucket)/\(name)", chunk.body.bytes.text(slice))
    }
}
