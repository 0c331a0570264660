/// What `"#{…}"` in a configuration can see of the world; injected, so that a test or a check on another machine
/// sees what it is meant to see.
package struct ConfigEnvironment: Sendable {
    /// Environment variables.
    package var variables: [String: String]
    /// What `hostname` and `Socket.gethostname` give.
    package var hostname: String
    /// What `worker_id` gives.
    package var workerID: Int
    /// What `Dir.pwd` gives.
    package var workingDirectory: String

    package init(
        variables: [String: String] = [:], hostname: String = "localhost", workerID: Int = 0,
        workingDirectory: String = "."
    ) {
        self.workingDirectory = workingDirectory
        self.variables = variables
        self.hostname = hostname
        self.workerID = workerID
    }
}
