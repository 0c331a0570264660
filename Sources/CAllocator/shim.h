// glibc's <malloc.h>, which Swift's Glibc module leaves out; other C libraries have no mallopt.
#pragma once
#include <stdlib.h>
#if defined(__GLIBC__)
#include <malloc.h>
static inline int sluice_fix_malloc_thresholds(int map_from_bytes, int trim_from_bytes) {
    return mallopt(M_MMAP_THRESHOLD, map_from_bytes) && mallopt(M_TRIM_THRESHOLD, trim_from_bytes);
}
// Gives back what is free, not only what is free at the end.
static inline void sluice_trim_malloc(void) { malloc_trim(0); }
#else
static inline void sluice_trim_malloc(void) {}
static inline int sluice_fix_malloc_thresholds(int map_from_bytes, int trim_from_bytes) {
    (void)map_from_bytes;
    (void)trim_from_bytes;
    return 1;
}
#endif
