internal import Glibc

/// What each signal means to a running daemon. No signal that a stranger's script may send ends it without emptying its
/// buffers: whatever would by default is a stop, or is named, or is ignored.
enum SignalPlan {
    enum Meaning { case stop, flush, reload }

    /// Watched by the first loop. SIGQUIT is a stop: a core of a daemon in order is of no use to anybody.
    static let watched: [(signal: Int32, name: String, meaning: Meaning)] = [
        (SIGINT, "SIGINT", .stop), (SIGTERM, "SIGTERM", .stop), (SIGQUIT, "SIGQUIT", .stop),
        (SIGXCPU, "SIGXCPU", .stop), (SIGUSR1, "SIGUSR1", .flush), (SIGUSR2, "SIGUSR2", .reload),
        (SIGHUP, "SIGHUP", .reload),
    ]

    /// Their default action ends the process, and they mean nothing here. SIGXFSZ: a file that may not grow is an error of
    /// its write.
    private static let ignored: [Int32] = [
        SIGPIPE, SIGALRM, SIGVTALRM, SIGPROF, SIGIO, SIGPWR, SIGSTKFLT, SIGXFSZ,
    ]

    /// Takes the watched signals off the mask of the calling thread: a process inherits it, and one that was started by a
    /// thread with blocked signals would never hear of SIGTERM. Once they are watched, as some may be pending.
    static func unblockWatched() {
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        for (signal, _, _) in watched { unsafe sigaddset(&signals, signal) }
        _ = unsafe pthread_sigmask(SIG_UNBLOCK, &signals, nil)
    }

    static func ignoreTheRest() {
        for number in ignored { _ = signal(number, SIG_IGN) }
        // The real-time signals, less those that the C library keeps for itself.
        for number in __libc_current_sigrtmin()...__libc_current_sigrtmax() { _ = signal(number, SIG_IGN) }
    }
}
