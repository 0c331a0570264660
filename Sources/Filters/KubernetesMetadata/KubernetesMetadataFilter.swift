package import Events
package import Logging
internal import Time

/// `@type kubernetes_metadata`: adds what the API server of Kubernetes says about an event's pod, as the plugin
/// fluent-plugin-kubernetes_metadata_filter does.
///
/// No loop waits for the server: events of a pod that is not known yet are held until it is, for a limited time and within
/// limits, and those behind them in the same tag with them. Then they go on with what is known.
package final class KubernetesMetadataFilter: Filter, EventHolder {

    private let selection: MetadataSelection
    private let names: ContainerNames
    private let lookup: (any PodLookup)?
    private let held: HeldBatches<ContainerReference?>
    private let log: Log
    private let patienceMilliseconds: Int64
    private let clock: @Sendable () -> Int64
    /// What the metadata of containers looked like a moment ago.
    private var known: [ContainerReference: Known] = [:]
    private var output: [Record] = []
    private var due: [Tag] = []
    package let stageName: String

    private struct Known {
        var metadata: ContainerMetadata
        var generation: Int
        var until: Int64
    }

    /// More begin anew.
    private static let keptContainers = 1 << 12
    /// How long nobody is asked whether it is still so, nor told that it is used.
    private static let knownMilliseconds: Int64 = 1000
    /// Of what a round puts into one batch.
    private static let eventsPerBatch = 1000

    private static let docker = Array("docker".utf8)
    private static let kubernetes = Array("kubernetes".utf8)

    /// - Parameters:
    ///   - lookup: nil: nobody is asked, and only names are added.
    ///   - limits: those of the section, for all loops.
    package init(
        _ selection: MetadataSelection, names: ContainerNames, lookup: (any PodLookup)?, limits: HeldLimits,
        patienceMilliseconds: Int64 = 5000, log: Log = .discarding,
        clock: @escaping @Sendable () -> Int64 = Clock.monotonicMilliseconds
    ) {
        self.selection = selection
        self.names = names
        self.lookup = lookup
        self.patienceMilliseconds = patienceMilliseconds
        self.log = log
        self.clock = clock
        stageName = log.stageName
        held = HeldBatches(limits: limits)
        lookup?.enter()
    }

    deinit { lookup?.leave() }

    package var holder: (any EventHolder)? { lookup == nil ? nil : self }

    // MARK: - A batch

    package func apply(_ batch: Batch, storage: inout ByteBuffer, rows: inout Rows) {
        if lookup != nil { held.beginBatch(batch.receipt) }
        let reference = names.reference(of: batch.tag)
        if reference == nil, !names.looksAtRecords { return }
        var records: [Record] = []
        swap(&records, &rows.records)
        var kept: [Record] = []
        swap(&kept, &output)
        kept.removeAll(keepingCapacity: true)
        let now = clock()
        // What waits of this tag goes first.
        if held.first(of: batch.tag) != nil {
            releaseReady(batch.tag, at: now, &storage, &rows)
            swap(&kept, &rows.records)
        }
        var start = 0
        while start < records.count {
            let own = self.reference(of: records[start], reference, storage, rows)
            var end = start + 1
            while end < records.count,
                !names.looksAtRecords || self.reference(of: records[end], reference, storage, rows) == own
            {
                end += 1
            }
            take(records[start..<end], own, batch.tag, at: now, &storage, &rows, &kept)
            start = end
        }
        swap(&rows.records, &kept)
        swap(&kept, &output)
    }

    private func reference(
        of record: Record, _ tagReference: ContainerReference?, _ storage: borrowing ByteBuffer, _ rows: borrowing Rows
    ) -> ContainerReference? {
        names.looksAtRecords ? names.reference(of: record, storage, rows) ?? tagReference : tagReference
    }

    /// Records of one container.
    private func take(
        _ records: ArraySlice<Record>, _ reference: ContainerReference?, _ tag: Tag, at now: Int64,
        _ storage: inout ByteBuffer, _ rows: inout Rows, _ kept: inout [Record]
    ) {
        guard held.first(of: tag) == nil else {
            return held.hold(records, of: tag, for: reference, since: now, storage, rows)
        }
        guard let reference else {
            kept += records
            return
        }
        guard let metadata = metadata(of: reference, count: records.count, at: now) else {
            return held.hold(records, of: tag, for: reference, since: now, storage, rows)
        }
        add(metadata, to: records, &storage, &rows, &kept)
    }

    // MARK: - Metadata

    /// - Parameters:
    ///   - count: how many events ask.
    ///   - isLast: they do not wait any longer.
    /// - Returns: nil: it is worth waiting.
    private func metadata(
        of reference: ContainerReference, count: Int, at now: Int64, isLast: Bool = false
    ) -> ContainerMetadata? {
        guard let lookup else {
            return ContainerMetadata(reference, nil, nil, selection, isAnswered: false)
        }
        let generation = lookup.generation
        if let known = known[reference], known.generation == generation, now < known.until { return known.metadata }
        var finding = lookup.find(reference, at: now)
        if case .wait = finding {
            guard isLast else { return nil }
            lookup.giveUp(reference)
            finding = lookup.find(reference, at: now)
        }
        let found: (pod: PodObject?, namespace: NamespaceObject?)
        switch finding {
        case .known(let pod, let namespace):
            let metadata = ContainerMetadata(reference, pod, namespace, selection, isAnswered: true)
            if known.count >= Self.keptContainers { known.removeAll(keepingCapacity: true) }
            known[reference] = Known(
                metadata: metadata, generation: generation, until: now + Self.knownMilliseconds)
            return metadata
        case .unavailable(let pod, let namespace): found = (pod, namespace)
        case .wait: found = (nil, nil)
        }
        log.limited(
            .warn, kind: "no metadata", subject: ["pod": reference.pod], count: count,
            "the metadata of a pod is not to be had: its events go on without", ["events": count])
        return ContainerMetadata(reference, found.pod, found.namespace, selection, isAnswered: true)
    }

    private func add(
        _ metadata: ContainerMetadata, to records: ArraySlice<Record>, _ storage: inout ByteBuffer, _ rows: inout Rows,
        _ kept: inout [Record]
    ) {
        let docker = metadata.docker.map { json in
            Field(key: storage.append(copyOf: Self.docker), value: Value(.json, storage.append(copyOf: json)))
        }
        let kubernetes = Field(
            key: storage.append(copyOf: Self.kubernetes),
            value: Value(.json, storage.append(copyOf: metadata.kubernetes))
        )
        let older = metadata.older.map { older in
            (older.beforeSeconds, Value(.json, storage.append(copyOf: older.kubernetes)))
        }
        for record in records {
            var own = kubernetes
            if let older, record.time.seconds < older.0 { own.value = older.1 }
            kept.append(merged(record, docker, own, storage, &rows))
        }
    }

    /// The record with both fields: where it has them in their place, else at its end.
    private func merged(
        _ record: Record, _ docker: Field?, _ kubernetes: Field, _ storage: borrowing ByteBuffer, _ rows: inout Rows
    ) -> Record {
        let first = rows.fields.count
        var (docker, hasKubernetes) = (docker, false)
        for index in record.fieldRange {
            var field = rows.fields[index]
            if let new = docker, storage.equals(field.key, Self.docker) {
                field.value = new.value
                docker = nil
            } else if storage.equals(field.key, Self.kubernetes) {
                field.value = kubernetes.value
                hasKubernetes = true
            }
            rows.fields.append(field)
        }
        if let docker { rows.fields.append(docker) }
        if !hasKubernetes { rows.fields.append(kubernetes) }
        return Record(
            time: record.time, firstField: first, fieldCount: rows.fields.count - first, origin: record.origin)
    }

    // MARK: - Holding

    /// Puts what need not wait any longer of a tag at the end of a batch.
    ///
    /// - Parameter all: nothing waits any longer.
    private func releaseReady(
        _ tag: Tag, at now: Int64, all: Bool = false, _ storage: inout ByteBuffer, _ rows: inout Rows
    ) {
        while let batch = held.first(of: tag), rows.records.count < Self.eventsPerBatch || !all {
            var metadata: ContainerMetadata?
            if let reference = batch.subject {
                let isLate = all || now - batch.sinceMilliseconds >= patienceMilliseconds
                metadata = self.metadata(of: reference, count: batch.count, at: now, isLast: isLate)
                guard metadata != nil else { return }
            }
            let first = rows.records.count
            held.release(firstOf: tag, to: &storage, &rows)
            guard let metadata else { continue }
            var whole: [Record] = []
            add(metadata, to: rows.records[first...], &storage, &rows, &whole)
            rows.records.replaceSubrange(first..., with: whole)
        }
    }

    private func isReady(_ batch: HeldBatch<ContainerReference?>, at now: Int64) -> Bool {
        guard let reference = batch.subject, now - batch.sinceMilliseconds < patienceMilliseconds else { return true }
        if let known = known[reference], known.generation == lookup?.generation, now < known.until { return true }
        if case .wait? = lookup?.find(reference, at: now) { return false }
        return true
    }

    package func takeDue(at moment: StageMoment?, storage: inout ByteBuffer, rows: inout Rows) -> Tag? {
        let now = moment?.milliseconds ?? clock()
        if due.isEmpty {
            if let moment {
                due = held.firsts.filter { moment.isLast || isReady($0, at: now) }.map(\.tag)
            } else if held.isOverLimit, let oldest = held.oldestTag {
                tellFull()
                due = [oldest]
            }
        }
        guard let tag = due.last else { return nil }
        held.beginBatch(nil)
        releaseReady(tag, at: now, all: moment?.isLast ?? true, &storage, &rows)
        if held.first(of: tag) == nil || moment?.isLast == false { due.removeLast() }
        return tag
    }

    private func tellFull() {
        log.limited(
            .warn, kind: "limit",
            "too many events wait for their pods' metadata: the oldest go on without; raise buffer_limit_size and "
                + "held_event_limit, or lower metadata_timeout", ["held_events": held.heldEvents])
    }

    package func takeReceipts() -> [Receipt] { held.takeReceipts() }

    package func settle(isTaken: Bool) {
        held.settle(isTaken: isTaken)
        if !isTaken { due.removeAll() }
    }

    package var isOverLimit: Bool { held.isOverLimit }
    package var heldEvents: Int { held.heldEvents }
    package func whenHolding(_ action: @escaping () -> Void) { held.whenHolding = action }
    /// Soon enough for somebody who watches.
    package var tickMilliseconds: Int64 { lookup == nil ? 0 : 100 }
    package var timeoutOutlet: (any Emitter)? { nil }
    package var goesOnWhenDue: Bool { true }
}
