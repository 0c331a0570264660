internal import Words

/// What a server is to have before documents go there: templates, lifecycle policies, aliases, data streams.
package struct ServerSetup: Sendable, Equatable {
    package var steps: [SetupStep] = []
    /// `application_name`, in the name of what rolls over.
    package var applicationName = "default"
    package var separator = "-"
    /// Of names that begin with this, `${_rollover}` has the application's name behind it; nil: behind the whole name.
    package var rolloverPrefix: String?
    /// `truncate_caches_interval`: what is there is looked for again after so many seconds; nil: never.
    package var againAfterSeconds: Double?
    /// After so many failures documents go without; nil: they wait.
    package var attemptLimit: Int?

    package init() {}

    package var isEmpty: Bool { steps.isEmpty }

    /// Whether each index is set up by itself.
    package var isPerIndex: Bool { steps.contains { $0.holds(["${_index}", "${_rollover}"]) } }

    /// Whether names depend on the tag.
    package var isPerTag: Bool {
        let placeholders = ["${tag}", "${tag["]
        return steps.contains { $0.holds(placeholders) }
            || placeholders.contains { applicationName.holds($0) }
    }

    /// - Parameters: empty where it makes no difference.
    func target(index: String, tag: String) -> SetupTarget {
        var target = SetupTarget(index: index, tag: tag)
        if index.isEmpty { return target }
        let application = target.fill(applicationName) { $0 }.lowercased()
        if let rolloverPrefix, index.hasPrefix(rolloverPrefix) {
            target.rollover = rolloverPrefix + application + separator + index.dropFirst(rolloverPrefix.count)
        } else {
            target.rollover = index + separator + application
        }
        return target
    }

    func steps(for target: SetupTarget) -> [SetupStep] { steps.map { $0.filled(for: target) } }
}
