/// The name of a pod, with its namespace's.
package struct PodName: Sendable, Hashable, CustomStringConvertible {
    package let namespace: String
    package let name: String

    package init(_ name: String, in namespace: String) { (self.name, self.namespace) = (name, namespace) }

    package var description: String { "\(namespace)/\(name)" }

    /// Whether the API server can have such a pod: names are those of RFC 1123 (`[a-z0-9]([-a-z0-9.]*[a-z0-9])?`). Another
    /// one came from a tag that is no container's, and is never asked for.
    package var isValid: Bool { Self.isValid(namespace) && Self.isValid(name) }

    private static func isValid(_ name: String) -> Bool {
        func isAlphanumeric(_ byte: UInt8?) -> Bool {
            guard let byte else { return false }
            return (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte)
        }
        let bytes = name.utf8
        return bytes.count <= 253 && isAlphanumeric(bytes.first) && isAlphanumeric(bytes.last)
            && bytes.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".") }
    }
}

/// Whose log an event is from: what a tag or a record says about its container.
package struct ContainerReference: Sendable, Hashable {
    package let pod: PodName
    package let container: String
    /// Of the container, as the runtime calls it; nil: only the pod is known.
    package let containerID: String?
    /// Of the pod (`uid`), where the tag has it.
    package let podID: String?

    package init(pod: PodName, container: String, containerID: String? = nil, podID: String? = nil) {
        (self.pod, self.container, self.containerID, self.podID) = (pod, container, containerID, podID)
    }

    /// What changes when the pod or its container is another one of the same name.
    package var key: String { podID ?? containerID ?? "" }
}
