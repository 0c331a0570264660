// The pages of the program's own files, its code and its constants, leave memory and come back when they are used: from the
// system's cache, as nobody has written to them. Segments that can be written to stay (those of constants with addresses among
// them, which are private once they are relocated).
#pragma once
#if defined(__linux__) && defined(__GLIBC__)
#include <link.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

// glibc shows both to GNU programs only. The members are those that every version has (dl_iterate_phdr(3)).
struct dl_phdr_info;
extern int dl_iterate_phdr(int (*visit)(struct dl_phdr_info *, size_t, void *), void *argument);
struct sluice_object {
    ElfW(Addr) base;
    const char *name;
    const ElfW(Phdr) *segments;
    ElfW(Half) count;
};

static inline int sluice_release_object(struct dl_phdr_info *info, size_t size, void *page_bytes) {
    (void)size;
    const struct sluice_object *object = (const struct sluice_object *)info;
    // The kernel's own object (vdso) is no file.
    if (strstr(object->name, "vdso")) return 0;
    ElfW(Addr) page = *(ElfW(Addr) *)page_bytes;
    for (int i = 0; i < object->count; i++) {
        const ElfW(Phdr) *segment = &object->segments[i];
        if (segment->p_type != PT_LOAD || segment->p_flags & PF_W) continue;
        ElfW(Addr) start = object->base + segment->p_vaddr;
        ElfW(Addr) end = (start + segment->p_memsz) & ~(page - 1);
        start = (start + page - 1) & ~(page - 1);
        if (start < end) madvise((void *)start, end - start, MADV_DONTNEED);
    }
    return 0;
}

static inline void sluice_release_files(void) {
    ElfW(Addr) page = (ElfW(Addr))sysconf(_SC_PAGESIZE);
    dl_iterate_phdr(sluice_release_object, &page);
}
#else
static inline void sluice_release_files(void) {}
#endif
