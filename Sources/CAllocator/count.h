// Counts allocations of this process from some moment on, and costs nothing before: the places through which the program
// and its libraries call the C library's allocator (the global offset tables: System V ABI, "Dynamic Linking") are
// overwritten with functions that count. Meant for one Swift file: each that includes this has a count of its own.
#pragma once
#if defined(__linux__) && defined(__GLIBC__) && defined(__LP64__)
#include <elf.h>
#include <link.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

// Local to a function, as Swift does not emit variables of a header.
static inline long *sluice_allocations(void) { static long count; return &count; }
static inline void sluice_add_allocation(void) { __atomic_fetch_add(sluice_allocations(), 1, __ATOMIC_RELAXED); }

// This file's own calls must not be among those that are overwritten.
extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

static void *sluice_malloc(size_t bytes) { sluice_add_allocation(); return __libc_malloc(bytes); }
static void *sluice_calloc(size_t count, size_t bytes) { sluice_add_allocation(); return __libc_calloc(count, bytes); }
static void *sluice_realloc(void *old, size_t bytes) { sluice_add_allocation(); return __libc_realloc(old, bytes); }
static void *sluice_aligned_alloc(size_t alignment, size_t bytes) {
    sluice_add_allocation();
    return __libc_memalign(alignment, bytes);
}
static int sluice_posix_memalign(void **out, size_t alignment, size_t bytes) {
    sluice_add_allocation();
    *out = __libc_memalign(alignment, bytes);
    return *out ? 0 : 12;  // ENOMEM
}

static inline void *sluice_counting(const char *name) {
    if (!strcmp(name, "malloc")) return (void *)sluice_malloc;
    if (!strcmp(name, "calloc")) return (void *)sluice_calloc;
    if (!strcmp(name, "realloc")) return (void *)sluice_realloc;
    if (!strcmp(name, "aligned_alloc")) return (void *)sluice_aligned_alloc;
    if (!strcmp(name, "posix_memalign")) return (void *)sluice_posix_memalign;
    return NULL;
}

// Overwrites the entries of one relocation table; says how many.
static inline int sluice_count_in_table(
    ElfW(Addr) base, const ElfW(Rela) *table, size_t bytes, const ElfW(Sym) *symbols, const char *names
) {
    int changed = 0;
    long page = sysconf(_SC_PAGESIZE);
    for (size_t i = 0; i < bytes / sizeof *table; i++) {
        unsigned type = (unsigned)ELF64_R_TYPE(table[i].r_info);
#if defined(__x86_64__)
        if (type != R_X86_64_JUMP_SLOT && type != R_X86_64_GLOB_DAT) continue;
#elif defined(__aarch64__)
        if (type != R_AARCH64_JUMP_SLOT && type != R_AARCH64_GLOB_DAT) continue;
#else
        (void)type;
        continue;
#endif
        void *function = sluice_counting(names + symbols[ELF64_R_SYM(table[i].r_info)].st_name);
        if (!function) continue;
        void **slot = (void **)(base + table[i].r_offset);
        void *start = (void *)((ElfW(Addr))slot & ~(ElfW(Addr))(page - 1));
        // Read-only after the start where the program was linked with `-z relro`; writable it stays, for this command.
        if (mprotect(start, (size_t)page, PROT_READ | PROT_WRITE)) continue;
        *slot = function;
        changed++;
    }
    return changed;
}

static inline int sluice_count_in_object(const struct link_map *object) {
    // The kernel's own object (vdso) is not relocated, and calls nothing.
    if (!object->l_ld || strstr(object->l_name, "vdso")) return 0;
    const ElfW(Dyn) *entry = object->l_ld;
    const ElfW(Sym) *symbols = NULL;
    const char *names = NULL;
    const ElfW(Rela) *data = NULL, *calls = NULL;
    size_t data_bytes = 0, call_bytes = 0;
    for (; entry->d_tag != DT_NULL; entry++) {
        switch (entry->d_tag) {
        case DT_SYMTAB: symbols = (const ElfW(Sym) *)entry->d_un.d_ptr; break;
        case DT_STRTAB: names = (const char *)entry->d_un.d_ptr; break;
        case DT_RELA: data = (const ElfW(Rela) *)entry->d_un.d_ptr; break;
        case DT_RELASZ: data_bytes = entry->d_un.d_val; break;
        case DT_JMPREL: calls = (const ElfW(Rela) *)entry->d_un.d_ptr; break;
        case DT_PLTRELSZ: call_bytes = entry->d_un.d_val; break;
        default: break;
        }
    }
    if (!symbols || !names) return 0;
    int count = 0;
    if (data) count += sluice_count_in_table(object->l_addr, data, data_bytes, symbols, names);
    if (calls) count += sluice_count_in_table(object->l_addr, calls, call_bytes, symbols, names);
    return count;
}

// From here on allocations are counted; 0 where there is nothing that could be counted (a static program). While there is
// one thread.
static inline int sluice_count_allocations(void) {
    int changed = 0;
    for (const struct link_map *object = _r_debug.r_map; object; object = object->l_next)
        changed += sluice_count_in_object(object);
    return changed;
}
static inline long sluice_allocation_count(void) { return __atomic_load_n(sluice_allocations(), __ATOMIC_RELAXED); }
#else
static inline int sluice_count_allocations(void) { return 0; }
static inline long sluice_allocation_count(void) { return 0; }
#endif
