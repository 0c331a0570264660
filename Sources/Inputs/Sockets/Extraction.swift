internal import Events
package import Time

/// `<extract>`: where an event's tag and its time stand in its record (Fluentd's `plugin_helper/extract.rb`). The record
/// stays as it is.
package struct Extraction: Sendable {
    package var tagKey: String?
    package var time: Time?

    package struct Time: Sendable {
        package let key: String
        package let source: TimeSource
        package let zone: TimeZoneRule

        package init(key: String, source: TimeSource, zone: TimeZoneRule) {
            (self.key, self.source, self.zone) = (key, source, zone)
        }
    }

    package init() {}
}

/// Takes tags and times out of records. One for each loop.
final class Extractor {
    private let tagKey: [UInt8]?
    private let timeKey: [UInt8]?
    private let times: TimeReader
    private var tags: [[UInt8]: Tag] = [:]
    private var text = ByteBuffer()
    /// Tags that are kept; when there are more, it begins anew.
    private static let keptTags = 4096
    /// Of a tag that a sender chooses, in bytes; the rest is cut off.
    static let maximumTagBytes = 4096

    init(_ extraction: Extraction) {
        tagKey = extraction.tagKey.map { Array($0.utf8) }
        timeKey = extraction.time.map { Array($0.key.utf8) }
        times = TimeReader(extraction.time?.source ?? .float, zone: extraction.time?.zone ?? .utc)
    }

    /// nil: the record does not say.
    func tag(of record: Record, _ rows: borrowing Rows, _ storage: borrowing ByteBuffer) -> Tag? {
        guard let tagKey, let place = rows.find(tagKey, in: record, storage) else { return nil }
        text.clear()
        text.appendRubyText(rows.fields[place].value, storage)
        let bytes = Array(text.array().prefix(Self.maximumTagBytes))
        if let known = tags[bytes] { return known }
        if tags.count >= Self.keptTags { tags.removeAll(keepingCapacity: true) }
        let made = Tag(bytes)
        tags[bytes] = made
        return made
    }

    /// nil: the record does not say.
    func time(of record: Record, _ rows: borrowing Rows, _ storage: inout ByteBuffer) -> TimeReader.Reading? {
        guard let timeKey, let place = rows.find(timeKey, in: record, storage) else { return nil }
        return times.read(rows.fields[place].value, &storage)
    }
}
