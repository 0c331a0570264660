// What the functions of libmaxminddb.so.0 take and answer (libmaxminddb(3)): the library is loaded when it is used, so that
// neither it nor its headers are needed to build. Its header promises that these layouts change with its SONAME alone.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

typedef struct {
    uint32_t flags;
    const char *filename;
    ssize_t file_size;
    const uint8_t *file_content;
    const uint8_t *data_section;
    uint32_t data_section_size;
    const uint8_t *metadata_section;
    uint32_t metadata_section_size;
    uint16_t full_record_byte_size;
    uint16_t depth;
    struct {
        uint16_t netmask;
        uint32_t node_value;
    } ipv4_start_node;
    struct {
        uint32_t node_count;
        uint16_t record_size;
        uint16_t ip_version;
        const char *database_type;
        struct {
            size_t count;
            const char **names;
        } languages;
        uint16_t binary_format_major_version;
        uint16_t binary_format_minor_version;
        uint64_t build_epoch;
        struct {
            size_t count;
            void **descriptions;
        } description;
    } metadata;
} sluice_mmdb;

// Where the data of an address begins.
typedef struct {
    const sluice_mmdb *mmdb;
    uint32_t offset;
} sluice_mmdb_entry;

typedef struct {
    bool found_entry;
    sluice_mmdb_entry entry;
    uint16_t netmask;
} sluice_mmdb_result;

typedef struct {
    bool has_data;
    union {
        uint32_t pointer;
        const char *utf8_string;
        double double_value;
        const uint8_t *bytes;
        uint16_t uint16;
        uint32_t uint32;
        int32_t int32;
        uint64_t uint64;
        // An unsigned __int128 in the library.
        _Alignas(16) uint64_t uint128[2];
        bool boolean;
        float float_value;
    };
    uint32_t offset;
    uint32_t offset_to_next;
    // Of a string or bytes; how many members or items a map or an array has.
    uint32_t data_size;
    uint32_t type;
} sluice_mmdb_data;

// memfd_create(2), which <sys/mman.h> declares for _GNU_SOURCE alone.
extern int memfd_create(const char *name, unsigned int flags);

typedef int (*sluice_mmdb_open)(const char *filename, uint32_t flags, sluice_mmdb *mmdb);
typedef void (*sluice_mmdb_close)(sluice_mmdb *mmdb);
typedef sluice_mmdb_result (*sluice_mmdb_lookup_sockaddr)(
    const sluice_mmdb *mmdb, const struct sockaddr *address, int *error);
typedef int (*sluice_mmdb_aget_value)(
    sluice_mmdb_entry *start, sluice_mmdb_data *data, const char *const *path);
typedef const char *(*sluice_mmdb_strerror)(int code);
