// libuv as it is; only what Swift cannot import (variadics, macros, GNU functions) is wrapped here.
#pragma once
#include <uv.h>
#include <pthread.h>

// GNU declares pthread_setname_np only under _GNU_SOURCE, which a module map cannot set; macOS takes no thread.
#ifdef __APPLE__
static inline void sluice_name_this_thread(const char *name) { pthread_setname_np(name); }
#else
extern int pthread_setname_np(pthread_t thread, const char *name);
static inline void sluice_name_this_thread(const char *name) { pthread_setname_np(pthread_self(), name); }
#endif

#include <sys/socket.h>
#include <fcntl.h>
// accept4 is GNU's too. The result is non-blocking and closed on exec; -1 and errno as accept(2).
#ifdef __linux__
extern int accept4(int fd, struct sockaddr *address, socklen_t *length, int flags);
static inline int sluice_accept(int fd, struct sockaddr *address, socklen_t *length) {
    return accept4(fd, address, length, SOCK_NONBLOCK | SOCK_CLOEXEC);
}
#else
static inline int sluice_accept(int fd, struct sockaddr *address, socklen_t *length) {
    int accepted = accept(fd, address, length);
    if (accepted >= 0) {
        fcntl(accepted, F_SETFL, O_NONBLOCK);
        fcntl(accepted, F_SETFD, FD_CLOEXEC);
    }
    return accepted;
}
#endif
