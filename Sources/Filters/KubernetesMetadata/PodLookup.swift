/// Where the filter looks for pods: the API server in the daemon, a stand-in in tests. Called from all loops.
package protocol PodLookup: AnyObject, Sendable {
    func find(_ reference: ContainerReference, at milliseconds: Int64) -> PodDirectory.Finding

    /// Events of the container have waited as long as they may.
    func giveUp(_ reference: ContainerReference)

    /// Another number when something that was found may be another one now.
    var generation: Int { get }

    /// One more filter looks here, and one less. The last one ends all requests.
    func enter()
    func leave()
}
