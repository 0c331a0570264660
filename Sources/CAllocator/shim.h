// glibc's <malloc.h>, which Swift's Glibc module leaves out; other C libraries have no mallopt.
#pragma once
#include <stdlib.h>
#if defined(__GLIBC__)
#include <malloc.h>
static inline int sluice_fix_malloc_thresholds(int map_from_bytes, int trim_from_bytes) {
    return mallopt(M_MMAP_THRESHOLD, map_from_bytes) && mallopt(M_TRIM_THRESHOLD, trim_from_bytes);
}
#else
static inline int sluice_fix_malloc_thresholds(int map_from_bytes, int trim_from_bytes) {
    (void)map_from_bytes;
    (void)trim_from_bytes;
    return 1;
}
#endif
