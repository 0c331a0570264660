internal import Glibc

/// What the process uses of the machine, from `/proc/self` (proc(5)) and getrusage(2).
package struct ResourceUsage: Sendable {
    package var cpuSeconds = 0.0
    package var residentBytes = 0
    package var openDescriptors = 0
    package var descriptorLimit = 0

    package init() {}

    package static func now() -> ResourceUsage {
        var usage = ResourceUsage()
        var times = rusage()
        if unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &times) == 0 {
            usage.cpuSeconds = seconds(times.ru_utime) + seconds(times.ru_stime)
        }
        usage.residentBytes = residentPages() * Int(sysconf(Int32(_SC_PAGESIZE)))
        usage.openDescriptors = descriptorCount()
        var limit = rlimit()
        if unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 {
            usage.descriptorLimit = Int(clamping: limit.rlim_cur)
        }
        return usage
    }

    private static func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }

    /// The second number of `/proc/self/statm`.
    private static func residentPages() -> Int {
        let descriptor = unsafe open("/proc/self/statm", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return 0 }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 128)
        let count = unsafe read(descriptor, &bytes, bytes.count)
        guard count > 0 else { return 0 }
        let numbers = String(decoding: bytes[..<count], as: UTF8.self).split(separator: " ")
        return numbers.count > 1 ? Int(numbers[1]) ?? 0 : 0
    }

    /// Without the one that counts.
    private static func descriptorCount() -> Int {
        guard let folder = unsafe opendir("/proc/self/fd") else { return 0 }
        defer { unsafe closedir(folder) }
        var count = 0
        while let entry = unsafe readdir(folder) {
            // `.` and `..` are no descriptors.
            if unsafe entry.pointee.d_name.0 != CChar(UInt8(ascii: ".")) { count += 1 }
        }
        return max(count - 1, 0)
    }
}
