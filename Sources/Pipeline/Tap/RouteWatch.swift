internal import Events
internal import Monitor

/// Follows some events of a loop's batches through routers, for those who watch. One for each loop, while somebody does.
///
/// A batch is followed from the router it comes to first; labels it is sent to by an output are part of its way.
final class RouteWatch {
    private let board: TapBoard
    private let watches: [TapBoard.Watch]
    /// Of the batch that is on its way; empty: none is followed.
    private var events: [(watches: [TapBoard.Watch], event: TapEvent)] = []
    private var isFollowing = false
    /// Which watches a tag belongs to, by the tag's identity.
    private var fitting: [Int: [TapBoard.Watch]] = [:]
    private static let keptTags = 4096
    /// Events of one batch that are followed for one watch.
    private static let perBatch = 64

    init(_ board: TapBoard, _ watches: [TapBoard.Watch]) { (self.board, self.watches) = (board, watches) }

    /// A batch comes to a router.
    ///
    /// - Returns: whether it is followed from here, so that `end` must be called.
    func begin(_ batch: Batch, in label: String, _ storage: borrowing ByteBuffer, _ rows: inout Rows) -> Bool {
        guard !isFollowing, !rows.isEmpty else { return false }
        for watch in fittingWatches(batch.tag) {
            let count = rows.records.count
            let granted = board.grant(count, atMost: Self.perBatch, of: watch)
            guard granted > 0 else { continue }
            // Spread over the batch, which may be long.
            for place in 0..<granted {
                let index = place * count / granted
                let record = rows.records[index]
                if let number = record.followed {
                    // Another watch looks at it, too.
                    if number < events.count { events[number].watches.append(watch) }
                    continue
                }
                events.append(
                    (
                        [watch],
                        TapEvent(
                            tag: batch.tag.text, time: record.time, label: label,
                            record: TapRecordText.json(record, rows, storage))
                    ))
                _ = rows.follow(recordAt: index)
            }
        }
        isFollowing = !events.isEmpty
        return isFollowing
    }

    private func fittingWatches(_ tag: Tag) -> [TapBoard.Watch] {
        if let known = fitting[tag.id] { return known }
        let found = watches.filter { $0.pattern.matches(tag.bytes) }
        if fitting.count >= Self.keptTags { fitting.removeAll(keepingCapacity: true) }
        fitting[tag.id] = found
        return found
    }

    /// The events that are followed and come to the next stage; nil: none is followed.
    func present(_ rows: borrowing Rows) -> [Int]? {
        guard isFollowing else { return nil }
        var present: [Int] = []
        for record in rows.records {
            if let number = record.followed, number < events.count, present.last != number { present.append(number) }
        }
        return present
    }

    /// A filter has been applied.
    ///
    /// - Parameter present: the events that came to it.
    func passed(
        _ present: [Int], _ stage: String, in label: String, holdsEvents: Bool, _ storage: borrowing ByteBuffer,
        _ rows: borrowing Rows
    ) {
        var steps: [Int: TapStep] = [:]
        for record in rows.records {
            guard let number = record.followed else { continue }
            steps[number, default: TapStep(stage: stage, type: "", label: label, result: .passed)].records.append(
                TapRecordText.json(record, rows, storage))
        }
        for rejection in rows.rejections {
            guard let number = rejection.record.followed else { continue }
            var step = TapStep(stage: stage, type: "", label: label, result: .refused)
            step.reason = rejection.reason
            steps[number] = step
        }
        for number in present {
            events[number].event.steps.append(
                steps[number]
                    ?? TapStep(stage: stage, type: "", label: label, result: holdsEvents ? .held : .dropped))
        }
    }

    /// A batch comes to an output.
    ///
    /// - Returns: where its answer is to be noted; nil: none is followed.
    func arrived(_ stage: String, in label: String, _ rows: borrowing Rows) -> [(event: Int, step: Int)]? {
        present(rows)?.map { number in
            events[number].event.steps.append(TapStep(stage: stage, type: "", label: label, result: .taken))
            return (number, events[number].event.steps.count - 1)
        }
    }

    func note(_ acceptance: Acceptance, at places: [(event: Int, step: Int)], _ rows: borrowing Rows) {
        for place in places {
            if case .refused(let reason) = acceptance {
                events[place.event].event.steps[place.step].result = .full
                events[place.event].event.steps[place.step].reason = reason.sentence
            }
            for rejection in rows.rejections where rejection.record.followed == place.event {
                events[place.event].event.steps[place.step].result = .refused
                events[place.event].event.steps[place.step].reason = rejection.reason
            }
        }
    }

    /// The batch has met its end on this loop.
    func end() {
        for (watches, event) in events {
            for watch in watches where Self.fits(event, watch.query) { board.show(event, to: watch) }
        }
        events.removeAll(keepingCapacity: true)
        isFollowing = false
    }

    private static func fits(_ event: TapEvent, _ query: TapQuery) -> Bool {
        if !query.stage.isEmpty, !event.steps.contains(where: { $0.stage == query.stage }) { return false }
        if query.text.isEmpty { return true }
        return event.record.contains(query.text)
            || event.steps.contains { $0.records.contains { $0.contains(query.text) } }
    }
}
