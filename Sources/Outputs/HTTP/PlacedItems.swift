internal import Events

/// Items of a chunk that go to one place, in order.
struct PlacedItems<Service: HTTPService> {
    let place: Service.Place
    private(set) var items = ItemSet()

    /// In the order of the first item of each place: nearly always one. Nil when an item's label cannot be read.
    static func grouped(_ items: ItemSet, of chunk: LoadedChunk, by service: Service) -> [PlacedItems]? {
        var parts: [PlacedItems] = []
        var numbers: [Service.Place: Int] = [:]
        var labels: [UInt32: ItemLabel] = [:]
        var last: (label: UInt32, tag: UInt32, second: Int64, number: Int)?
        for item in items {
            let entry = chunk.item(item)
            if let last, last.label == entry.label, last.tag == entry.tag, last.second == entry.time.seconds {
                parts[last.number].items.append(item)
                continue
            }
            guard let label = labels[entry.label] ?? chunk.itemLabel(of: item) else { return nil }
            labels[entry.label] = label
            let place = service.place(label, tag: chunk.tag(of: item), time: entry.time, chunk: chunk.id)
            let number = numbers[place] ?? parts.count
            if number == parts.count {
                numbers[place] = number
                parts.append(PlacedItems(place: place))
            }
            last = (entry.label, entry.tag, entry.time.seconds, number)
            parts[number].items.append(item)
        }
        return parts
    }
}

extension EventTime {
    func isBefore(_ other: EventTime) -> Bool { (seconds, nanoseconds) < (other.seconds, other.nanoseconds) }
}
