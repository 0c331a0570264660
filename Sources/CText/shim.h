// Looking for bytes in text sixteen at a time: with SSE2, which every x86-64 has, with NEON, which every ARMv8 has, and
// elsewhere eight at a time in a plain register. Swift's own SIMD types compile to hundreds of instructions for the same.
//
// Every function may load up to 15 bytes beyond `count`, and those with a target may store as many beyond what they answer:
// both must lie in memory that has that slack.
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__SSE2__)
#include <emmintrin.h>

#define SLUICE_STEP 16
#define SLUICE_HIT_SHIFT 0
typedef __m128i sluice_block;
static inline sluice_block sluice_load(const uint8_t *bytes) { return _mm_loadu_si128((const __m128i *)bytes); }
static inline void sluice_store(uint8_t *target, sluice_block block) { _mm_storeu_si128((__m128i *)target, block); }
// A bit for each quote and backslash.
static inline uint64_t sluice_quote_hits(sluice_block block) {
    return (uint32_t)_mm_movemask_epi8(
        _mm_or_si128(_mm_cmpeq_epi8(block, _mm_set1_epi8('"')), _mm_cmpeq_epi8(block, _mm_set1_epi8('\\'))));
}
// And for each byte that is no printable ASCII: as signed numbers, bytes from 0x80 on are below a blank, too.
static inline uint64_t sluice_special_hits(sluice_block block) {
    return sluice_quote_hits(block) | (uint32_t)_mm_movemask_epi8(_mm_cmplt_epi8(block, _mm_set1_epi8(0x20)));
}
#elif defined(__ARM_NEON) && defined(__aarch64__)
#include <arm_neon.h>

#define SLUICE_STEP 16
#define SLUICE_HIT_SHIFT 2
typedef uint8x16_t sluice_block;
static inline sluice_block sluice_load(const uint8_t *bytes) { return vld1q_u8(bytes); }
static inline void sluice_store(uint8_t *target, sluice_block block) { vst1q_u8(target, block); }
// NEON has no movemask: four bits a byte.
static inline uint64_t sluice_mask(uint8x16_t hits) {
    return vget_lane_u64(vreinterpret_u64_u8(vshrn_n_u16(vreinterpretq_u16_u8(hits), 4)), 0);
}
static inline uint8x16_t sluice_quotes(sluice_block block) {
    return vorrq_u8(vceqq_u8(block, vdupq_n_u8('"')), vceqq_u8(block, vdupq_n_u8('\\')));
}
static inline uint64_t sluice_quote_hits(sluice_block block) { return sluice_mask(sluice_quotes(block)); }
static inline uint64_t sluice_special_hits(sluice_block block) {
    return sluice_mask(
        vorrq_u8(sluice_quotes(block), vcltq_s8(vreinterpretq_s8_u8(block), vdupq_n_s8(0x20))));
}
#else
#define SLUICE_STEP 8
#define SLUICE_HIT_SHIFT 3
typedef uint64_t sluice_block;
// The first byte lowest, so that the lowest hit is the first one: only that one is exact.
static inline sluice_block sluice_load(const uint8_t *bytes) {
    uint64_t word;
    memcpy(&word, bytes, 8);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return word;
}
static inline void sluice_store(uint8_t *target, sluice_block block) {
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    block = __builtin_bswap64(block);
#endif
    memcpy(target, &block, 8);
}
#define SLUICE_ONES 0x0101010101010101u
static inline uint64_t sluice_quote_hits(sluice_block block) {
    uint64_t quotes = block ^ (SLUICE_ONES * '"'), slashes = block ^ (SLUICE_ONES * '\\');
    return ((quotes - SLUICE_ONES) | (slashes - SLUICE_ONES)) & ~block & (SLUICE_ONES * 0x80);
}
static inline uint64_t sluice_special_hits(sluice_block block) {
    uint64_t quotes = block ^ (SLUICE_ONES * '"'), slashes = block ^ (SLUICE_ONES * '\\');
    return (block | (block - SLUICE_ONES * 0x20) | (quotes - SLUICE_ONES) | (slashes - SLUICE_ONES))
        & (SLUICE_ONES * 0x80);
}
#endif

static inline size_t sluice_first_hit(uint64_t hits) { return (size_t)__builtin_ctzll(hits) >> SLUICE_HIT_SHIFT; }

// The offset of the first quote or backslash, or `count`.
static inline size_t sluice_find_quote(const uint8_t *bytes, size_t count) {
    for (size_t done = 0; done < count; done += SLUICE_STEP) {
        uint64_t hits = sluice_quote_hits(sluice_load(bytes + done));
        if (hits) {
            done += sluice_first_hit(hits);
            return done < count ? done : count;
        }
    }
    return count;
}

// Copies printable ASCII without quotes and backslashes; how many bytes that were.
static inline size_t sluice_copy_plain(const uint8_t *bytes, size_t count, uint8_t *target) {
    for (size_t done = 0; done < count; done += SLUICE_STEP) {
        sluice_block block = sluice_load(bytes + done);
        sluice_store(target + done, block);
        uint64_t hits = sluice_special_hits(block);
        if (hits) {
            done += sluice_first_hit(hits);
            return done < count ? done : count;
        }
    }
    return count;
}

// As sluice_copy_plain, and goes on behind quotes, backslashes, line ends and tabs, which it writes as JSON does. Ends before
// a byte that needs more thought, and when less than `SLUICE_ESCAPE_ROOM` bytes of `room` are left.
//
// Answers how many bytes it has read; `written` becomes how many it has written.
#define SLUICE_ESCAPE_ROOM (SLUICE_STEP + 2)
static inline size_t sluice_copy_escaping(
    const uint8_t *bytes, size_t count, uint8_t *target, size_t room, size_t *written) {
    size_t from = 0, to = 0;
    while (from < count && to + SLUICE_ESCAPE_ROOM <= room) {
        sluice_block block = sluice_load(bytes + from);
        sluice_store(target + to, block);
        uint64_t hits = sluice_special_hits(block);
        size_t plain = hits ? sluice_first_hit(hits) : SLUICE_STEP;
        if (plain >= count - from) {
            to += count - from;
            from = count;
            break;
        }
        from += plain;
        to += plain;
        if (!hits) continue;
        uint8_t escape;
        switch (bytes[from]) {
        case '"': escape = '"'; break;
        case '\\': escape = '\\'; break;
        case '\n': escape = 'n'; break;
        case '\r': escape = 'r'; break;
        case '\t': escape = 't'; break;
        default: *written = to; return from;
        }
        target[to] = '\\';
        target[to + 1] = escape;
        to += 2;
        from += 1;
    }
    *written = to;
    return from;
}
