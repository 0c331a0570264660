internal import Buffering
internal import Events
internal import KeptEvents
internal import Logging

/// Where events go that their destination does not want, and a `<secondary>`, where there is one, has not taken: `@ERROR`,
/// or the dead letters. One for each output; called by its workers, which wait for the answer.
final class RefusalOutlet: Sendable {
    private let letters: DeadLetters?
    private let keepsGivenUp: Bool
    private let output: String
    private let reader: any ItemReader
    private let returnPath: ReturnPath
    private let losses: LossCounter
    private let log: Log

    /// - Parameters:
    ///   - letters: nil: there are none, and what they would take is dropped.
    ///   - keepsGivenUp: whether they take what is given up (`disable_chunk_backup` says no).
    init(reader: any ItemReader, letters: DeadLetters?, keepsGivenUp: Bool, context: RunContext, log: Log) {
        self.reader = reader
        self.letters = letters
        self.keepsGivenUp = keepsGivenUp
        output = context.stage.id.description
        returnPath = context.returnPath
        losses = context.losses
        self.log = log
    }

    /// Records that were refused for good: to `@ERROR`, but only once. One line for each kind of refusal, in the words of
    /// its first record, and only when it is known what became of them.
    func rejected(_ chunk: LoadedChunk, _ items: [RejectedItem], attempts: Int) async -> HandedOn {
        var known: [RefusalKind: Int] = [:]
        var kinds: [(kind: RefusalKind, first: RejectedItem, count: Int)] = []
        for item in items {
            let kind = RefusalKind(item)
            if let index = known[kind] {
                kinds[index].count += 1
            } else {
                known[kind] = kinds.count
                kinds.append((kind, item, 1))
            }
        }
        let way = await part(chunk, items, attempts)
        for (kind, first, count) in kinds {
            let tag = chunk.tag(of: first.item)
            log.limited(
                .warn, kind: "\(kind.status) \(kind.type): \(kind.words)",
                subject: kind.subject.isEmpty ? [:] : ["field": kind.subject], count: count,
                "\(count) of \(chunk.body.items.count) records were rejected: \(first.reason)",
                [
                    "status": first.status, "type": first.type, "tag": tag.text,
                    "action": tag.wasRefused ? way.again : way.fresh,
                ])
        }
        return way.end
    }

    /// What became of rejected records: in words, for those that `@ERROR` has not seen and for those that come from there.
    private func part(
        _ chunk: LoadedChunk, _ items: [RejectedItem], _ attempts: Int
    ) async -> (fresh: String, again: String, end: HandedOn) {
        let all = ItemSet(items.lazy.map(\.item).sorted())
        // What was refused on its way through @ERROR already is not sent round again.
        let fresh = ItemSet(all.filter { !chunk.tag(of: $0).wasRefused })
        var rest = all
        var (lost, way) = (0, "")
        if returnPath.leads(to: LabelPlan.errorName), !fresh.isEmpty {
            let outcome = await returnPath.hand(
                RefusedEvents(chunk, fresh, reader, of: output), to: LabelPlan.errorName)
            noteUnreadable(outcome.unreadableCount, chunk)
            lost = outcome.unreadableCount
            rest = all.subtracting(fresh).union(outcome.rest)
            way = "sent to @ERROR"
            if !outcome.rest.isEmpty {
                way +=
                    letters == nil ? ", but for \(outcome.rest.count)" : ", and \(outcome.rest.count) to dead letters"
            }
        }
        guard let letters else {
            losses.noteDropped(rest.count)
            let again = "dropped: <label @ERROR> sent it here"
            return (way.isEmpty ? "dropped; define <label @ERROR> to keep them" : way, again, .done(lost: lost))
        }
        let causes = Dictionary(items.map { ($0.item, $0) }, uniquingKeysWith: { first, _ in first })
        let output = output
        let end = await letters.keep(chunk, rest) { item in
            let cause = causes[item]
            return KeptCause(
                output: output, index: cause?.index ?? "", status: cause?.status ?? 0, type: cause?.type ?? "",
                reason: cause?.reason ?? "", attempts: attempts)
        }
        let kept = "kept in \(letters.folder)"
        return (way.isEmpty ? kept : way, kept, end.adding(lost: lost))
    }

    /// Events that nobody will try to deliver again.
    func gaveUp(_ chunk: LoadedChunk, _ items: ItemSet, _ reason: Refusal, attempts: Int) async -> HandedOn {
        var rest = items
        var unreadable = 0
        // What may be welcome at another time is kept as it is; what never will be is an error of the events.
        if reason.kind == .invalid || reason.kind == .tooLarge, returnPath.leads(to: LabelPlan.errorName) {
            let fresh = ItemSet(items.filter { !chunk.tag(of: $0).wasRefused })
            let outcome = await returnPath.hand(
                RefusedEvents(chunk, fresh, reader, of: output), to: LabelPlan.errorName)
            unreadable = outcome.unreadableCount
            noteUnreadable(unreadable, chunk)
            rest = items.subtracting(fresh).union(outcome.rest)
            let taken = fresh.count - outcome.rest.count
            if taken > 0 {
                log.limited(
                    .error, "gave up events: @ERROR has taken them",
                    ["events": taken, "reason": reason.sentence])
            }
            if rest.isEmpty { return .done(lost: unreadable) }
        }
        guard let letters, keepsGivenUp else {
            losses.noteLost(rest.count)
            let why = keepsGivenUp ? "there are no dead letters" : "disable_chunk_backup is set"
            log.error(
                "gave up events, and \(why): they are lost", ["events": rest.count, "reason": reason.sentence])
            return .done(lost: rest.count + unreadable)
        }
        let cause = KeptCause(
            output: output, type: reason.kind.rawValue, reason: reason.sentence, attempts: attempts)
        let end = await letters.keep(chunk, rest) { _ in cause }
        if end != .stillHeld {
            log.error(
                "gave up events and wrote them to the dead letters",
                ["events": rest.count, "reason": reason.sentence, "folder": letters.folder])
        }
        return end.adding(lost: unreadable)
    }

    private func noteUnreadable(_ count: Int, _ chunk: LoadedChunk) {
        guard count > 0 else { return }
        losses.noteLost(count)
        log.error("cannot read events back from a chunk: they are lost", ["events": count, "chunk": chunk.id])
    }
}

extension HandedOn {
    fileprivate func adding(lost more: Int) -> HandedOn {
        if case .done(let lost) = self { .done(lost: lost + more) } else { self }
    }
}

/// Refusals alike in these are told as one.
private struct RefusalKind: Hashable {
    let status: Int
    let type: String
    /// What does not vary in the reason.
    let words: String
    let subject: String

    init(_ item: RejectedItem) {
        status = item.status
        type = item.type
        words = LogKind.constantPart(of: item.reason)
        subject = item.subject
    }
}

/// `<secondary>`: chunks go on as events into a label of their own.
final class LabelDestination: Destination {
    private let label: String
    private let output: String
    private let reader: any ItemReader
    private let returnPath: ReturnPath

    /// - Parameter output: the name of the one that it is the secondary of.
    init(label: String, of output: String, reader: any ItemReader, returnPath: ReturnPath) {
        self.label = label
        self.output = output
        self.reader = reader
        self.returnPath = returnPath
    }

    func deliver(_ chunk: LoadedChunk, items: ItemSet) async -> DeliveryOutcome {
        let rest = await returnPath.hand(RefusedEvents(chunk, items, reader, of: output), to: label).rest
        if rest.isEmpty { return .delivered }
        let reason = Refusal(.stopping, "the daemon is stopping")
        return rest == items ? .retry(reason: reason, after: nil) : .partial(retry: rest, reason: reason, rejected: [])
    }
}
