// An Elasticsearch end that takes bulk requests as fast as it can, and counts the documents in them.
//
//   sink PORT        on 127.0.0.1, a thread a connection, HTTP/1.1 with keep-alive
//
// GET /         the version of a server (7.17), with the header that official clients look for
// POST …_bulk   every item created: the brief form when filter_path asks for errors and items.*.status, else in full
// GET /__stats  {"bulk": requests, "docs": documents, "bytes": of bulk bodies, "t_first", "t_last"} (CLOCK_MONOTONIC)
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static const char root_answer[] =
    "{\"name\":\"sink\",\"cluster_name\":\"sink\",\"version\":{\"number\":\"7.17.10\",\"build_flavor\":\"default\"},"
    "\"tagline\":\"You Know, for Search\"}";
static const char brief_item[] = "{\"index\":{\"status\":201}},";
static const char full_item[] =
    "{\"index\":{\"_index\":\"fluentd\",\"_type\":\"_doc\",\"_id\":\"gTPeTZABkCMhDhqo7e5x\",\"_version\":1,"
    "\"result\":\"created\",\"_shards\":{\"total\":2,\"successful\":1,\"failed\":0},\"_seq_no\":1,\"_primary_term\":1,"
    "\"status\":201}},";

static struct {
    pthread_mutex_t lock;
    long bulks, documents, bytes;
    double first, last;
} counts = {.lock = PTHREAD_MUTEX_INITIALIZER};

// One connection: what was read and not yet used, and the answer under construction (kept between requests).
typedef struct {
    int socket;
    char *input;
    size_t used, capacity;
    char *answer;
    size_t answer_capacity;
} Connection;

// A request's head, once it is complete.
typedef struct {
    char target[1024];
    size_t head_bytes, body_bytes;
    int expects_continue;
} Request;

static double seconds_now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static void *grown(void *bytes, size_t capacity) {
    bytes = realloc(bytes, capacity);
    if (!bytes) { perror("sink: memory"); exit(1); }
    return bytes;
}

// MARK: - HTTP

static int send_all(int socket, const char *bytes, size_t count) {
    while (count) {
        ssize_t sent = send(socket, bytes, count, MSG_NOSIGNAL);
        if (sent <= 0) return 0;
        bytes += sent;
        count -= (size_t)sent;
    }
    return 1;
}

static int reply(Connection *connection, const char *status, const char *body, size_t count) {
    char head[256];
    int length = snprintf(head, sizeof head,
                          "HTTP/1.1 %s\r\nX-elastic-product: Elasticsearch\r\nContent-Type: application/json\r\n"
                          "Content-Length: %zu\r\n\r\n", status, count);
    return send_all(connection->socket, head, (size_t)length) && send_all(connection->socket, body, count);
}

// Reads until at least `wanted` bytes are there. False when the peer has closed.
static int fill(Connection *connection, size_t wanted) {
    while (connection->used < wanted) {
        size_t needed = wanted + (64 << 10);
        if (needed > connection->capacity) {
            connection->capacity = needed * 2;
            connection->input = grown(connection->input, connection->capacity);
        }
        ssize_t count = recv(connection->socket, connection->input + connection->used,
                             connection->capacity - connection->used - 1, 0);
        if (count <= 0) return 0;
        connection->used += (size_t)count;
        connection->input[connection->used] = 0;
    }
    return 1;
}

// Reads a head and takes from it what this server needs. False at the end of the connection or on nonsense.
static int read_head(Connection *connection, Request *request) {
    char *end;
    for (;;) {
        end = connection->used ? memmem(connection->input, connection->used, "\r\n\r\n", 4) : NULL;
        if (end) break;
        if (!fill(connection, connection->used + 1)) return 0;
    }
    request->head_bytes = (size_t)(end - connection->input) + 4;
    char *head = strndup(connection->input, request->head_bytes);
    char *length = strcasestr(head, "\r\nContent-Length:");
    request->body_bytes = length ? strtoul(length + 17, NULL, 10) : 0;
    request->expects_continue = strcasestr(head, "\r\nExpect: 100-continue") != NULL;
    int is_understood = sscanf(head, "%*15s %1023s", request->target) == 1;
    if (strcasestr(head, "\r\nContent-Encoding:")) {
        // Unpacking is not what is measured: the configuration of a benchmark must not ask for it.
        reply(connection, "415 Unsupported Media Type", "", 0);
        is_understood = 0;
    }
    free(head);
    return is_understood;
}

// MARK: - Bulk

// Documents in a body of action and source lines; 'delete' has no source.
static long count_documents(const char *body, size_t count) {
    long documents = 0;
    int expects_source = 0;
    for (const char *line = body, *end = body + count; line < end;) {
        const char *newline = memchr(line, '\n', (size_t)(end - line));
        if (!newline) newline = end;
        if (newline > line) {
            int is_delete = !expects_source && !strncmp(line, "{\"delete\"", 9);
            if (!expects_source) documents++;
            expects_source = !expects_source && !is_delete;
        }
        line = newline + 1;
    }
    return documents;
}

static int answer_bulk(Connection *connection, const char *body, size_t count, int is_brief) {
    static const char head[] = "{\"took\":1,\"errors\":false,\"items\":[";
    const char *item = is_brief ? brief_item : full_item;
    size_t item_bytes = is_brief ? sizeof brief_item - 1 : sizeof full_item - 1;
    long documents = count_documents(body, count);
    size_t needed = sizeof head + (size_t)documents * item_bytes + 3;
    if (needed > connection->answer_capacity) {
        connection->answer_capacity = needed;
        connection->answer = grown(connection->answer, needed);
    }
    char *out = mempcpy(connection->answer, head, sizeof head - 1);
    for (long i = 0; i < documents; i++) out = mempcpy(out, item, item_bytes);
    if (documents) out--;  // the last comma
    out = mempcpy(out, "]}", 2);

    double now = seconds_now();
    pthread_mutex_lock(&counts.lock);
    if (!counts.bulks++) counts.first = now;
    counts.documents += documents;
    counts.bytes += (long)count;
    counts.last = now;
    pthread_mutex_unlock(&counts.lock);
    return reply(connection, "200 OK", connection->answer, (size_t)(out - connection->answer));
}

static int answer_stats(Connection *connection) {
    char body[256];
    pthread_mutex_lock(&counts.lock);
    int length = snprintf(body, sizeof body,
                          "{\"bulk\":%ld,\"docs\":%ld,\"bytes\":%ld,\"t_first\":%.6f,\"t_last\":%.6f}", counts.bulks,
                          counts.documents, counts.bytes, counts.first, counts.last);
    pthread_mutex_unlock(&counts.lock);
    return reply(connection, "200 OK", body, (size_t)length);
}

static int answer(Connection *connection, const Request *request) {
    const char *target = request->target;
    if (strstr(target, "_bulk")) {
        int is_brief = strstr(target, "filter_path=") && strstr(target, ".status");
        return answer_bulk(connection, connection->input + request->head_bytes, request->body_bytes, is_brief);
    }
    if (!strcmp(target, "/__stats")) return answer_stats(connection);
    if (!strcmp(target, "/") || !strncmp(target, "/?", 2))
        return reply(connection, "200 OK", root_answer, sizeof root_answer - 1);
    return reply(connection, "200 OK", "{\"acknowledged\":true}", 21);
}

// MARK: - Connections

static void *serve(void *argument) {
    Connection connection = {.socket = (int)(intptr_t)argument};
    Request request;
    setsockopt(connection.socket, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    while (read_head(&connection, &request)) {
        if (request.expects_continue && !send_all(connection.socket, "HTTP/1.1 100 Continue\r\n\r\n", 25)) break;
        size_t total = request.head_bytes + request.body_bytes;
        if (!fill(&connection, total) || !answer(&connection, &request)) break;
        connection.used -= total;
        memmove(connection.input, connection.input + total, connection.used);
    }
    close(connection.socket);
    free(connection.input);
    free(connection.answer);
    return NULL;
}

int main(int count, char **arguments) {
    if (count != 2) {
        fprintf(stderr, "usage: sink PORT\n");
        return 64;
    }
    signal(SIGPIPE, SIG_IGN);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(arguments[1]))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
    if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 128)) {
        perror("sink: listen");
        return 1;
    }
    for (;;) {
        int socket = accept(listener, NULL, NULL);
        pthread_t thread;
        if (socket >= 0 && !pthread_create(&thread, NULL, serve, (void *)(intptr_t)socket)) pthread_detach(thread);
    }
}
