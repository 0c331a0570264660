// A byte buffer that grows, and the few MessagePack values that the benchmark writes into it.
// https://github.com/msgpack/msgpack/blob/master/spec.md
#ifndef MESSAGEPACK_H
#define MESSAGEPACK_H
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    uint8_t *bytes;
    size_t count, capacity;
} Buffer;

static inline void append(Buffer *buffer, const void *bytes, size_t count) {
    if (buffer->count + count > buffer->capacity) {
        buffer->capacity = (buffer->count + count) * 2;
        buffer->bytes = realloc(buffer->bytes, buffer->capacity);
        if (!buffer->bytes) { perror("memory"); exit(1); }
    }
    memcpy(buffer->bytes + buffer->count, bytes, count);
    buffer->count += count;
}

// An unsigned integer of 1, 2 or 4 bytes, big end first.
static inline void append_integer(Buffer *buffer, uint32_t value, int bytes) {
    for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) append(buffer, &(uint8_t){value >> shift}, 1);
}

static inline void append_array(Buffer *buffer, uint32_t count) {
    if (count < 16) {
        append_integer(buffer, 0x90 | count, 1);
    } else {
        append_integer(buffer, 0xdd, 1);
        append_integer(buffer, count, 4);
    }
}

// At most 15 pairs.
static inline void append_map(Buffer *buffer, uint32_t pairs) { append_integer(buffer, 0x80 | pairs, 1); }

// At most 65,535 bytes.
static inline void append_string(Buffer *buffer, const char *text) {
    size_t count = strlen(text);
    if (count < 32) {
        append_integer(buffer, 0xa0 | (uint32_t)count, 1);
    } else if (count < 256) {
        append_integer(buffer, 0xd9, 1);
        append_integer(buffer, (uint32_t)count, 1);
    } else {
        append_integer(buffer, 0xda, 1);
        append_integer(buffer, (uint32_t)count, 2);
    }
    append(buffer, text, count);
}

static inline void append_binary(Buffer *buffer, const void *bytes, size_t count) {
    append_integer(buffer, 0xc6, 1);
    append_integer(buffer, (uint32_t)count, 4);
    append(buffer, bytes, count);
}

// Fluentd's EventTime: extension type 0, eight bytes.
static inline void append_event_time(Buffer *buffer, uint32_t seconds, uint32_t nanoseconds) {
    append_integer(buffer, 0xd7, 1);
    append_integer(buffer, 0, 1);
    append_integer(buffer, seconds, 4);
    append_integer(buffer, nanoseconds, 4);
}
#endif
