/// What a full buffer says, and how often: once when it is full, once when there is room again; what is thrown away or
/// refused meanwhile is counted and told at most every ten seconds. A buffer that is full many times a minute, as under
/// steady back-pressure, says so once a minute.
package struct OverflowNotices: Sendable {
    package static let silenceSeconds = 60.0
    package static let countedEverySeconds = 10.0

    package enum Line: Sendable, Equatable {
        case full
        /// Events that were thrown away (in so many chunks) since the last such line.
        case dropped(events: Int, chunks: Int)
        /// Events that were refused since the last such line.
        case refused(events: Int)
        case room(seconds: Double)
    }

    private var fullSince: Double?
    private var isTold = false
    private var nextFullLineAt = -Double.infinity
    private var nextCountAt = -Double.infinity
    private var droppedEvents = 0
    private var droppedChunks = 0
    private var refusedEvents = 0

    package init() {}

    package mutating func becameFull(at now: Double) -> [Line] {
        guard fullSince == nil else { return [] }
        fullSince = now
        guard now >= nextFullLineAt else { return [] }
        nextFullLineAt = now + Self.silenceSeconds
        isTold = true
        return [.full]
    }

    package mutating func dropped(events: Int, chunks: Int, at now: Double) -> [Line] {
        droppedEvents += events
        droppedChunks += chunks
        return becameFull(at: now) + counted(at: now)
    }

    package mutating func refused(events: Int, at now: Double) -> [Line] {
        refusedEvents += events
        return becameFull(at: now) + counted(at: now)
    }

    package mutating func hasRoom(at now: Double) -> [Line] {
        guard let since = fullSince else { return [] }
        fullSince = nil
        guard isTold else { return [] }
        isTold = false
        return counted(at: now, always: true) + [.room(seconds: now - since)]
    }

    private mutating func counted(at now: Double, always: Bool = false) -> [Line] {
        guard always || now >= nextCountAt else { return [] }
        var lines: [Line] = []
        if droppedEvents > 0 { lines.append(.dropped(events: droppedEvents, chunks: droppedChunks)) }
        if refusedEvents > 0 { lines.append(.refused(events: refusedEvents)) }
        if !lines.isEmpty { nextCountAt = now + Self.countedEverySeconds }
        (droppedEvents, droppedChunks, refusedEvents) = (0, 0, 0)
        return lines
    }
}
