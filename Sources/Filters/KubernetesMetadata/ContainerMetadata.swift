internal import Events

/// The fields `docker` and `kubernetes` of a container's events, as JSON.
struct ContainerMetadata {
    /// nil: nothing is known of its container, and the field stays as it is.
    private(set) var docker: [UInt8]?
    private(set) var kubernetes: [UInt8]
    /// The same for events that are older than the namespace that is there now: they are another pod's of its name.
    private(set) var older: (beforeSeconds: Int64, kubernetes: [UInt8])?

    /// - Parameters:
    ///   - pod: nil: it is not there, or not known.
    ///   - isAnswered: whether somebody was asked at all, as without an API nobody is.
    init(
        _ reference: ContainerReference, _ pod: PodObject?, _ namespace: NamespaceObject?,
        _ selection: MetadataSelection, isAnswered: Bool
    ) {
        var members = Members()
        members.set("container_name", reference.container)
        members.set("namespace_name", reference.pod.namespace)
        members.set("pod_name", reference.pod.name)
        var containerID = reference.containerID
        var withoutID: Members?
        if let pod {
            if selection.hasContainers, let container = pod.containers[reference.container] {
                members.set("container_image", container.image)
                members.set("container_image_id", container.imageID)
                containerID = container.id ?? containerID
            }
            members.set(pod, selection)
            members.set(namespace)
        } else if let namespace {
            // The pod has gone, and its namespace is there: the id is all that tells it from others of its name.
            withoutID = members
            withoutID?.set(namespace)
            members.set("pod_id", reference.key)
            members.set(namespace)
        } else if isAnswered, selection.hasNamespaces, let orphans = selection.orphans {
            members.set("orphaned_namespace", reference.pod.namespace)
            members.set("namespace_name", orphans.name)
            members.set("namespace_id", orphans.id)
        }
        kubernetes = members.json()
        if let withoutID, let seconds = namespace?.creationSeconds { older = (seconds, withoutID.json()) }
        if let containerID, !containerID.isEmpty {
            var docker = Members()
            docker.set("container_id", containerID)
            self.docker = docker.json()
        }
    }

    /// Members of a JSON object, in the order in which they were first set.
    private struct Members {
        private var list: [(key: String, json: [UInt8])] = []

        mutating func set(_ key: String, _ text: String?) {
            guard let text else { return }
            var json = ByteBuffer(capacity: text.utf8.count + 16)
            json.appendJSONString(text)
            set(key, json: json.array())
        }

        mutating func set(_ key: String, json: [UInt8]?) {
            guard let json else { return }
            if let index = list.firstIndex(where: { $0.key == key }) {
                list[index].json = json
            } else {
                list.append((key, json))
            }
        }

        mutating func set(_ pod: PodObject, _ selection: MetadataSelection) {
            set("namespace_name", pod.name.namespace)
            set("pod_id", pod.uid)
            set("pod_name", pod.name.name)
            set("pod_ip", pod.address)
            set("host", pod.node)
            set("ownerrefs", json: pod.owners)
            set("labels", json: pod.labels)
            set("annotations", json: pod.annotations)
            set("master_url", selection.masterURL)
        }

        mutating func set(_ namespace: NamespaceObject?) {
            set("namespace_id", namespace?.uid)
            set("namespace_labels", json: namespace?.labels)
            set("namespace_annotations", json: namespace?.annotations)
        }

        func json() -> [UInt8] {
            var json = ByteBuffer()
            json.append(UInt8(ascii: "{"))
            for (index, member) in list.enumerated() {
                if index > 0 { json.append(UInt8(ascii: ",")) }
                json.appendJSONString(member.key)
                json.append(UInt8(ascii: ":"))
                json.append(member.json)
            }
            json.append(UInt8(ascii: "}"))
            return json.array()
        }
    }
}
