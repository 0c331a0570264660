// Counts a program's allocations from outside: LD_PRELOAD of this library, and the count is the first 8 bytes of the
// file that ALLOCATIONS_FILE names. Works on a program that links glibc dynamically, as `--static-swift-stdlib` does.
//
// cc -O2 -shared -fPIC allocations.c -o allocations.so
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

// glibc's own, under names that nothing replaces.
extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

static _Atomic unsigned long before_start;
static _Atomic unsigned long *count = &before_start;

__attribute__((constructor)) static void open_file(void) {
    const char *path = getenv("ALLOCATIONS_FILE");
    int file = path ? open(path, O_RDWR | O_CREAT, 0600) : -1;
    if (file < 0 || ftruncate(file, sizeof *count)) return;
    void *shared = mmap(NULL, sizeof *count, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (shared != MAP_FAILED) count = shared;
    close(file);
}

static void add(void) { atomic_fetch_add_explicit(count, 1, memory_order_relaxed); }

void *malloc(size_t bytes) { add(); return __libc_malloc(bytes); }
void *calloc(size_t items, size_t bytes) { add(); return __libc_calloc(items, bytes); }
void *realloc(void *old, size_t bytes) { add(); return __libc_realloc(old, bytes); }
void *memalign(size_t alignment, size_t bytes) { add(); return __libc_memalign(alignment, bytes); }
void *aligned_alloc(size_t alignment, size_t bytes) { add(); return __libc_memalign(alignment, bytes); }

int posix_memalign(void **out, size_t alignment, size_t bytes) {
    add();
    *out = __libc_memalign(alignment, bytes);
    return *out ? 0 : 12;  // ENOMEM
}
