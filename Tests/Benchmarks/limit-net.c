// The limit with its sockets: the work of limit.c between a real forward connection and real bulk requests, in one thread
// with blocking calls and nothing else: no retries, no limits, only what loadgen sends in packed mode.
//
//   limit-net FORWARD_PORT BULK_PORT      on 127.0.0.1; one connection after the other, until it is killed
//
// A request goes out when BULK_BYTES are there, and when a connection closes. Its answer is waited for and not read.
// cc -O3 -march=native limit-net.c -o limit-net -lpcre2-8
#define _GNU_SOURCE
#include "work.h"
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BULK_BYTES = 4 << 20, INPUT_BYTES = 8 << 20, READ_BYTES = 256 << 10, ANSWER_BYTES = 64 << 10, ID_LENGTH = 24 };

static int server;
static uint8_t *documents, *documents_end;

static void fail(const char *what) {
    fprintf(stderr, "limit-net: %s\n", what);
    exit(1);
}

static struct sockaddr_in local(int port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

static void send_all(int socket, const void *bytes, size_t count) {
    for (const char *at = bytes; count;) {
        ssize_t sent = send(socket, at, count, MSG_NOSIGNAL);
        if (sent <= 0) fail("a peer closed");
        at += sent;
        count -= (size_t)sent;
    }
}

// MARK: - Bulk requests

// Until the whole answer has been read.
static void receive_answer(void) {
    static char answer[ANSWER_BYTES + 1];
    size_t seen = 0, wanted = 0;
    do {
        ssize_t count = recv(server, answer, ANSWER_BYTES, 0);
        if (count <= 0) fail("the server closed");
        seen += (size_t)count;
        if (wanted) continue;
        answer[count] = 0;  // heads come in one piece from sink.c
        char *length = strcasestr(answer, "\r\ncontent-length:"), *end = strstr(answer, "\r\n\r\n");
        if (!length || !end) fail("an answer's head is not whole");
        wanted = (size_t)(end + 4 - answer) + strtoul(length + 17, NULL, 10);
    } while (seen < wanted);
}

static void flush(void) {
    if (documents_end == documents) return;
    char head[256];
    int count = snprintf(head, sizeof head,
                         "POST /_bulk?filter_path=errors,items.*.status,items.*.error HTTP/1.1\r\nHost: es\r\n"
                         "Content-Type: application/x-ndjson\r\nContent-Length: %zu\r\n\r\n",
                         (size_t)(documents_end - documents));
    send_all(server, head, (size_t)count);
    send_all(server, documents, (size_t)(documents_end - documents));
    documents_end = documents;
    receive_answer();
}

// MARK: - Forward messages

// [tag, entries (bin 32), {size, chunk}], as messages.h writes it. NULL when it is not there as a whole.
static const uint8_t *take_message(int socket, const uint8_t *at, const uint8_t *end) {
    enum { HEAD_BYTES = 64, OPTION_BYTES = 1 + 5 + 5 + 6 + 1 + ID_LENGTH };
    if (end - at < HEAD_BYTES) return NULL;
    at++;
    int is_ui = take_string(&at).count == sizeof "service.ui" - 1;
    at++;
    size_t bytes = take_integer(&at);
    if ((size_t)(end - at) < bytes + OPTION_BYTES) return NULL;
    for (const uint8_t *entries_end = at + bytes; at < entries_end;) {
        uint8_t *written = write_event(documents_end, &at, is_ui);
        if (!written) fail("a line without a match");
        documents_end = written;
        if (documents_end - documents > BULK_BYTES) flush();
    }
    const uint8_t *id = at + OPTION_BYTES - ID_LENGTH - 1;
    uint8_t ack[5 + 1 + ID_LENGTH] = {0x81, 0xa3, 'a', 'c', 'k'};
    memcpy(ack + 5, id, 1 + ID_LENGTH);
    send_all(socket, ack, sizeof ack);
    return at + OPTION_BYTES;
}

static void serve(int socket, uint8_t *input) {
    for (size_t used = 0;;) {
        size_t room = INPUT_BYTES - used;
        ssize_t count = recv(socket, input + used, room < READ_BYTES ? room : READ_BYTES, 0);
        if (count <= 0) break;
        used += (size_t)count;
        const uint8_t *at = input, *end = input + used, *next;
        while ((next = take_message(socket, at, end))) at = next;
        used = (size_t)(end - at);
        memmove(input, at, used);
    }
    flush();
}

int main(int count, char **words) {
    if (count != 3) {
        fprintf(stderr, "usage: limit-net FORWARD_PORT BULK_PORT\n");
        return 64;
    }
    prepare_patterns();
    struct sockaddr_in from = local(atoi(words[1])), to = local(atoi(words[2]));
    server = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    if (connect(server, (struct sockaddr *)&to, sizeof to)) fail("no server");
    documents = documents_end = malloc(BULK_BYTES + MAXIMUM_OUTPUT);
    uint8_t *input = malloc(INPUT_BYTES);
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
    if (bind(listener, (struct sockaddr *)&from, sizeof from) || listen(listener, 8)) fail("cannot listen");
    for (;;) {
        int socket = accept(listener, NULL, NULL);
        if (socket < 0) fail("cannot accept");
        setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
        serve(socket, input);
        close(socket);
    }
}
