internal import Glibc

/// Where events are kept that nobody takes, when the configuration names no `root_dir`: the first folder of these in
/// which this account can write. It is made when there is something to keep, for its owner alone (mode 700).
///
/// 1. `$STATE_DIRECTORY`, which systemd sets for a unit with `StateDirectory=` (systemd.exec(5)),
/// 2. `/var/lib/sluice`,
/// 3. `$XDG_STATE_HOME/sluice`, else `~/.local/state/sluice` (XDG Base Directory Specification),
/// 4. `/tmp/sluice-UID`, unless somebody else has made it.
package enum StateDirectory {
    /// nil: none of them.
    ///
    /// - Parameter canWrite: whether a file can be made in that folder, or the folder itself.
    package static func found(
        environment: (String) -> String? = Self.variable, user: UInt32 = getuid(),
        canWrite: (String) -> Bool = { OpeningChecks.problem(ofFolder: $0) == nil },
        owner: (String) -> UInt32? = Self.owner
    ) -> String? {
        func absolute(_ name: String, _ suffix: String) -> String? {
            // Several folders of one unit are separated by colons.
            guard let first = environment(name)?.split(separator: ":").first, first.hasPrefix("/") else { return nil }
            return first + suffix
        }
        let places = [
            absolute("STATE_DIRECTORY", ""), "/var/lib/sluice", absolute("XDG_STATE_HOME", "/sluice"),
            absolute("HOME", "/.local/state/sluice"),
        ]
        if let place = places.lazy.compactMap({ $0 }).first(where: canWrite) { return place }
        let last = "/tmp/sluice-\(user)"
        return owner(last) ?? user == user && canWrite(last) ? last : nil
    }

    package static func variable(_ name: String) -> String? {
        // The text is copied at once; nothing in the process changes the environment.
        unsafe getenv(name).map { unsafe String(cString: $0) }
    }

    /// Whose a path is, itself and not what a link names; nil when there is nothing.
    package static func owner(of path: String) -> UInt32? {
        var status = stat()
        // The pointer is to a local and does not leave the call.
        return unsafe lstat(path, &status) == 0 ? status.st_uid : nil
    }
}
