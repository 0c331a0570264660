import CommandLine
import Glibc

/// What `sluice run` makes of its own process before anything else: background, identity, umask.
///
/// Called while there is one thread, which `daemon(3)` needs.
enum ProcessSetup {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    static func apply(_ parsed: ParsedCommand) throws(Failure) {
        if let mask = parsed.octal(RunOptions.umask) { umask(mode_t(mask)) }
        if let pidFile = parsed.value(RunOptions.daemon) { try goToBackground(pidFile) }
        // The group first: without root's rights it could no longer be changed.
        if let group = parsed.value(RunOptions.group) { try become(group: group) }
        if let user = parsed.value(RunOptions.user) { try become(user: user) }
    }

    private static func goToBackground(_ pidFile: String) throws(Failure) {
        // The working directory stays: paths in the configuration may be relative to it. Standard streams stay as well
        // while the log goes there; without `-o` a daemon would log into nothing.
        guard daemon(1, 1) == 0 else { throw failure("go to the background") }
        guard let file = unsafe fopen(pidFile, "w") else { throw failure("write the process id to \(pidFile)") }
        let line = "\(getpid())\n"
        unsafe fputs(line, file)
        unsafe fclose(file)
    }

    private static func become(group: String) throws(Failure) {
        let id: gid_t
        if let number = gid_t(group) {
            id = number
        } else if let entry = unsafe getgrnam(group) {
            id = unsafe entry.pointee.gr_gid
        } else {
            throw Failure(description: "there is no group '\(group)'")
        }
        guard setgid(id) == 0 else { throw failure("become group \(group)") }
    }

    private static func become(user: String) throws(Failure) {
        let id: uid_t
        if let number = uid_t(user) {
            id = number
        } else if let entry = unsafe getpwnam(user) {
            id = unsafe entry.pointee.pw_uid
            if getuid() == 0 { _ = unsafe initgroups(user, entry.pointee.pw_gid) }
        } else {
            throw Failure(description: "there is no user '\(user)'")
        }
        guard setuid(id) == 0 else { throw failure("become user \(user)") }
    }

    private static func failure(_ action: String) -> Failure {
        Failure(description: "cannot \(action): \(unsafe String(cString: strerror(errno)))")
    }

    /// `--setup DIR`: a configuration to begin with; an existing one is left alone.
    static func writeSample(into directory: String) -> Int32 {
        let path = "\(directory)/fluent.conf"
        if unsafe access(path, F_OK) == 0 {
            StandardError.write("Error: \(path) exists already; nothing was written\n")
            return ExitStatus.failure
        }
        unsafe mkdir(directory, 0o755)
        guard let file = unsafe fopen(path, "wx") else {
            StandardError.write("Error: cannot write \(path): \(unsafe String(cString: strerror(errno)))\n")
            return ExitStatus.failure
        }
        unsafe fputs(sample, file)
        unsafe fclose(file)
        StandardOutput.write("wrote \(path)\n")
        return ExitStatus.success
    }

    private static let sample = """
        # Listens for Fluentd's forward protocol (Docker's --log-driver=fluentd, fluent-logger, sluice send) …
        <source>
          @type forward
          port 24224
          bind 0.0.0.0
        </source>

        # … and shows what arrives. Filters stand above the <match> that ends an event's way.
        <match **>
          @type stdout
        </match>

        """
}
