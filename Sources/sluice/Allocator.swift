import CAllocator

/// The C library's allocator, told that large blocks belong to the system again once they are free.
///
/// glibc maps large blocks by themselves and unmaps them when they are freed, but after the first free of one it raises
/// the limit to that size and keeps such blocks from then on (mallopt(3), M_MMAP_THRESHOLD). Chunks and other large buffers
/// of our own are `BlockPool`'s; this is for those of C libraries and of Swift's arrays.
enum Allocator {
    /// Blocks from here on are mapped by themselves.
    private static let mapFromBytes: Int32 = 4 << 20
    private static let trimFromBytes: Int32 = 8 << 20

    /// Before there is a second thread.
    static func returnLargeBlocks() { _ = sluice_fix_malloc_thresholds(mapFromBytes, trimFromBytes) }

    /// Gives back to the system what a daemon at rest does not need: memory that is free, and the pages of code and constants,
    /// most of which only the start has used (configuration, patterns, libraries' set-up); what runs on comes back a few pages
    /// at a time. Measured: the 26 MB of an idle daemon are 8 MB.
    static func releaseUnused() {
        sluice_trim_malloc()
        sluice_release_files()
    }

    /// From here on allocations of the Swift runtime and of C libraries are counted, for measurements. While there is one
    /// thread. false: that cannot be done in this program.
    static func countAllocations() -> Bool { sluice_count_allocations() > 0 }

    static func allocationCount() -> Int { sluice_allocation_count() }
}
