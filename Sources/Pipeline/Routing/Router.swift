package import Events
package import Logging

/// The events of the root or of one label: finds a tag's filters and its output, and runs them. One for each loop.
///
/// The first `<match>` that fits ends the search; every fitting `<filter>` above it applies, in the order of the file.
/// What a tag's route is gets looked up once (cached by the tag's identity).
package final class Router: Emitter, HoldingStage {
    package enum Rule {
        case filter(TagPattern, any Filter, StageMetrics = StageMetrics())
        case match(TagPattern, any Emitter, StageMetrics = StageMetrics())
    }

    /// By reference, so that taking the cached one costs one count.
    private final class Route {
        let filters: [RouteFilter]
        let output: (emitter: any Emitter, metrics: StageMetrics)?
        let holdsEvents: Bool
        /// See `Batch.raisedRecordsGoOn`.
        let raisedRecordsGoOn: Bool

        init(_ filters: [RouteFilter] = [], output: (emitter: any Emitter, metrics: StageMetrics)? = nil) {
            self.filters = filters
            self.output = output
            holdsEvents = filters.contains { $0.filter.holder != nil }
            raisedRecordsGoOn = !filters.contains { $0.filter.takesWholeStreams }
        }
    }

    private struct RouteFilter {
        let filter: any Filter
        let metrics: StageMetrics
        /// Which rule it is.
        let rule: Int32
    }

    /// Tags whose routes are kept; when there are more the cache begins anew. As many as an input keeps.
    private static let cachedRoutes = 1 << 15

    private let rules: [Rule]
    /// `@ROOT` or the label's name, for messages.
    private let name: String
    private let log: Log
    private var routes = TagTable<Route>()
    /// The same by the numbers of the rules that fit: thousands of tags have few routes.
    private var routesByRules: [[Int32]: Route] = [:]
    private var lastTag = -1
    private var lastRoute = Route()
    /// `<label @ERROR>`; nil when there is none, and in it itself.
    package weak var errorRouter: Router?
    /// Looks at some events while somebody wants to see them; nil: nobody does.
    var watch: RouteWatch?
    /// How often a batch may come back to one label before it counts as going round in circles. Once is legitimate:
    /// `@ERROR` may mend a record and send it back.
    private static let maximumReturns = 8
    private var depth = 0
    private var isAskedForOrder = false
    /// For the next batch along a route whose filters hold events; nil while one is under way.
    private var sparePassage: HeldPassage?

    package init(_ rules: [Rule], name: String, log: Log) {
        self.rules = rules
        self.name = name
        self.log = log
    }

    package var showsOrder: Bool {
        // Labels may lead to each other in a circle.
        guard !isAskedForOrder else { return false }
        isAskedForOrder = true
        defer { isAskedForOrder = false }
        return rules.contains { rule in
            switch rule {
            case .filter(_, let filter, _): filter.showsOrder
            case .match(_, let emitter, _): emitter.showsOrder
            }
        }
    }

    package func emit(_ batch: Batch, storage: inout ByteBuffer, rows: inout Rows) -> Acceptance {
        let tag = batch.tag
        guard depth <= Self.maximumReturns else {
            log.limited(
                .error, kind: "circle", subject: ["tag": tag.text], count: rows.records.count,
                "events go round in circles between labels: dropped", ["label": name, "events": rows.records.count])
            return .accepted
        }
        if tag.id != lastTag {
            lastRoute = route(for: tag)
            lastTag = tag.id
        }
        return pass(batch, along: lastRoute, &storage, &rows)
    }

    /// - Parameter start: the first filter; those before it have been there.
    private func pass(
        _ batch: Batch, along route: Route, from start: Int = 0, _ storage: inout ByteBuffer, _ rows: inout Rows
    ) -> Acceptance {
        depth += 1
        defer { depth -= 1 }
        let isFollowed = watch?.begin(batch, in: name, storage, &rows) ?? false
        defer { if isFollowed { watch?.end() } }
        var batch = batch
        batch.raisedRecordsGoOn = route.raisedRecordsGoOn
        guard route.holdsEvents else { return run(&batch, route, start, &storage, &rows, nil) }
        let passage = sparePassage ?? HeldPassage()
        sparePassage = nil
        defer { sparePassage = passage }
        let acceptance = run(&batch, route, start, &storage, &rows, passage)
        return acceptance.combined(with: passage.end(acceptance) { release($0, at: nil) })
    }

    private func run(
        _ batch: inout Batch, _ route: Route, _ start: Int, _ storage: inout ByteBuffer, _ rows: inout Rows,
        _ passage: HeldPassage?
    ) -> Acceptance {
        var acceptance = Acceptance.accepted
        for index in start..<route.filters.count {
            let (filter, metrics) = (route.filters[index].filter, route.filters[index].metrics)
            let count = rows.records.count
            let present = watch?.present(rows)
            filter.apply(batch, storage: &storage, rows: &rows)
            metrics.passed(in: count, out: rows.records.count, refused: rows.rejections.count)
            if let present, let watch {
                watch.passed(present, metrics.stage, in: name, holdsEvents: filter.holder != nil, storage, rows)
            }
            if let passage, let holder = filter.holder { passage.note(holder, &batch) }
            if !rows.rejections.isEmpty {
                metrics.refused(rows.rejections)
                acceptance = acceptance.combined(with: reroute(batch, &storage, &rows))
            }
            if rows.isEmpty { return acceptance }
        }
        guard let (emitter, metrics) = route.output else {
            log.limited(
                .warn, kind: "no match", subject: ["tag": batch.tag.text], count: rows.records.count,
                "no patterns matched",
                ["label": name])
            return acceptance
        }
        let count = rows.records.count
        let places = watch?.arrived(metrics.stage, in: name, rows)
        let taken = emitter.emit(batch, storage: &storage, rows: &rows)
        let refused = rows.rejections.count
        if let places { watch?.note(taken, at: places, rows) }
        metrics.passed(in: count, out: count - refused, refused: refused)
        if refused > 0 {
            metrics.refused(rows.rejections)
            acceptance = acceptance.combined(with: reroute(batch, &storage, &rows))
        }
        guard case .refused(let reason) = taken else { return acceptance.combined(with: taken) }
        metrics.refusedBatch()
        return acceptance.combined(with: handleRefusal(batch, reason, &storage, &rows))
    }

    private func route(for tag: Tag) -> Route {
        if let known = routes[tag.id] { return known }
        var fitting: [Int32] = []
        for (number, rule) in rules.enumerated() {
            let (pattern, isLast) =
                switch rule {
                case .filter(let pattern, _, _): (pattern, false)
                case .match(let pattern, _, _): (pattern, true)
                }
            guard pattern.matches(tag.bytes) else { continue }
            fitting.append(Int32(number))
            if isLast { break }
        }
        let route = routesByRules[fitting] ?? makeRoute(fitting)
        if routes.count >= Self.cachedRoutes { routes.removeAll() }
        routes.set(tag.id, route)
        return route
    }

    private func makeRoute(_ fitting: [Int32]) -> Route {
        var filters: [RouteFilter] = []
        var output: (emitter: any Emitter, metrics: StageMetrics)?
        for number in fitting {
            switch rules[Int(number)] {
            case .filter(_, let filter, let metrics):
                filters.append(RouteFilter(filter: filter, metrics: metrics, rule: number))
            case .match(_, let emitter, let metrics): output = (emitter, metrics)
            }
        }
        let route = Route(filters, output: output)
        if routesByRules.count >= Self.cachedRoutes { routesByRules.removeAll(keepingCapacity: true) }
        routesByRules[fitting] = route
        return route
    }

    // MARK: - Filters that hold events

    private lazy var holders: [(rule: Int, holder: any EventHolder, metrics: StageMetrics)] =
        rules.enumerated().compactMap { number, rule in
            guard case .filter(_, let filter, let metrics) = rule, let holder = filter.holder else { return nil }
            return (number, holder, metrics)
        }

    package var holdsEvents: Bool { !holders.isEmpty }

    package var heldEvents: Int { holders.reduce(0) { $0 + $1.holder.heldEvents } }

    package func whenHolding(_ action: @escaping () -> Void) {
        for one in holders { one.holder.whenHolding(action) }
    }

    package var tickMilliseconds: Int64 { holders.map(\.holder.tickMilliseconds).filter { $0 > 0 }.min() ?? 0 }

    package func release(at moment: StageMoment?, letters: HeldLetters?) -> Acceptance {
        // What one lets go may be held by one that stands below it.
        holders.reduce(.accepted) { result, one in result.combined(with: release(one.holder, at: moment, letters)) }
    }

    private func release(
        _ holder: any EventHolder, at moment: StageMoment?, _ letters: HeldLetters? = nil
    ) -> Acceptance {
        guard let (rule, _, metrics) = holders.first(where: { $0.holder === holder }) else { return .accepted }
        return holder.release(at: moment) { batch, storage, rows in
            metrics.passed(in: 0, out: rows.records.count, refused: 0)
            // A limit is reached, or the stage is replaced: neither is the events' fault.
            guard let moment, !moment.isLast || letters != nil, !holder.goesOnWhenDue else {
                return goOn(batch, behind: rule, &storage, &rows)
            }
            if let outlet = holder.timeoutOutlet { return outlet.emit(batch, storage: &storage, rows: &rows) }
            if let errorRouter {
                log.limited(
                    .warn, kind: "timeout", subject: ["tag": batch.tag.text], count: rows.records.count,
                    "send an error event to @ERROR",
                    ["error": "nothing has completed it in time", "events": rows.records.count])
                return errorRouter.emit(batch, storage: &storage, rows: &rows)
            }
            guard let letters else { return goOn(batch, behind: rule, &storage, &rows) }
            letters.keep(batch, of: holder.stageName, storage: &storage, rows: &rows)
            return .accepted
        }
    }

    /// The way of a batch from behind one of its filters on.
    private func goOn(
        _ batch: Batch, behind rule: Int, _ storage: inout ByteBuffer, _ rows: inout Rows
    ) -> Acceptance {
        let route = route(for: batch.tag)
        let start = route.filters.firstIndex { $0.rule > Int32(rule) } ?? route.filters.count
        return pass(batch, along: route, from: start, &storage, &rows)
    }

    // MARK: - Errors

    /// Refused records go to `<label @ERROR>` with their own tag and time; without one they are mentioned and dropped.
    /// What the label's output answers holds for the batch: a full buffer behind `@ERROR` holds the client back, too.
    private func reroute(_ batch: Batch, _ storage: inout ByteBuffer, _ rows: inout Rows) -> Acceptance {
        let rejections = rows.rejections
        rows.rejections.removeAll(keepingCapacity: true)
        let target = errorRouter
        report(rejections, batch.tag, isDumped: target == nil)
        guard let target else {
            batch.receipt?.note(.refused)
            return .accepted
        }
        let kept = rows.records
        rows.records = rejections.map(\.record)
        defer { rows.records = kept }
        return target.emit(batch, storage: &storage, rows: &rows)
    }

    /// One line for each kind of rejection of a batch, in the words of its first record.
    private func report(_ rejections: [Rejection], _ tag: Tag, isDumped: Bool) {
        guard log.isEnabled(.warn) else { return }
        var kinds: [String: Int] = [:]
        var told: [(kind: String, first: Rejection, count: Int)] = []
        for rejection in rejections {
            let reason = LogKind.constantPart(of: rejection.reason)
            let kind = "\(rejection.kind): \(reason)" + (rejection.stage.isEmpty ? "" : " filter=\(rejection.stage)")
            if let known = kinds[kind] {
                told[known].count += 1
            } else {
                kinds[kind] = told.count
                told.append((kind, rejection, 1))
            }
        }
        for (kind, first, count) in told {
            let log = first.stage.isEmpty ? log : log.with("filter", first.stage)
            log.limited(
                .warn, kind: kind, subject: ["tag": tag.text], count: count,
                isDumped ? "dump an error event" : "send an error event to @ERROR",
                ["error_class": first.kind, "error": first.reason, "events": count])
        }
    }

    /// A whole batch that an output did not take: `@ERROR` takes it, and then it is taken; else the input must know.
    private func handleRefusal(
        _ batch: Batch, _ reason: Refusal, _ storage: inout ByteBuffer, _ rows: inout Rows
    ) -> Acceptance {
        log.limited(
            .warn, kind: reason.kind.rawValue, subject: ["tag": batch.tag.text], count: rows.records.count,
            "emit transaction failed", ["error": reason.sentence])
        guard let errorRouter else { return .refused(reason) }
        return errorRouter.emit(batch, storage: &storage, rows: &rows)
    }
}
