// Load for a forward input: log lines as Docker sends them, half JSON (tag service.post), half a Ruby logger's
// (service.ui). A message counts as done when its `chunk` came back as an `ack`.
//
//   loadgen PORT packed|forward|message EVENTS BATCH WINDOW [CONNECTIONS]
//
// BATCH events have one ack between them: they are one PackedForward or Forward message, or BATCH Message ones of
// which the last asks. At most WINDOW batches of a connection are unanswered. The bytes are made once, before the
// clock starts; only the chunk id changes. Prints {"events","seconds","t0","bytes"}, t0 on CLOCK_MONOTONIC.
#define _GNU_SOURCE
#include "messagepack.h"
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { ID_LENGTH = 24, ACK_LENGTH = 30, LINE_LENGTH = 512 };
enum Service { POST, UI };
static const char *const tags[] = {"service.post", "service.ui"};

// One batch, ready to send but for the id of its chunk.
typedef struct {
    Buffer bytes;
    size_t id_offset;
} Batch;

static struct {
    uint16_t port;
    const char *mode;
    long events;
    int batch, window, connections;
} options;

// MARK: - Lines

static uint64_t random_state = 88172645463325252ULL;

// xorshift64: the same lines in every run.
static uint64_t random_number(void) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

static int below(int limit) { return (int)(random_number() % (uint64_t)limit); }

static void make_uuid(char out[37]) {
    uint64_t a = random_number(), b = random_number();
    snprintf(out, 37, "%08x-%04x-%04x-%04x-%012llx", (uint32_t)(a >> 32), (uint32_t)(a >> 16) & 0xffff,
             (uint32_t)a & 0xffff, (uint32_t)(b >> 48), (unsigned long long)b & 0xffffffffffffULL);
}

static void make_post_line(char *out, int index) {
    char uuid[37], id[40] = "null", peer[20] = "172.19.0.2";
    const char *path = "/healthcheck?";
    make_uuid(uuid);
    if (index % 4 == 0) {
        snprintf(out, LINE_LENGTH,
                 "{\"event\": \"find_all_posts\", \"level\": \"info\", \"message\": \"Successfully retrieved all posts"
                 " from the database\", \"params\": {}, \"request_id\": \"%s\", \"service\": \"post\","
                 " \"timestamp\": \"2019-12-17 04:%02d:%02d\"}", uuid, below(60), below(60));
        return;
    }
    if (index % 4 > 1) {
        path = "/posts?";
        snprintf(id, sizeof id, "\"%s\"", uuid);
        snprintf(peer, sizeof peer, "172.19.0.%d", below(250));
    }
    snprintf(out, LINE_LENGTH,
             "{\"addr\": \"%s\", \"event\": \"request\", \"level\": \"info\", \"method\": \"GET\", \"path\": \"%s\","
             " \"request_id\": %s, \"response_status\": 200, \"service\": \"post\","
             " \"timestamp\": \"2019-12-17 04:%02d:%02d\"}", peer, path, id, below(60), below(60));
}

static void make_ui_line(char *out, int index) {
    char uuid[37];
    make_uuid(uuid);
    int used = snprintf(out, LINE_LENGTH, "I, [2019-12-17T18:%02d:%02d.%06d #1]  INFO -- : service=ui | ", below(60),
                        below(60), below(1000000));
    if (index % 2)
        snprintf(out + used, LINE_LENGTH - used, "event=show_all_posts | request_id=%s |"
                 " message='Successfully showed the home page with posts' | params: \"{}\"", uuid);
    else
        snprintf(out + used, LINE_LENGTH - used, "event=request | path=/ | request_id=%s | remote_addr=185.30.%d.%d |"
                 " method= GET | response_status=200", uuid, below(256), below(256));
}

// MARK: - Messages

// The record that Docker's driver makes of a line.
static void append_record(Buffer *out, enum Service service, int index) {
    static const char *const ids[] = {"f5a1c2d3e4b5a697f5a1c2d3e4b5a697f5a1c2d3e4b5a697f5a1c2d3e4b5a697",
                                      "1d0f4b5c6a7e8f901d0f4b5c6a7e8f901d0f4b5c6a7e8f901d0f4b5c6a7e8f90"};
    static const char *const names[] = {"/docker_post_1", "/docker_ui_1"};
    char line[LINE_LENGTH];
    if (service == POST) make_post_line(line, index); else make_ui_line(line, index);
    append_map(out, 4);
    append_string(out, "container_id");
    append_string(out, ids[service]);
    append_string(out, "container_name");
    append_string(out, names[service]);
    append_string(out, "source");
    append_string(out, "stdout");
    append_string(out, "log");
    append_string(out, line);
}

// The `chunk` option; what comes before it in the map is there already.
static void append_chunk(Batch *batch) {
    append_string(&batch->bytes, "chunk");
    append_integer(&batch->bytes, 0xa0 | ID_LENGTH, 1);
    batch->id_offset = batch->bytes.count;
    append(&batch->bytes, "000000000000000000000000", ID_LENGTH);
}

// Message mode: one event a message, tags in turn, and only the last asks for an ack.
static Batch make_messages(uint32_t now) {
    Batch batch = {0};
    for (int i = 0; i < options.batch; i++) {
        int is_last = i == options.batch - 1;
        append_array(&batch.bytes, is_last ? 4 : 3);
        append_string(&batch.bytes, tags[i % 2]);
        append_event_time(&batch.bytes, now, (uint32_t)below(1000000000));
        append_record(&batch.bytes, i % 2, i / 2);
        if (is_last) {
            append_map(&batch.bytes, 1);
            append_chunk(&batch);
        }
    }
    return batch;
}

// Forward and PackedForward: many events of one tag, as an array or as bytes one after the other.
static Batch make_entries(uint32_t now, enum Service service) {
    Buffer entries = {0};
    for (int i = 0; i < options.batch; i++) {
        append_array(&entries, 2);
        append_event_time(&entries, now, (uint32_t)below(1000000000));
        append_record(&entries, service, i);
    }
    Batch batch = {0};
    append_array(&batch.bytes, 3);
    append_string(&batch.bytes, tags[service]);
    if (!strcmp(options.mode, "packed")) {
        append_binary(&batch.bytes, entries.bytes, entries.count);
    } else {
        append_array(&batch.bytes, options.batch);
        append(&batch.bytes, entries.bytes, entries.count);
    }
    append_map(&batch.bytes, 2);
    append_string(&batch.bytes, "size");
    append_integer(&batch.bytes, 0xce, 1);
    append_integer(&batch.bytes, options.batch, 4);
    append_chunk(&batch);
    free(entries.bytes);
    return batch;
}

// MARK: - Connections

typedef struct {
    int socket;
    long batches, acked;
    size_t bytes;
    Batch variants[2];  // sent in turn; own copies, because the id is written into them
    uint8_t *seen;      // one byte a batch: its ack came
    uint8_t partial[ACK_LENGTH];
    size_t partial_count;
    pthread_t thread;
} Connection;

static void fail(const char *what) {
    fprintf(stderr, "loadgen: %s\n", what);
    exit(2);
}

static void send_all(int socket, const uint8_t *bytes, size_t count) {
    while (count) {
        ssize_t sent = send(socket, bytes, count, MSG_NOSIGNAL);
        if (sent <= 0) fail("the peer closed while a batch was sent");
        bytes += sent;
        count -= (size_t)sent;
    }
}

// {"ack": id}, where the id is 24 digits that number the batch.
static void count_ack(Connection *connection) {
    static const uint8_t head[] = {0x81, 0xa3, 'a', 'c', 'k', 0xa0 | ID_LENGTH};
    if (memcmp(connection->partial, head, sizeof head)) fail("an answer is not an ack");
    char digits[ID_LENGTH + 1] = {0};
    memcpy(digits, connection->partial + sizeof head, ID_LENGTH);
    long number = strtol(digits, NULL, 10);
    if (number < 0 || number >= connection->batches) fail("an ack for a batch that was not sent");
    if (connection->seen[number]++) fail("two acks for one batch");
    connection->acked++;
}

// Waits for bytes and counts the acks in them. An ack may be cut anywhere.
static void receive_acks(Connection *connection) {
    uint8_t bytes[4096];
    ssize_t count = recv(connection->socket, bytes, sizeof bytes, 0);
    if (count <= 0) {
        fprintf(stderr, "loadgen: closed with %ld of %ld acks\n", connection->acked, connection->batches);
        exit(2);
    }
    for (ssize_t i = 0; i < count; i++) {
        connection->partial[connection->partial_count++] = bytes[i];
        if (connection->partial_count < ACK_LENGTH) continue;
        count_ack(connection);
        connection->partial_count = 0;
    }
}

static void *run_connection(void *argument) {
    Connection *connection = argument;
    for (long i = 0; i < connection->batches; i++) {
        Batch *batch = &connection->variants[i % 2];
        char id[ID_LENGTH + 1];
        snprintf(id, sizeof id, "%024ld", i);
        memcpy(batch->bytes.bytes + batch->id_offset, id, ID_LENGTH);
        send_all(connection->socket, batch->bytes.bytes, batch->bytes.count);
        connection->bytes += batch->bytes.count;
        while (i + 1 - connection->acked >= options.window) receive_acks(connection);
    }
    while (connection->acked < connection->batches) receive_acks(connection);
    return NULL;
}

static void connect_to_port(Connection *connection) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(options.port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connection->socket = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(connection->socket, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    if (connect(connection->socket, (struct sockaddr *)&address, sizeof address)) {
        perror("loadgen: connect");
        exit(1);
    }
}

static Batch copy_of(const Batch *batch) {
    Batch copy = {.id_offset = batch->id_offset};
    append(&copy.bytes, batch->bytes.bytes, batch->bytes.count);
    return copy;
}

static double seconds_now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

int main(int count, char **arguments) {
    if (count < 6) {
        fprintf(stderr, "usage: loadgen PORT packed|forward|message EVENTS BATCH WINDOW [CONNECTIONS]\n");
        return 64;
    }
    options.port = (uint16_t)atoi(arguments[1]);
    options.mode = arguments[2];
    options.events = atol(arguments[3]);
    options.batch = atoi(arguments[4]);
    options.window = atoi(arguments[5]);
    options.connections = count > 6 ? atoi(arguments[6]) : 1;

    uint32_t now = (uint32_t)time(NULL);
    int is_message = !strcmp(options.mode, "message");
    Batch variants[2];
    for (int i = 0; i < 2; i++) variants[i] = is_message ? make_messages(now) : make_entries(now, i);

    Connection *connections = calloc((size_t)options.connections, sizeof *connections);
    for (int i = 0; i < options.connections; i++) {
        connections[i].batches = options.events / options.batch / options.connections;
        connections[i].seen = calloc((size_t)connections[i].batches, 1);
        for (int v = 0; v < 2; v++) connections[i].variants[v] = copy_of(&variants[v]);
        connect_to_port(&connections[i]);
    }
    double start = seconds_now();
    for (int i = 0; i < options.connections; i++)
        pthread_create(&connections[i].thread, NULL, run_connection, &connections[i]);
    long batches = 0;
    size_t bytes = 0;
    for (int i = 0; i < options.connections; i++) {
        pthread_join(connections[i].thread, NULL);
        batches += connections[i].batches;
        bytes += connections[i].bytes;
    }
    double seconds = seconds_now() - start;
    for (int i = 0; i < options.connections; i++) close(connections[i].socket);
    printf("{\"events\":%ld,\"seconds\":%.4f,\"t0\":%.6f,\"bytes\":%zu}\n", batches * options.batch, seconds, start,
           bytes);
}
