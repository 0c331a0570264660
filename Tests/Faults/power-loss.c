// What a disk would hold if the power went, for a program that believes it writes to one: preloaded (LD_PRELOAD), below one
// folder. lost-at-power-failure.py builds it and reads what it notes:
//
//   $POWER_LOSS_NOTES/held/INODE   a second name of each file that was made, so that its number is not given to another
//   $POWER_LOSS_NOTES/synced/INODE what of it is on the disk: all that was written when its last fdatasync began
//   $POWER_LOSS_NOTES/names        which names are on the disk, as the last fsync of the folder found them: "INODE NAME" lines
//
// Everything else, data and names, is perhaps there and perhaps not: the script draws that. Nothing is really synced; the
// disk takes its time instead ($POWER_LOSS_SYNC_MICROS).
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *folder(void) { return getenv("POWER_LOSS_FOLDER"); }
static const char *notes(void) { return getenv("POWER_LOSS_NOTES"); }
static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;

// Whether a path is below the folder; *isFolder: it is the folder itself.
static int is_ours(const char *path, int *isFolder) {
    const char *root = folder();
    if (!root || !notes()) return 0;
    size_t length = strlen(root);
    if (strncmp(path, root, length)) return 0;
    *isFolder = path[length] == 0;
    return path[length] == 0 || path[length] == '/';
}

static int is_ours_fd(int fd, int *isFolder) {
    char link[64], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof path - 1);
    if (n <= 0) return 0;
    path[n] = 0;
    return is_ours(path, isFolder);
}

static int real_open(const char *path, int flags, mode_t mode) {
    static int (*next)(int, const char *, int, ...);
    if (!next) next = (int (*)(int, const char *, int, ...))dlsym(RTLD_NEXT, "openat");
    return next(AT_FDCWD, path, flags, mode);
}

static void hold(int fd, const char *path) {
    struct stat s;
    char second[PATH_MAX];
    if (fstat(fd, &s) || !S_ISREG(s.st_mode) || s.st_nlink != 1) return;
    snprintf(second, sizeof second, "%s/held/%lu", notes(), (unsigned long)s.st_ino);
    if (link(path, second) && errno != EEXIST) perror("power-loss: link");
}

static int opened(int fd, const char *path, int flags) {
    int isFolder, before = errno;
    if (fd >= 0 && (flags & O_CREAT) && is_ours(path, &isFolder)) hold(fd, path);
    errno = before;
    return fd;
}

#define MODE(last) mode_t mode = 0; if (flags & O_CREAT) { va_list a; va_start(a, last); mode = va_arg(a, int); va_end(a); }

int open(const char *path, int flags, ...) { MODE(flags) return opened(real_open(path, flags, mode), path, flags); }
int open64(const char *path, int flags, ...) { MODE(flags) return opened(real_open(path, flags | O_LARGEFILE, mode), path, flags); }
int creat(const char *path, mode_t mode) { return open(path, O_CREAT | O_WRONLY | O_TRUNC, mode); }

// As `to`, in one step.
static int note(const char *from, const char *to) {
    if (!rename(from, to)) return 0;
    perror("power-loss: rename");
    return -1;
}

static int note_file(int fd) {
    struct stat s;
    char part[PATH_MAX], whole[PATH_MAX], self[64], bytes[1 << 16];
    if (fstat(fd, &s)) return -1;
    snprintf(whole, sizeof whole, "%s/synced/%lu", notes(), (unsigned long)s.st_ino);
    snprintf(part, sizeof part, "%s/part", notes());
    // It may have been opened for writing only.
    snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
    int in = real_open(self, O_RDONLY | O_CLOEXEC, 0), out = real_open(part, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
    ssize_t n = 0;
    while (in >= 0 && out >= 0 && (n = read(in, bytes, sizeof bytes)) > 0)
        if (write(out, bytes, n) != n) n = -1;
    if (in < 0 || out < 0 || n < 0) { perror("power-loss: copy"); abort(); }
    close(in);
    close(out);
    // What comes while the disk is at work is not part of it.
    if (getenv("POWER_LOSS_SYNC_MICROS")) usleep(atoi(getenv("POWER_LOSS_SYNC_MICROS")));
    return note(part, whole);
}

static int note_names(void) {
    char part[PATH_MAX], whole[PATH_MAX];
    snprintf(whole, sizeof whole, "%s/names", notes());
    snprintf(part, sizeof part, "%s/part", notes());
    DIR *d = opendir(folder());
    FILE *f = fopen(part, "w");
    if (!d || !f) { perror("power-loss: names"); abort(); }
    struct stat s;
    for (struct dirent *e; (e = readdir(d));)
        if (!fstatat(dirfd(d), e->d_name, &s, 0) && S_ISREG(s.st_mode))
            fprintf(f, "%lu %s\n", (unsigned long)s.st_ino, e->d_name);
    closedir(d);
    fclose(f);
    if (getenv("POWER_LOSS_SYNC_MICROS")) usleep(atoi(getenv("POWER_LOSS_SYNC_MICROS")));
    return note(part, whole);
}

static int synced(int fd, const char *name) {
    int isFolder;
    if (!is_ours_fd(fd, &isFolder)) return ((int (*)(int))dlsym(RTLD_NEXT, name))(fd);
    pthread_mutex_lock(&turn);
    int result = isFolder ? note_names() : note_file(fd);
    pthread_mutex_unlock(&turn);
    return result;
}

int fsync(int fd) { return synced(fd, "fsync"); }
int fdatasync(int fd) { return synced(fd, "fdatasync"); }
