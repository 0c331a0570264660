import Events
import Filters
import TestSupport

/// Objects of the API as the server sends them.
enum Samples {
    static let id = String(repeating: "4f", count: 32)

    static func tag(_ pod: String = "web-0", _ namespace: String = "shop", container: String = "nginx", id: String = id)
        -> String
    { "kubernetes.var.log.containers.\(pod)_\(namespace)_\(container)-\(id).log" }

    static func pod(
        _ name: String = "web-0", namespace: String = "shop", uid: String = "uid-1", containerID: String = id,
        labels: String = #"{"app":"web","k8s.io/part-of":"a\u00e9\"b"}"#
    ) -> String {
        #"""
        {"kind":"Pod","apiVersion":"v1","metadata":{"name":"\#(name)","namespace":"\#(namespace)","uid":"\#(uid)",
        "creationTimestamp":"2024-05-06T07:08:09Z","labels":\#(labels),"annotations":{"a/x":"1","b.y":"2","c":"3"},
        "ownerReferences":[{"apiVersion":"apps/v1","kind":"StatefulSet","name":"web","uid":"o"}]},
        "spec":{"nodeName":"node-1","containers":[{"name":"nginx"}]},
        "status":{"podIP":"10.1.2.3","containerStatuses":[{"name":"nginx","image":"nginx:1.27",
        "imageID":"docker.io/nginx@sha256:ab","containerID":"containerd://\#(containerID)"},{"name":"side","image":"s:1",
        "imageID":""}]}}
        """#
    }

    static func namespace(_ name: String = "shop", created: String = "2019-01-01T00:00:00Z") -> String {
        #"""
        {"kind":"Namespace","metadata":{"name":"\#(name)","uid":"ns-1","creationTimestamp":"\#(created)",
        "labels":{"team":"blue"},"annotations":{"c":"4"}}}
        """#
    }

    static func podObject(
        _ name: String = "web-0", uid: String = "uid-1", containerID: String = id,
        _ selection: MetadataSelection = MetadataSelection()
    ) -> PodObject? {
        let body = ByteBuffer(pod(name, uid: uid, containerID: containerID))
        return PodObject(body, selection)
    }

    static func namespaceObject(
        created: String = "2019-01-01T00:00:00Z", _ selection: MetadataSelection = MetadataSelection()
    ) -> NamespaceObject? {
        let body = ByteBuffer(namespace(created: created))
        return NamespaceObject(body, selection)
    }
}
