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

#ifdef __linux__
#include <string.h>
#include <sys/un.h>
// Descriptors travel in control messages, whose layout is made of macros (cmsg(3)).
enum { sluice_most_descriptors = 128 };
static inline long sluice_send_descriptors(int socket, const void *text, size_t length, const int *descriptors, int count) {
    char control[CMSG_SPACE(sizeof(int) * sluice_most_descriptors)];
    struct iovec part = { (void *)text, length };
    struct msghdr message;
    memset(&message, 0, sizeof message);
    memset(control, 0, sizeof control);
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    if (count > 0) {
        message.msg_control = control;
        message.msg_controllen = CMSG_SPACE(sizeof(int) * count);
        struct cmsghdr *head = CMSG_FIRSTHDR(&message);
        head->cmsg_level = SOL_SOCKET;
        head->cmsg_type = SCM_RIGHTS;
        head->cmsg_len = CMSG_LEN(sizeof(int) * count);
        memcpy(CMSG_DATA(head), descriptors, sizeof(int) * count);
    }
    return sendmsg(socket, &message, MSG_NOSIGNAL);
}
// Fills `descriptors`, which has room for sluice_most_descriptors; all are closed on exec.
static inline long sluice_receive_descriptors(int socket, void *text, size_t length, int *descriptors, int *count) {
    char control[CMSG_SPACE(sizeof(int) * sluice_most_descriptors)];
    struct iovec part = { text, length };
    struct msghdr message;
    memset(&message, 0, sizeof message);
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    *count = 0;
    long got = recvmsg(socket, &message, 0x40000000 /* MSG_CMSG_CLOEXEC */);
    if (got < 0) return got;
    for (struct cmsghdr *head = CMSG_FIRSTHDR(&message); head; head = CMSG_NXTHDR(&message, head)) {
        if (head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS) continue;
        int number = (int)((head->cmsg_len - CMSG_LEN(0)) / sizeof(int));
        for (int i = 0; i < number && *count < sluice_most_descriptors; i++)
            memcpy(&descriptors[(*count)++], CMSG_DATA(head) + i * sizeof(int), sizeof(int));
    }
    return got;
}
// Whose process is at the other end (SO_PEERCRED, unix(7)); -1 where that is not known. struct ucred is GNU's.
static inline long sluice_peer_user(int socket) {
    struct { pid_t pid; uid_t uid; gid_t gid; } peer;
    socklen_t length = sizeof peer;
    return getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0 ? (long)peer.uid : -1;
}
#endif
