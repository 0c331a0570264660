import Glibc

/// Processor time of the calling thread, in seconds.
///
/// What a piece of work costs is held against this and not against a clock on the wall: beside hundreds of other tests on
/// few cores a thread that does its work stands still for seconds.
package enum ThreadTime {
    package static var seconds: Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// What `work` takes, all of it in this thread.
    package static func seconds(_ work: () throws -> Void) rethrows -> Double {
        let start = seconds
        try work()
        return seconds - start
    }
}
