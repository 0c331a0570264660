// CRC32C by the processor's own instruction, where it has one: SSE 4.2 on x86-64, the CRC extension on ARMv8.
// Swift has no way to ask for either.
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__x86_64__)
static inline int sluice_crc32c_available(void) { return __builtin_cpu_supports("sse4.2"); }

__attribute__((target("sse4.2")))
static inline uint32_t sluice_crc32c(uint32_t crc, const uint8_t *bytes, size_t count) {
    uint64_t wide = crc;
    for (; count >= 8; count -= 8, bytes += 8) {
        uint64_t word;
        memcpy(&word, bytes, 8);
        wide = __builtin_ia32_crc32di(wide, word);
    }
    crc = (uint32_t)wide;
    for (; count > 0; count--, bytes++) { crc = __builtin_ia32_crc32qi(crc, *bytes); }
    return crc;
}
#elif defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>
#include <asm/hwcap.h>
static inline int sluice_crc32c_available(void) { return (getauxval(AT_HWCAP) & HWCAP_CRC32) != 0; }

__attribute__((target("crc")))
static inline uint32_t sluice_crc32c(uint32_t crc, const uint8_t *bytes, size_t count) {
    for (; count >= 8; count -= 8, bytes += 8) {
        uint64_t word;
        memcpy(&word, bytes, 8);
        crc = __builtin_arm_crc32cd(crc, word);
    }
    for (; count > 0; count--, bytes++) { crc = __builtin_arm_crc32cb(crc, *bytes); }
    return crc;
}
#else
static inline int sluice_crc32c_available(void) { return 0; }
static inline uint32_t sluice_crc32c(uint32_t crc, const uint8_t *bytes, size_t count) {
    (void)bytes;
    (void)count;
    return crc;
}
#endif
