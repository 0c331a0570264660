// libmicrohttpd's <microhttpd.h>, and its calls with a variable number of arguments, which Swift cannot make.
#pragma once
#include <microhttpd.h>

// A daemon that another event loop drives: it listens on a socket that is bound already, or has clients given to it where
// there is none (-1), and tells one context of all.
static inline struct MHD_Daemon *sluice_http_start(
    int listener, unsigned connections, unsigned idle_seconds, size_t head_bytes, MHD_AcceptPolicyCallback accepts,
    void *(*begins)(void *, const char *, struct MHD_Connection *), MHD_AccessHandlerCallback handles,
    MHD_RequestCompletedCallback ends, MHD_NotifyConnectionCallback notes, void *context
) {
    return MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_SUPPRESS_DATE_NO_CLOCK |
            (listener < 0 ? MHD_USE_NO_LISTEN_SOCKET : 0),
        0, accepts, context, handles, context, MHD_OPTION_CONNECTION_LIMIT, connections,
        MHD_OPTION_CONNECTION_TIMEOUT, idle_seconds, MHD_OPTION_CONNECTION_MEMORY_LIMIT, head_bytes,
        MHD_OPTION_URI_LOG_CALLBACK, begins, context, MHD_OPTION_NOTIFY_COMPLETED, ends, context,
        MHD_OPTION_NOTIFY_CONNECTION, notes, context,
        // The library does not start with this option where there is no socket.
        listener < 0 ? MHD_OPTION_END : MHD_OPTION_LISTEN_SOCKET, listener, MHD_OPTION_END);
}

static inline int sluice_http_epoll(struct MHD_Daemon *daemon) {
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD);
    return info ? info->epoll_fd : -1;
}
static inline void *sluice_http_client(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info ? info->socket_context : NULL;
}
// Gives a client's socket, which is one end of a pair, to the daemon. It is the daemon's from now on, or closed.
static inline int sluice_http_join(struct MHD_Daemon *daemon, int descriptor) {
    struct sockaddr address = {.sa_family = AF_UNIX};
    return MHD_add_connection(daemon, descriptor, &address, sizeof address) == MHD_YES;
}
static inline int sluice_http_descriptor(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    return info ? info->connect_fd : -1;
}
static inline const struct sockaddr *sluice_http_peer(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    return info ? info->client_addr : NULL;
}

// Enumerations of the library come to Swift under names that depend on its version; these do not.
static inline int sluice_http_has_started(enum MHD_ConnectionNotificationCode code) {
    return code == MHD_CONNECTION_NOTIFY_STARTED;
}
static inline void sluice_http_headers(struct MHD_Connection *connection, MHD_KeyValueIterator each, void *context) {
    MHD_get_connection_values(connection, MHD_HEADER_KIND, each, context);
}
// The bytes are copied.
static inline struct MHD_Response *sluice_http_response(const void *bytes, size_t count) {
    return MHD_create_response_from_buffer(count, (void *)bytes, MHD_RESPMEM_MUST_COPY);
}
static inline enum MHD_Result sluice_http_result(int yes) { return yes ? MHD_YES : MHD_NO; }
