package import Events
package import HTTPClient

/// Puts events into the streams of CloudWatch Logs, in the order of their times.
///
/// Source: "PutLogEvents" in the Amazon CloudWatch Logs API Reference: at most 1 MiB, 10,000 events and 24 hours a request.
package struct CloudWatchService: HTTPService {
    /// What chunks in files are marked with. To be counted up with every change of what an item or a label looks like.
    package static let format = "cloudwatch-1"

    private let settings: CloudWatchSettings

    package init(_ settings: CloudWatchSettings) { self.settings = settings }

    package var name: String { settings.url }
    package var sizing: RequestSizing {
        RequestSizing(largestBytes: CloudWatchWriter.largestEventBytes, largestItems: settings.maximumEvents)
    }
    package var bytesPerItem: Int { 1 }

    package func place(_ label: ItemLabel, tag: Tag, time: EventTime, chunk: String) -> LogStreamDay {
        let names = label.fields.count == 2 ? label.fields : [[], []]
        let day = time.seconds / 86_400 - (time.seconds % 86_400 < 0 ? 1 : 0)
        return LogStreamDay(group: names[0], stream: names[1], day: day)
    }

    package func exchange(
        _ items: ItemSet, of chunk: LoadedChunk, at place: LogStreamDay
    ) throws(HTTPError) -> any HTTPExchange {
        // Swift's sort is stable: events of one time keep their order.
        let sorted = items.sorted { chunk.item($0).time.isBefore(chunk.item($1).time) }
        var slices: [Slice] = []
        for item in sorted { slices.append(try RequestBody.slice(of: item, chunk)) }
        let size = slices.reduce(64) { $0 + Int($1.length) + 1 }
        let body = try RequestBody.make(capacity: size) { out in
            out.append("{\"logGroupName\":")
            out.appendJSONString(place.group)
            out.append(",\"logStreamName\":")
            out.appendJSONString(place.stream)
            out.append(",\"logEvents\":[")
            for (number, slice) in slices.enumerated() {
                if number > 0 { out.append(UInt8(ascii: ",")) }
                out.append(slice, of: chunk.body.bytes)
            }
            out.append("]}")
        }
        return CloudWatchExchange(settings, place, sorted, body)
    }

    /// What would be put for a chunk's first event, for people.
    package func preview(_ chunk: LoadedChunk) -> (stream: String, event: String)? {
        guard let item = chunk.allItems.first, let names = chunk.itemLabel(of: item)?.fields, names.count == 2,
            let slice = try? RequestBody.slice(of: item, chunk)
        else { return nil }
        func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
        return ("\(text(names[0])) \(text(names[1]))", chunk.body.bytes.text(slice))
    }
}

/// Where events of one request go.
package struct LogStreamDay: Hashable, Sendable {
    var group: [UInt8]
    var stream: [UInt8]
    /// Since 1970: events of one request are of one day.
    var day: Int64
}
