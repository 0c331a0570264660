package import Events
package import Grok

/// Finds out whose log an event is from: by its tag, which is made of the path of the log file, or by fields of its record.
package final class ContainerNames {
    /// What of it the configuration decides.
    package struct Settings: Sendable {
        /// `tag_to_kubernetes_name_regexp`, with groups `namespace`, `pod_name`, `container_name`, and `docker_id` or
        /// `pod_uuid`.
        package var tagPattern: Regex
        /// `lookup_from_k8s_field`: records with `kubernetes` and `docker` say it themselves.
        package var readsFields = true
        /// `container_name_to_kubernetes_regexp`, with `use_journal`: for `CONTAINER_NAME` of journald; nil: not looked at.
        package var journalPattern: Regex?

        package init(tagPattern: Regex) { self.tagPattern = tagPattern }
    }

    /// The paths below `/var/log/pods` and `/var/log/containers`, with dots for slashes, as the plugin has them.
    package static let defaultTagPattern =
        #"(var\.log\.pods)\.(?<namespace>[^_]+)_(?<pod_name>[a-z0-9]([-a-z0-9]*[a-z0-9])?"#
        + #"(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*)_(?<pod_uuid>[a-z0-9-]*)\.(?<container_name>.+)\..*\.log$"#
        + #"|(var\.log\.containers)\.(?<pod_name>[a-z0-9]([-a-z0-9]*[a-z0-9])?"#
        + #"(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*)_(?<namespace>[^_]+)_(?<container_name>.+)"#
        + #"-(?<docker_id>[a-z0-9]{64})\.log$"#
    /// `k8s_CONTAINER.HASH_POD_NAMESPACE_UID_ATTEMPT`, the name that kubelet gives a container of Docker.
    package static let defaultJournalPattern =
        #"^(?<name_prefix>[^_]+)_(?<container_name>[^\._]+)(\.(?<container_hash>[^_]+))?_(?<pod_name>[^_]+)"#
        + #"_(?<namespace>[^_]+)_[^_]+_[^_]+$"#
    /// Groups that a pattern must have.
    package static let requiredGroups = ["namespace", "pod_name", "container_name"]

    private let settings: Settings
    private let scratch: MatchScratch
    private var known: [Int: ContainerReference?] = [:]
    private var text = ByteBuffer()
    /// Tags whose references are kept; when there are more, the cache begins anew.
    private static let keptTags = 1 << 14

    private static let kubernetes = Array("kubernetes".utf8)
    private static let fields = ["$.kubernetes.namespace_name", "$.kubernetes.pod_name", "$.kubernetes.container_name"]
        .map(accessor)
    private static let containerID = accessor("$.docker.container_id")
    private static let journalName = Array("CONTAINER_NAME".utf8)
    private static let journalID = Array("CONTAINER_ID_FULL".utf8)

    private static func accessor(_ text: String) -> RecordAccessor {
        (try? RecordAccessor(text)) ?? RecordAccessor(key: text)
    }

    /// - Parameter scratch: with the time that one name has; tests give it another clock.
    package init(_ settings: Settings, scratch: MatchScratch = MatchScratch(captures: 16)) {
        self.settings = settings
        self.scratch = scratch
    }

    /// Whether records can say something that their tag does not.
    package var looksAtRecords: Bool { settings.readsFields || settings.journalPattern != nil }

    package func reference(of tag: Tag) -> ContainerReference? {
        if let known = known[tag.id] { return known }
        let found = match(settings.tagPattern, tag.bytes, containerID: nil)
        if known.count >= Self.keptTags { known.removeAll(keepingCapacity: true) }
        known[tag.id] = found
        return found
    }

    package func reference(
        of record: Record, _ storage: borrowing ByteBuffer, _ rows: borrowing Rows
    ) -> ContainerReference? {
        if settings.readsFields, rows.find(Self.kubernetes, in: record, storage) != nil,
            let container = string(at: Self.containerID, record, storage, rows)
        {
            let names = Self.fields.compactMap { string(at: $0, record, storage, rows) }
            if names.count == Self.fields.count {
                return ContainerReference(
                    pod: PodName(names[1], in: names[0]), container: names[2], containerID: container)
            }
        }
        guard let pattern = settings.journalPattern, let name = rows.find(Self.journalName, in: record, storage),
            let id = rows.find(Self.journalID, in: record, storage)
        else { return nil }
        let container = string(rows.fields[id].value, storage)
        text.clear()
        text.appendText(rows.fields[name].value, storage)
        return match(pattern, text.array(), containerID: container)
    }

    private func string(
        at place: RecordAccessor, _ record: Record, _ storage: borrowing ByteBuffer, _ rows: borrowing Rows
    ) -> String? {
        guard let value = rows.value(at: place, in: record, storage), value.isText else { return nil }
        return string(value, storage)
    }

    private func string(_ value: Value, _ storage: borrowing ByteBuffer) -> String {
        text.clear()
        text.appendText(value, storage)
        return text.text(Slice(offset: 0, length: text.count))
    }

    private func match(_ pattern: Regex, _ subject: [UInt8], containerID: String?) -> ContainerReference? {
        guard pattern.match(subject.span, as: SubjectText.classify(subject.span), scratch) == .matched else {
            return nil
        }
        func group(_ name: String) -> String? {
            // Of several groups with one name the last that took part counts, as in Ruby.
            for number in (pattern.groups.first { $0.name == name }?.numbers ?? []).reversed() {
                let (start, end) = (scratch.start(of: number), scratch.end(of: number))
                if start >= 0 { return String(decoding: subject[start..<end], as: UTF8.self) }
            }
            return nil
        }
        guard let namespace = group("namespace"), let pod = group("pod_name"), let container = group("container_name")
        else { return nil }
        return ContainerReference(
            pod: PodName(pod, in: namespace), container: container, containerID: containerID ?? group("docker_id"),
            podID: group("pod_uuid"))
    }
}
