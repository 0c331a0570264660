import CAllocator

/// The C library's allocator, told that a chunk's memory belongs to the system again once the chunk is delivered.
///
/// glibc maps large blocks by themselves and unmaps them when they are freed, but after the first free of one it raises
/// the limit to that size and keeps such blocks from then on (mallopt(3), M_MMAP_THRESHOLD): a daemon that was ever
/// behind by some chunks kept their memory. Fixed, the limit stays: on the benchmark a peak of 44 MB instead of 91 to 127,
/// for 0.003 CPU s per 100,000 events.
enum Allocator {
    /// Blocks from here on are mapped by themselves. Half a default chunk, so that only chunks are concerned.
    private static let mapFromBytes: Int32 = 4 << 20
    private static let trimFromBytes: Int32 = 8 << 20

    /// Before there is a second thread.
    static func returnLargeBlocks() { _ = sluice_fix_malloc_thresholds(mapFromBytes, trimFromBytes) }

    /// From here on allocations of the Swift runtime and of C libraries are counted, for measurements. While there is one
    /// thread. false: that cannot be done in this program.
    static func countAllocations() -> Bool { sluice_count_allocations() > 0 }

    static func allocationCount() -> Int { sluice_allocation_count() }
}
