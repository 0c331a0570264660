package import Events
package import Grok

/// What of pods and namespaces goes into events.
package struct MetadataSelection: Sendable {
    /// `skip_labels`, `skip_pod_labels`
    package var hasPodLabels = true
    /// `skip_labels`, `skip_namespace_labels`
    package var hasNamespaceLabels = true
    /// `skip_container_metadata`
    package var hasContainers = true
    /// `skip_namespace_metadata`
    package var hasNamespaces = true
    /// `include_ownerrefs_metadata`
    package var hasOwners = false
    /// `master_url`, unless `skip_master_url`.
    package var masterURL: String?
    /// `annotation_match`: annotations whose names one of them matches.
    package var annotations: [Regex] = []
    /// `de_dot`, `de_slash`
    package var keys = KeyRenaming()
    /// `orphaned_namespace_name` and `orphaned_namespace_id`, unless `allow_orphans` is false.
    package var orphans: (name: String, id: String)? = (".orphaned", "orphaned")

    package init() {}

    /// Which annotations go into events: those of the first expression first.
    func picked(_ names: [String]) -> [Int] {
        let scratch = MatchScratch(captures: 1)
        var indexes: [Int] = []
        for pattern in annotations {
            for (index, name) in names.enumerated() where !indexes.contains(index) {
                let bytes = Array(name.utf8)
                if pattern.match(bytes.span, as: SubjectText.classify(bytes.span), scratch) == .matched {
                    indexes.append(index)
                }
            }
        }
        return indexes
    }
}

/// A pod, as far as events get to know it.
package final class PodObject: Sendable {
    struct Container: Sendable {
        var image: String?
        var imageID: String?
        /// Without the runtime's name before it.
        var id: String?
    }

    package let uid: String
    let name: PodName
    let address: String?
    let node: String?
    let containers: [String: Container]
    /// Of its present containers and of those they replaced.
    let containerIDs: Set<String>
    /// JSON objects; nil: there are none, or none is wanted.
    let labels: [UInt8]?
    let annotations: [UInt8]?
    /// A JSON array.
    let owners: [UInt8]?

    /// nil: the text is no pod.
    package init?(_ body: borrowing ByteBuffer, _ selection: MetadataSelection) {
        guard var object = APIObject(body), let uid = object.text("metadata", "uid"),
            let name = object.text("metadata", "name"), let namespace = object.text("metadata", "namespace")
        else { return nil }
        self.uid = uid
        self.name = PodName(name, in: namespace)
        address = object.text("status", "podIP")
        node = object.text("spec", "nodeName")
        var containers: [String: Container] = [:]
        var ids: Set<String> = []
        for status in object.texts(
            of: "status", "containerStatuses", keys: ["name", "image", "imageID", "containerID"])
        {
            guard let name = status[0] else { continue }
            let id = status[3].map(Self.withoutRuntime)
            containers[name] = Container(image: status[1], imageID: status[2], id: id)
            if let id { ids.insert(id) }
        }
        for list in ["initContainerStatuses", "ephemeralContainerStatuses"] {
            for status in object.texts(of: "status", list, keys: ["containerID"]) {
                if let id = status[0] { ids.insert(Self.withoutRuntime(id)) }
            }
        }
        self.containers = containers
        containerIDs = ids
        labels = selection.hasPodLabels ? object.object("metadata", "labels", renaming: selection.keys) : nil
        annotations =
            selection.annotations.isEmpty
            ? nil
            : object.object("metadata", "annotations", renaming: selection.keys, picked: { selection.picked($0) })
        owners =
            selection.hasOwners
            ? Self.owners(object.texts(of: "metadata", "ownerReferences", keys: ["kind", "name"])) : nil
    }

    private static func owners(_ references: [[String?]]) -> [UInt8] {
        var json = ByteBuffer()
        json.append(UInt8(ascii: "["))
        for (index, reference) in references.enumerated() {
            json.append(index == 0 ? "{\"kind\":" : ",{\"kind\":")
            json.appendJSONString(reference[0] ?? "")
            json.append(",\"name\":")
            json.appendJSONString(reference[1] ?? "")
            json.append("}")
        }
        json.append(UInt8(ascii: "]"))
        return json.array()
    }

    /// `containerd://4f…` → `4f…`
    private static func withoutRuntime(_ id: String) -> String {
        guard let slashes = id.firstRange(of: "://") else { return id }
        return String(id[slashes.upperBound...])
    }

    /// Whether it is said to have, or have had, the container that a reference names. Without the status of a new container
    /// its image is not known yet.
    func has(_ reference: ContainerReference) -> Bool {
        if let podID = reference.podID { return podID == uid && containers[reference.container] != nil }
        return reference.containerID.map { containerIDs.contains($0) } ?? true
    }
}

/// A namespace, as far as events get to know it.
package final class NamespaceObject: Sendable {
    let uid: String
    /// When it was made; nil: it does not say.
    let creationSeconds: Int64?
    let labels: [UInt8]?
    let annotations: [UInt8]?

    /// nil: the text is no namespace.
    package init?(_ body: borrowing ByteBuffer, _ selection: MetadataSelection) {
        guard var object = APIObject(body), let uid = object.text("metadata", "uid") else { return nil }
        self.uid = uid
        creationSeconds = object.seconds("metadata", "creationTimestamp")
        labels = selection.hasNamespaceLabels ? object.object("metadata", "labels", renaming: selection.keys) : nil
        annotations =
            selection.annotations.isEmpty
            ? nil
            : object.object("metadata", "annotations", renaming: selection.keys, picked: { selection.picked($0) })
    }
}
