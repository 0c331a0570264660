// Load for a forward input at a given rate, and how long each ack takes: Message mode, BATCH messages that go out together
// and of which the last asks for an ack.
//
//   pacer PORT EVENTS RATE CONNECTIONS BATCH
//
// Every half millisecond the batches that are due go out, on one connection after the other, whether or not earlier ones
// were answered: a slow daemon meets the same load as a fast one, and its delay counts. An ack's time is counted from when
// its batch was due, so what the generator is late by is in it; `late_ms` says how much that was.
// Prints {"events","seconds","t0","p50_ms","p90_ms","p99_ms","p999_ms","maximum_ms","late_ms" (p99)}, times on CLOCK_MONOTONIC.
#define _GNU_SOURCE
#include "messages.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { VARIANTS = 64, TICKS_PER_SECOND = 2000, SILENCE_SECONDS = 30 };

typedef struct {
    int socket;
    int waits_to_write;
    Buffer unsent;
    uint8_t partial[ACK_LENGTH];
    size_t partial_count;
} Connection;

static Batch variants[VARIANTS];
static Connection *connections;
static long batches, sent, acked;
static double rate, start;  // batches a second; seconds
static float *latencies, *lateness;  // milliseconds; a latency below 0 has not come yet
static int poller;

static void fail(const char *what) {
    fprintf(stderr, "pacer: %s, with %ld of %ld acks\n", what, acked, batches);
    exit(2);
}

static double seconds_now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

// The tick at which a batch goes out.
static double due(long batch) { return start + (double)(long)(batch / rate * TICKS_PER_SECOND) / TICKS_PER_SECOND; }

// MARK: - One connection

static void wait_to_write(Connection *connection, int waits) {
    if (connection->waits_to_write == waits) return;
    connection->waits_to_write = waits;
    struct epoll_event event = {.events = EPOLLIN | (waits ? EPOLLOUT : 0), .data.ptr = connection};
    epoll_ctl(poller, EPOLL_CTL_MOD, connection->socket, &event);
}

// What the socket does not take is kept, and sent in order when it does.
static void write_unsent(Connection *connection) {
    Buffer *unsent = &connection->unsent;
    ssize_t count = send(connection->socket, unsent->bytes, unsent->count, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count < 0 && errno != EAGAIN) fail("the peer closed while a batch was sent");
    if (count > 0) {
        unsent->count -= (size_t)count;
        memmove(unsent->bytes, unsent->bytes + count, unsent->count);
    }
    wait_to_write(connection, unsent->count > 0);
}

static void read_acks(Connection *connection) {
    uint8_t bytes[16384];
    ssize_t count = recv(connection->socket, bytes, sizeof bytes, MSG_DONTWAIT);
    if (count < 0 && errno == EAGAIN) return;
    if (count <= 0) fail("the peer closed");
    double now = seconds_now();
    for (ssize_t i = 0; i < count; i++) {
        connection->partial[connection->partial_count++] = bytes[i];
        if (connection->partial_count < ACK_LENGTH) continue;
        connection->partial_count = 0;
        long batch = acknowledged_batch(connection->partial);
        if (batch < 0 || batch >= sent) fail("an answer is not an ack of what was sent");
        if (latencies[batch] >= 0) fail("two acks for one batch");
        latencies[batch] = (float)((now - due(batch)) * 1e3);
        acked++;
    }
}

static void send_due(int count) {
    double now = seconds_now();
    while (sent < batches && due(sent) <= now) {
        Batch *batch = &variants[sent % VARIANTS];
        number_batch(batch, sent);
        Connection *connection = &connections[sent % count];
        append(&connection->unsent, batch->bytes.bytes, batch->bytes.count);
        lateness[sent] = (float)((now - due(sent)) * 1e3);
        sent++;
        if (!connection->waits_to_write) write_unsent(connection);
    }
}

// MARK: - The run

static void connect_all(int count, uint16_t port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connections = calloc((size_t)count, sizeof *connections);
    for (int i = 0; i < count; i++) {
        Connection *connection = &connections[i];
        connection->socket = socket(AF_INET, SOCK_STREAM, 0);
        setsockopt(connection->socket, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
        if (connect(connection->socket, (struct sockaddr *)&address, sizeof address)) {
            perror("pacer: connect");
            exit(1);
        }
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
        epoll_ctl(poller, EPOLL_CTL_ADD, connection->socket, &event);
    }
}

static void run(int count) {
    int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    struct timespec tick = {.tv_nsec = 1000000000 / TICKS_PER_SECOND};
    timerfd_settime(timer, 0, &(struct itimerspec){tick, tick}, NULL);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    epoll_ctl(poller, EPOLL_CTL_ADD, timer, &event);
    start = seconds_now();
    for (double last = start; acked < batches;) {
        struct epoll_event ready[256];
        long before = acked;
        int found = epoll_wait(poller, ready, 256, 1000);
        for (int i = 0; i < found; i++) {
            Connection *connection = ready[i].data.ptr;
            if (!connection) {
                uint64_t ticks;
                if (read(timer, &ticks, sizeof ticks) < 0 && errno != EAGAIN) fail("the timer fails");
                continue;
            }
            if (ready[i].events & EPOLLOUT) write_unsent(connection);
            if (ready[i].events & ~EPOLLOUT) read_acks(connection);
        }
        send_due(count);
        double now = seconds_now();
        if (acked > before) last = now;
        if (now - last > SILENCE_SECONDS) fail("no ack for long");
    }
}

static int by_size(const void *a, const void *b) {
    float left = *(const float *)a, right = *(const float *)b;
    return (left > right) - (left < right);
}

static double percentile(const float *sorted, double part) { return sorted[(long)(part * (double)(batches - 1))]; }

int main(int count, char **words) {
    if (count != 6) {
        fprintf(stderr, "usage: pacer PORT EVENTS RATE CONNECTIONS BATCH\n");
        return 64;
    }
    Shape shape = {.mode = "message", .batch = atoi(words[5])};
    int connection_count = atoi(words[4]);
    if (shape.batch < 1 || connection_count < 1) return 64;
    batches = atol(words[2]) / shape.batch;
    rate = atof(words[3]) / shape.batch;
    if (batches < 1 || rate <= 0) return 64;
    for (int i = 0; i < VARIANTS; i++) variants[i] = make_batch(&shape, (uint32_t)time(NULL), i);
    latencies = malloc((size_t)batches * sizeof *latencies);
    lateness = malloc((size_t)batches * sizeof *lateness);
    for (long i = 0; i < batches; i++) latencies[i] = -1;
    poller = epoll_create1(0);
    // It stands for many machines, none of which waits for this one's processors. Who may not do this is late more often.
    (void)setpriority(PRIO_PROCESS, 0, -10);
    connect_all(connection_count, (uint16_t)atoi(words[1]));
    run(connection_count);
    double seconds = seconds_now() - start;
    qsort(latencies, (size_t)batches, sizeof *latencies, by_size);
    qsort(lateness, (size_t)batches, sizeof *lateness, by_size);
    printf("{\"events\":%ld,\"seconds\":%.4f,\"t0\":%.6f,\"p50_ms\":%.3f,\"p90_ms\":%.3f,\"p99_ms\":%.3f,\"p999_ms\":%.3f,"
           "\"maximum_ms\":%.3f,\"late_ms\":%.3f}\n", batches * shape.batch, seconds, start, percentile(latencies, 0.5),
           percentile(latencies, 0.9), percentile(latencies, 0.99), percentile(latencies, 0.999), percentile(latencies, 1),
           percentile(lateness, 0.99));
}
