internal import Events
internal import Monitor
internal import Synchronization
internal import Time

/// Who wants to see events as they pass, and what was shown to them. Safe from any thread: the monitor's asks, the loops
/// show.
///
/// A watch costs the loops a bounded share, whatever passes: at most `examinedPerSecond` events are looked at.
final class TapBoard: Sendable {
    /// One question, for all who ask it.
    final class Watch: Sendable {
        let query: TapQuery
        let pattern: TagPattern
        fileprivate let state: Mutex<WatchState>

        fileprivate init(_ query: TapQuery, _ pattern: TagPattern, now: Int64) {
            (self.query, self.pattern) = (query, pattern)
            state = Mutex(WatchState(perSecond: query.perSecond, now: now))
        }
    }

    private let watches = Mutex<[TapQuery: Watch]>([:])
    /// Tells the loops of the watches there are now.
    private let tell = Mutex<(@Sendable ([Watch]) -> Void)?>(nil)

    /// Questions at one time.
    static let watchLimit = 16
    /// A watch whose question is not repeated for so long ends.
    static let leaseMilliseconds: Int64 = 5000

    func onChange(_ tell: (@Sendable ([Watch]) -> Void)?) { self.tell.withLock { $0 = tell } }

    func answer(_ query: TapQuery, since: Int?) throws(TapRefusal) -> TapAnswer {
        let now = Clock.monotonicMilliseconds()
        let pattern: TagPattern
        do { pattern = try TagPattern(query.tag) } catch { throw TapRefusal("tag: \(error.message)") }
        let (watch, changed): (Watch?, [Watch]?) = watches.withLock { watches in
            let before = watches.count
            watches = watches.filter { $0.value.state.withLock { $0.endsAt > now } }
            let known = watches[query]
            if known == nil, watches.count < Self.watchLimit { watches[query] = Watch(query, pattern, now: now) }
            let isSame = known != nil && watches.count == before
            return (watches[query], isSame ? nil : Array(watches.values))
        }
        if let changed { tell.withLock { $0 }?(changed) }
        guard let watch else {
            throw TapRefusal("\(Self.watchLimit) others are watching: one of them must end first")
        }
        return watch.state.withLock { $0.answer(since: since, now: now) }
    }

    /// How many events of a batch may be looked at for a watch; the others count as missed.
    func grant(_ count: Int, atMost most: Int, of watch: Watch) -> Int {
        let now = Clock.monotonicMilliseconds()
        let (granted, isOver) = watch.state.withLock { ($0.grant(count, atMost: most, now: now), $0.endsAt <= now) }
        if isOver { endWatches(now) }
        return granted
    }

    func show(_ event: TapEvent, to watch: Watch) { watch.state.withLock { $0.add(event) } }

    /// Nobody asks any more.
    private func endWatches(_ now: Int64) {
        let left = watches.withLock { watches in
            watches = watches.filter { $0.value.state.withLock { $0.endsAt > now } }
            return Array(watches.values)
        }
        tell.withLock { $0 }?(left)
    }
}

/// What a watch has seen and may still see: a value, tested without a daemon.
struct WatchState {
    private(set) var endsAt: Int64
    private var events: [(number: Int, event: TapEvent, bytes: Int)] = []
    private var next = 0
    private var missed = 0
    private var keptBytes = 0
    private var shown: TokenBucket
    private var examined: TokenBucket

    /// Events and bytes that wait for the next question, at most; the oldest go first.
    static let keptEvents = 1000
    static let keptBytesLimit = 2 << 20
    /// Events that are looked at, so that a text is found in a tag with many events.
    static let examinedPerSecond = 500

    init(perSecond: Int, now: Int64) {
        endsAt = now + TapBoard.leaseMilliseconds
        shown = TokenBucket(perSecond: perSecond, now: now)
        examined = TokenBucket(perSecond: Self.examinedPerSecond, now: now)
    }

    mutating func answer(since: Int?, now: Int64) -> TapAnswer {
        endsAt = now + TapBoard.leaseMilliseconds
        let from = since.map { max($0, 0) } ?? next
        return TapAnswer(next: next, missed: missed, events: events.filter { $0.number >= from }.map { ($0.0, $0.1) })
    }

    /// - Returns: how many of `count` events may be looked at; the others are missed.
    mutating func grant(_ count: Int, atMost most: Int = .max, now: Int64) -> Int {
        guard endsAt > now else { return 0 }
        shown.refill(now)
        let granted = shown.tokens < 1 ? 0 : examined.take(upTo: min(count, most), now)
        missed += count - granted
        return granted
    }

    mutating func add(_ event: TapEvent) {
        guard shown.tokens >= 1 else {
            missed += 1
            return
        }
        shown.tokens -= 1
        let bytes = event.record.utf8.count + event.steps.reduce(0) { $0 + $1.records.reduce(0) { $0 + $1.utf8.count } }
        events.append((next, event, bytes))
        next += 1
        keptBytes += bytes
        while events.count > Self.keptEvents || keptBytes > Self.keptBytesLimit, events.count > 1 {
            keptBytes -= events.removeFirst().bytes
        }
    }
}

/// So many a second, and as many at once.
struct TokenBucket {
    private let perSecond: Double
    private var filledAt: Int64
    var tokens: Double

    init(perSecond: Int, now: Int64) {
        self.perSecond = Double(perSecond)
        (filledAt, tokens) = (now, Double(perSecond))
    }

    mutating func refill(_ now: Int64) {
        tokens = min(tokens + Double(max(now - filledAt, 0)) / 1000 * perSecond, perSecond)
        filledAt = max(now, filledAt)
    }

    mutating func take(upTo count: Int, _ now: Int64) -> Int {
        refill(now)
        let taken = min(count, Int(tokens))
        tokens -= Double(taken)
        return taken
    }
}
