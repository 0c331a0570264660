import Glibc
import Synchronization

/// The process's file descriptors, of which each client takes one.
enum DescriptorLimit {
    /// Raises the soft limit to the hard one. The soft one is low by tradition, for programs that use select(2), which
    /// cannot tell descriptors above 1,023; none does here.
    ///
    /// - Returns: the limit that is in force now, and what it was.
    static func raise() -> (now: Int, before: Int) {
        var limit = rlimit()
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        guard unsafe getrlimit(resource, &limit) == 0 else { return (0, 0) }
        let before = limit.rlim_cur
        limit.rlim_cur = limit.rlim_max
        if unsafe setrlimit(resource, &limit) != 0 { limit.rlim_cur = before }
        return (Int(clamping: limit.rlim_cur), Int(clamping: before))
    }

    /// Lets Swift's runtime open its timers while there are descriptors.
    ///
    /// It opens one for each clock when somebody first waits by that clock, and ends the process when the system has
    /// none left (libdispatch, `src/event/event_epoll.c`): a crowd of clients that came before the first retry did that.
    static func openTimers() {
        let isDone = Atomic(false)
        Task.detached {
            try? await Task.sleep(for: .nanoseconds(1), clock: .continuous)
            try? await Task.sleep(for: .nanoseconds(1), clock: .suspending)
            try? await Task.sleep(nanoseconds: 1)
            isDone.store(true, ordering: .releasing)
        }
        while !isDone.load(ordering: .acquiring) { usleep(200) }
    }
}
