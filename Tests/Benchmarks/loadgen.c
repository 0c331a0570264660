// Load for a forward input, as fast as it is taken: the events of messages.h. A batch counts as done when its `chunk` came
// back as an `ack`.
//
//   loadgen PORT packed|forward|message EVENTS BATCH WINDOW [CONNECTIONS [TAGS [FIELDS]]]
//
// BATCH events have one ack between them: they are one PackedForward or Forward message, or BATCH Message ones of
// which the last asks. At most WINDOW batches of a connection are unanswered. TAGS and FIELDS as in messages.h; 0 for none.
// The bytes are made once, before the clock starts; only the chunk id changes. Prints {"events","seconds","t0","bytes"},
// t0 on CLOCK_MONOTONIC.
#define _GNU_SOURCE
#include "messages.h"
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { STACK_BYTES = 128 << 10 };

static struct {
    uint16_t port;
    Shape shape;
    long events;
    int window, connections;
} options;

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

static void count_ack(Connection *connection) {
    long number = acknowledged_batch(connection->partial);
    if (number < 0) fail("an answer is not an ack");
    if (number >= connection->batches) fail("an ack for a batch that was not sent");
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
        number_batch(batch, i);
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

static int read_options(int count, char **words) {
    if (count < 6) return 0;
    options.port = (uint16_t)atoi(words[1]);
    options.shape.mode = words[2];
    options.events = atol(words[3]);
    options.shape.batch = atoi(words[4]);
    options.window = atoi(words[5]);
    options.connections = count > 6 ? atoi(words[6]) : 1;
    options.shape.tags = count > 7 ? atoi(words[7]) : 0;
    options.shape.fields = count > 8 ? atoi(words[8]) : 0;
    return options.shape.batch > 0 && options.connections > 0 && options.shape.fields <= MAXIMUM_FIELDS;
}

int main(int count, char **words) {
    if (!read_options(count, words)) {
        fprintf(stderr, "usage: loadgen PORT packed|forward|message EVENTS BATCH WINDOW [CONNECTIONS [TAGS [FIELDS]]]\n");
        return 64;
    }
    uint32_t now = (uint32_t)time(NULL);
    Batch variants[2];
    for (int i = 0; i < 2; i++) variants[i] = make_batch(&options.shape, now, i);

    Connection *connections = calloc((size_t)options.connections, sizeof *connections);
    for (int i = 0; i < options.connections; i++) {
        connections[i].batches = options.events / options.shape.batch / options.connections;
        connections[i].seen = calloc((size_t)connections[i].batches, 1);
        for (int v = 0; v < 2; v++) connections[i].variants[v] = copy_of(&variants[v]);
        connect_to_port(&connections[i]);
    }
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    double start = seconds_now();
    for (int i = 0; i < options.connections; i++)
        if (pthread_create(&connections[i].thread, &attributes, run_connection, &connections[i])) fail("no thread");
    long batches = 0;
    size_t bytes = 0;
    for (int i = 0; i < options.connections; i++) {
        pthread_join(connections[i].thread, NULL);
        batches += connections[i].batches;
        bytes += connections[i].bytes;
    }
    double seconds = seconds_now() - start;
    for (int i = 0; i < options.connections; i++) close(connections[i].socket);
    printf("{\"events\":%ld,\"seconds\":%.4f,\"t0\":%.6f,\"bytes\":%zu}\n", batches * options.shape.batch, seconds, start,
           bytes);
}
