import Events
import Filters
import Grok
import Synchronization
import TestSupport
import Testing

/// Pods are found as the test says, at the time that it says.
final class FakePods: PodLookup {
    private struct State {
        var objects: [String: (pod: PodObject?, namespace: NamespaceObject?)] = [:]
        var waits: Set<String> = []
        var givenUp: [String] = []
        var generation = 0
        var users = 0
    }

    private let state = Mutex(State())

    func set(_ pod: String, _ object: PodObject?, _ namespace: NamespaceObject? = nil) {
        state.withLock {
            $0.objects[pod] = (object, namespace)
            $0.waits.remove(pod)
            $0.generation += 1
        }
    }

    func wait(for pod: String) { state.withLock { _ = $0.waits.insert(pod) } }
    var givenUp: [String] { state.withLock { $0.givenUp } }
    var users: Int { state.withLock { $0.users } }

    func find(_ reference: ContainerReference, at milliseconds: Int64) -> PodDirectory.Finding {
        state.withLock { state in
            let name = reference.pod.name
            if let found = state.objects[name] { return .known(found.pod, found.namespace) }
            if state.givenUp.contains(name) { return .unavailable(nil, nil) }
            return state.waits.contains(name) ? .wait : .known(nil, nil)
        }
    }

    func giveUp(_ reference: ContainerReference) { state.withLock { $0.givenUp.append(reference.pod.name) } }
    var generation: Int { state.withLock { $0.generation } }
    func enter() { state.withLock { $0.users += 1 } }
    func leave() { state.withLock { $0.users -= 1 } }
}

@Suite struct KubernetesMetadataFilterTests {
    private let pods = FakePods()
    private let clock = FakeMilliseconds()

    /// Time as a number.
    final class FakeMilliseconds: Sendable {
        private let value = Atomic<Int64>(0)
        var now: Int64 {
            get { value.load(ordering: .relaxed) }
            set { value.store(newValue, ordering: .relaxed) }
        }
    }

    private func selection(_ change: (inout MetadataSelection) -> Void = { _ in }) -> MetadataSelection {
        var selection = MetadataSelection()
        selection.masterURL = "https://api/api"
        change(&selection)
        return selection
    }

    private func filter(
        _ selection: MetadataSelection? = nil, limits: HeldLimits = HeldLimits(), usesJournal: Bool = false
    ) throws -> KubernetesMetadataFilter {
        var names = ContainerNames.Settings(tagPattern: try Regex(ContainerNames.defaultTagPattern))
        if usesJournal { names.journalPattern = try Regex(ContainerNames.defaultJournalPattern) }
        return KubernetesMetadataFilter(
            selection ?? self.selection(), names: ContainerNames(names), lookup: pods, limits: limits,
            clock: { [clock] in clock.now })
    }

    private func know(_ pod: String = "web-0", _ selection: MetadataSelection? = nil) throws {
        let selection = selection ?? self.selection()
        pods.set(
            pod, Samples.podObject(pod, selection), Samples.namespaceObject(selection))
    }

    @discardableResult
    private func pass(
        _ records: [String], through filter: KubernetesMetadataFilter, tag: Events.Tag, receipt: Receipt? = nil,
        isTaken: Bool = true
    ) throws -> [String] {
        let batch = EventBatch()
        for record in records { try batch.add(record) }
        filter.apply(Events.Batch(tag, receipt: receipt), storage: &batch.storage, rows: &batch.rows)
        let lines = batch.lines
        let receipts = filter.takeReceipts()
        if !receipts.isEmpty { Receipt.joining(receipts).settle(.delivered) }
        filter.settle(isTaken: isTaken)
        return lines
    }

    private func due(_ filter: KubernetesMetadataFilter, isLast: Bool = false, isTaken: Bool = true) -> [String] {
        var lines: [String] = []
        let batch = EventBatch()
        let moment = StageMoment(milliseconds: clock.now, time: EventTime(seconds: 99), isLast: isLast)
        while filter.takeDue(at: moment, storage: &batch.storage, rows: &batch.rows) != nil {
            lines += batch.lines
            filter.settle(isTaken: isTaken)
            batch.rows.clear()
            if !isTaken { break }
        }
        return lines
    }

    private static let tag = Events.Tag(Samples.tag())
    private static let whole =
        #"{"log":"x","docker":{"container_id":"\#(Samples.id)"},"kubernetes":{"container_name":"nginx","#
        + #""namespace_name":"shop","pod_name":"web-0","container_image":"nginx:1.27","#
        + #""container_image_id":"docker.io/nginx@sha256:ab","pod_id":"uid-1","pod_ip":"10.1.2.3","host":"node-1","#
        + #""labels":{"app":"web","k8s.io/part-of":"aé\"b"},"master_url":"https://api/api","namespace_id":"ns-1","#
        + #""namespace_labels":{"team":"blue"}}}"#

    private final class Counter {
        var count = 0
    }

    @Test("whoever asks for what is due is told behind each batch that leaves something held, and behind no other")
    func whenHolding() throws {
        let filter = try filter()
        let told = Counter()
        filter.whenHolding { told.count += 1 }
        try know()
        try pass([#"{"log":"x"}"#], through: filter, tag: Self.tag)
        #expect(told.count == 0, "a known pod")
        pods.wait(for: "web-1")
        let other = Events.Tag(Samples.tag("web-1"))
        try pass([#"{"log":"x"}"#], through: filter, tag: other, isTaken: false)
        #expect(told.count == 0 && filter.heldEvents == 0, "not taken")
        try pass([#"{"log":"x"}"#], through: filter, tag: other)
        #expect(told.count == 1 && filter.heldEvents == 1)
        try know("web-1")
        #expect(due(filter).count == 1)
        #expect(told.count == 1 && filter.heldEvents == 0)
    }

    @Test("a known pod's events have its metadata, in the order of the plugin") func shape() throws {
        try know()
        let filter = try filter()
        #expect(try pass([#"{"log":"x"}"#], through: filter, tag: Self.tag) == [Self.whole])
        #expect(try pass([#"{"log":"x"}"#], through: filter, tag: Events.Tag("other")) == [#"{"log":"x"}"#])
        // Fields of these names are replaced where they stand.
        let replaced = try pass([#"{"kubernetes":1,"log":"x","docker":2}"#], through: filter, tag: Self.tag)
        #expect(replaced[0].hasPrefix(#"{"kubernetes":{"container_name":"nginx""#))
        #expect(replaced[0].hasSuffix(#""log":"x","docker":{"container_id":"\#(Samples.id)"}}"#))
    }

    @Test("filters keep their rules") func rules() throws {
        try know()
        try FilterRules.check(FilterRules.shapes) { try filter() }
    }

    @Test(
        "parameters pick what is added",
        arguments: [
            (["labels", "namespace_labels"], \MetadataSelection.hasPodLabels)
        ])
    func picked(_ keys: [String], _ path: WritableKeyPath<MetadataSelection, Bool> & Sendable) throws {
        let selection = selection {
            $0[keyPath: path] = false
            $0.hasNamespaceLabels = false
        }
        try know("web-0", selection)
        let line = try pass([#"{"log":"x"}"#], through: try filter(selection), tag: Self.tag)[0]
        for key in keys { #expect(!line.contains("\"\(key)\""), "\(line)") }
    }

    @Test("annotations, owners, and other characters in keys") func more() throws {
        let selection = selection {
            $0.annotations = [try! Regex("^b"), try! Regex("^[ac]")]
            $0.hasOwners = true
            $0.keys.dot = "_"
            $0.keys.slash = "__"
            $0.masterURL = nil
            $0.hasContainers = false
        }
        try know("web-0", selection)
        let line = try pass([#"{"log":"x"}"#], through: try filter(selection), tag: Self.tag)[0]
        #expect(
            line.hasSuffix(
                #""kubernetes":{"container_name":"nginx","namespace_name":"shop","pod_name":"web-0","pod_id":"uid-1","#
                    + #""pod_ip":"10.1.2.3","host":"node-1","ownerrefs":[{"kind":"StatefulSet","name":"web"}],"#
                    + #""labels":{"app":"web","k8s_io__part-of":"aé\"b"},"annotations":{"b_y":"2","a__x":"1","c":"3"},"#
                    + #""namespace_id":"ns-1","namespace_labels":{"team":"blue"},"namespace_annotations":{"c":"4"}}}"#),
            "\(line)")
    }

    @Test("a pod that is not there is an orphan; with its namespace there it has the container's id for its own")
    func missing() throws {
        let selection = selection()
        let filter = try filter(selection)
        #expect(
            try pass([#"{"log":"x"}"#], through: filter, tag: Self.tag)[0].hasSuffix(
                #""kubernetes":{"container_name":"nginx","namespace_name":".orphaned","pod_name":"web-0","#
                    + #""orphaned_namespace":"shop","namespace_id":"orphaned"}}"#))
        pods.set("web-0", nil, Samples.namespaceObject(created: "2019-12-17T17:55:04Z", selection))
        let batch = EventBatch()
        for offset in [-1, 0] { try batch.add("{}", at: EventTime(seconds: 1_576_605_304 + Int64(offset))) }
        filter.apply(Events.Batch(Self.tag), storage: &batch.storage, rows: &batch.rows)
        let kept = #""pod_name":"web-0","namespace_id":"ns-1","namespace_labels":{"team":"blue"}}}"#
        #expect(batch.lines[0].hasSuffix(kept), "\(batch.lines[0])")
        #expect(batch.lines[1].hasSuffix(kept.replacing(#""web-0","#, with: #""web-0","pod_id":"\#(Samples.id)","#)))
        let without = try self.filter(self.selection { $0.orphans = nil })
        let other = Events.Tag(Samples.tag("web-9"))
        #expect(
            try pass(["{}"], through: without, tag: other)[0].hasSuffix(
                #"{"container_name":"nginx","namespace_name":"shop","pod_name":"web-9"}}"#))
    }

    @Test("records can say themselves whose they are, also in the words of journald") func fromRecords() throws {
        try know()
        let filter = try filter(usesJournal: true)
        let tag = Events.Tag("journal")
        let name = #""CONTAINER_NAME":"k8s_nginx.a49f_web-0_shop_ae3a-1f_799e","CONTAINER_ID_FULL":"\#(Samples.id)""#
        let lines = try pass(
            [
                "{\(name)}", #"{"CONTAINER_NAME":"other"}"#,
                #"{"kubernetes":{"namespace_name":"shop","pod_name":"web-0","container_name":"nginx"},"#
                    + #""docker":{"container_id":"\#(Samples.id)"}}"#,
            ], through: filter, tag: tag)
        #expect(lines[0].contains(#""pod_id":"uid-1""#) && lines[2].contains(#""pod_id":"uid-1""#))
        #expect(lines[1] == #"{"CONTAINER_NAME":"other"}"#)
    }

    // MARK: - Holding

    @Test("the first lines of a new pod wait for it, in their order, and have its metadata") func waiting() throws {
        pods.wait(for: "web-0")
        let filter = try filter()
        #expect(try pass([#"{"log":"1"}"#, #"{"log":"2"}"#], through: filter, tag: Self.tag) == [])
        #expect(try pass([#"{"log":"3"}"#], through: filter, tag: Self.tag) == [])
        #expect(filter.heldEvents == 3 && due(filter) == [])
        try know()
        // The next batch takes them along, in front.
        let lines = try pass([#"{"log":"4"}"#], through: filter, tag: Self.tag)
        #expect(lines.map { $0.prefix(10) + "}" } == ["1", "2", "3", "4"].map { #"{"log":""# + $0 + #""}"# })
        #expect(lines.allSatisfy { $0.contains(#""pod_id":"uid-1""#) })
        #expect(filter.heldEvents == 0)
    }

    @Test("without another batch they leave by the clock") func tick() throws {
        pods.wait(for: "web-0")
        let filter = try filter()
        #expect(try pass([#"{"log":"x"}"#], through: filter, tag: Self.tag) == [])
        try know()
        #expect(due(filter) == [Self.whole])
        #expect(due(filter) == [])
    }

    @Test("a pod that nobody answers for stops no event: they go on after the patience, and later ones do not wait")
    func silence() throws {
        pods.wait(for: "web-0")
        let filter = try filter()
        try pass([#"{"log":"1"}"#], through: filter, tag: Self.tag)
        clock.now = 4999
        #expect(due(filter) == [])
        try pass([#"{"log":"2"}"#], through: filter, tag: Self.tag)
        clock.now = 5000
        let lines = due(filter)
        #expect(lines.count == 2 && lines.allSatisfy { $0.contains(#""orphaned_namespace":"shop""#) })
        #expect(pods.givenUp == ["web-0"])
        #expect(try pass([#"{"log":"3"}"#], through: filter, tag: Self.tag)[0].contains(".orphaned"))
        try know()
        #expect(try pass([#"{"log":"x"}"#], through: filter, tag: Self.tag) == [Self.whole])
    }

    @Test("other tags do not wait, and records behind one that waits do") func order() throws {
        pods.wait(for: "slow")
        try know()
        let filter = try filter()
        let tag = Events.Tag("mixed")
        func record(_ pod: String, _ n: Int) -> String {
            #"{"n":\#(n),"kubernetes":{"namespace_name":"shop","pod_name":"\#(pod)","container_name":"nginx"},"#
                + #""docker":{"container_id":"c"}}"#
        }
        let first = try pass(
            [record("web-0", 1), record("slow", 2), record("web-0", 3), #"{"n":4}"#], through: filter, tag: tag)
        #expect(first.count == 1 && first[0].hasPrefix(#"{"n":1"#))
        #expect(try pass([#"{"log":"x"}"#], through: filter, tag: Self.tag) == [Self.whole])
        #expect(try pass([#"{"n":5}"#], through: filter, tag: tag) == [])
        try know("slow")
        #expect(due(filter).map { String($0.prefix(6)) } == (2...5).map { #"{"n":\#($0)"# })
    }

    @Test("a batch that is taken back leaves everything as it was") func takenBack() throws {
        let limits = HeldLimits()
        pods.wait(for: "web-0")
        let filter = try filter(limits: limits)
        try pass([#"{"log":"1"}"#], through: filter, tag: Self.tag)
        let (bytes, events) = (limits.bytes, limits.streams)
        for _ in 0..<3 {
            #expect(try pass([#"{"log":"2"}"#], through: filter, tag: Self.tag, isTaken: false) == [])
            #expect(limits.bytes == bytes && limits.streams == events && filter.heldEvents == 1)
        }
        try know()
        for _ in 0..<3 {
            #expect(try pass([#"{"log":"2"}"#], through: filter, tag: Self.tag, isTaken: false).count == 2)
            #expect(due(filter, isTaken: false).count == 1)
            #expect(limits.bytes == bytes && limits.streams == events && filter.heldEvents == 1)
        }
        #expect(due(filter).count == 1)
        #expect(limits.bytes == 0 && limits.streams == 0)
    }

    @Test("a receipt is settled when its events are, and not before") func receipts() throws {
        pods.wait(for: "web-0")
        let filter = try filter()
        let settled = Mutex<[String]>([])
        func receipt(_ name: String) -> Receipt {
            Receipt { fate in settled.withLock { $0.append("\(name) \(fate)") } }
        }
        let (first, second) = (receipt("1"), receipt("2"))
        try pass([#"{"log":"1"}"#], through: filter, tag: Self.tag, receipt: first)
        first.settle(.delivered)
        try pass([#"{"log":"2"}"#], through: filter, tag: Self.tag, receipt: second, isTaken: false)
        second.settle(.refused)
        #expect(settled.withLock { $0 } == ["2 refused"])
        try know()
        let batch = EventBatch()
        let moment = StageMoment(milliseconds: 0, time: EventTime(seconds: 0))
        #expect(filter.takeDue(at: moment, storage: &batch.storage, rows: &batch.rows) != nil)
        let joined = Receipt.joining(filter.takeReceipts())
        joined.hold()
        joined.settle(.delivered)
        filter.settle(isTaken: true)
        #expect(settled.withLock { $0.count } == 1)
        joined.settle(.safe)
        #expect(settled.withLock { $0 } == ["2 refused", "1 safe"])
    }

    @Test("events that waited are still known as those of their message") func origins() throws {
        pods.wait(for: "web-0")
        let filter = try filter()
        func batch(_ name: String, _ count: Int) throws -> EventBatch {
            let batch = EventBatch()
            for number in 0..<count { try batch.add(#"{"n":\#(number)}"#, at: EventTime(seconds: Int64(number))) }
            let slice = batch.storage.append(copyOf: Array(name.utf8))
            batch.rows.setMessage(slice, from: 0, position: 7)
            return batch
        }
        let held = try batch("one", 3)
        filter.apply(Events.Batch(Self.tag), storage: &held.storage, rows: &held.rows)
        filter.settle(isTaken: true)
        try know()
        let next = try batch("two", 2)
        filter.apply(Events.Batch(Self.tag), storage: &next.storage, rows: &next.rows)
        let origins = next.rows.records.map { record in
            next.rows.message(of: record).map { "\(next.storage.text($0.name)) \($0.position) \($0.time.seconds)" }
        }
        #expect(origins == ["one 7 0", "one 8 0", "one 9 0", "two 7 0", "two 8 0"])
    }

    @Test("beyond a limit the oldest go on without, and the count stays true", arguments: [true, false])
    func limits(_ isOfEvents: Bool) throws {
        let limits = isOfEvents ? HeldLimits(streams: 100) : HeldLimits(bytes: 100_000)
        let filter = try filter(limits: limits)
        var left: [String] = []
        for number in 0..<400 {
            pods.wait(for: "p-\(number)")
            clock.now += 1
            try pass([#"{"n":\#(number)}"#], through: filter, tag: Events.Tag(Samples.tag("p-\(number)")))
            let batch = EventBatch()
            while filter.isOverLimit, filter.takeDue(at: nil, storage: &batch.storage, rows: &batch.rows) != nil {
                left += batch.lines
                filter.settle(isTaken: true)
                batch.rows.clear()
            }
            #expect(limits.streams <= limits.limitStreams && limits.bytes <= limits.limitBytes)
        }
        #expect(left.first?.hasPrefix(#"{"n":0,"#) == true && left.count + filter.heldEvents == 400 && left.count > 100)
        #expect(due(filter, isLast: true).count == 400 - left.count)
        #expect(limits.bytes == 0 && limits.streams == 0 && filter.heldEvents == 0)
    }

    @Test("a filter that goes gives back what it has counted, and tells the lookup") func givenBack() throws {
        let limits = HeldLimits()
        pods.wait(for: "web-0")
        do {
            let filter = try filter(limits: limits)
            try pass(["{}"], through: filter, tag: Self.tag)
            #expect(limits.streams == 1 && limits.bytes > 0 && pods.users == 1)
        }
        #expect(limits.streams == 0 && limits.bytes == 0 && pods.users == 0)
    }
}
