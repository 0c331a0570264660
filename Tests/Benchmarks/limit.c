// What the machine can do at all: the work of the benchmark pipeline (work.h) in one thread of C, in memory. No sockets, no
// buffers, no retries, no limits. `bench` sets figures in relation to it, so that those of two machines compare.
//
//   limit [EVENTS]       prints {"events", "seconds": CPU, of the best of five passes, "unmatched"}
//
// cc -O3 -march=native limit.c -o limit -lpcre2-8
#include "messagepack.h"
#include "work.h"

enum { PASSES = 5, MAXIMUM_INPUT = 600 };

// Entries [EventTime, {container_id, container_name, source, log}], services in turn, each with two kinds of lines.
static Buffer make_entries(int events) {
    static const char *const lines[2][2] = {
        {"{\"addr\": \"172.19.0.2\", \"event\": \"request\", \"level\": \"info\", \"method\": \"GET\","
         " \"path\": \"/healthcheck?\", \"request_id\": null, \"response_status\": 200, \"service\": \"post\","
         " \"timestamp\": \"2019-12-17 04:50:50\"}",
         "{\"event\": \"find_all_posts\", \"level\": \"info\", \"message\": \"Successfully retrieved all posts from the"
         " database\", \"params\": {}, \"request_id\": \"0f6cf007-a51a-4d42-b8eb-5c6f51fdc605\", \"service\": \"post\","
         " \"timestamp\": \"2019-12-17 04:53:22\"}"},
        {"I, [2019-12-17T18:15:04.146453 #1]  INFO -- : service=ui | event=show_all_posts |"
         " request_id=bf36de91-bf97-4d97-b15a-c66dec6ee581 | message='Successfully showed the home page with posts' |"
         " params: \"{}\"",
         "I, [2019-12-17T18:15:04.146453 #1]  INFO -- : service=ui | event=request | path=/ |"
         " request_id=96e76ff2-3d06-4ffa-806b-c14d7ca6a78a | remote_addr=185.30.195.250 | method= GET |"
         " response_status=200"}};
    Buffer entries = {malloc((size_t)events * MAXIMUM_INPUT), 0, (size_t)events * MAXIMUM_INPUT};
    for (int i = 0; i < events; i++) {
        append_array(&entries, 2);
        append_event_time(&entries, 1576606789 + (uint32_t)i / 1000, (uint32_t)(i % 1000) * 1000003);
        append_map(&entries, 4);
        append_string(&entries, "container_id");
        append_string(&entries, "646bfcf23b1e1af953582708b2d25ae07930d2bbc8c3cf423b46d220a1e77fa6");
        append_string(&entries, "container_name");
        append_string(&entries, i & 1 ? "/docker_ui_1" : "/docker_post_1");
        append_string(&entries, "source");
        append_string(&entries, "stdout");
        append_string(&entries, "log");
        append_string(&entries, lines[i & 1][i >> 1 & 1]);
    }
    return entries;
}

// The whole of the work, once. The result is the count of events without a match.
static int run(const Buffer *entries, int events, uint8_t *out) {
    int unmatched = 0;
    const uint8_t *at = entries->bytes;
    for (int i = 0; i < events; i++) {
        uint8_t *end = write_event(out, &at, i & 1);
        if (end) out = end; else unmatched++;
    }
    return unmatched;
}

// CPU time, as the daemon's is measured: a second that the machine gave to others does not count.
static double cpu_seconds(void) {
    struct timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

int main(int count, char **arguments) {
    int events = count > 1 ? atoi(arguments[1]) : 400000;
    prepare_patterns();
    Buffer entries = make_entries(events);
    uint8_t *out = malloc((size_t)events * MAXIMUM_OUTPUT);
    double best = 1e9;
    int unmatched = 0;
    for (int pass = 0; pass < PASSES; pass++) {
        double start = cpu_seconds();
        unmatched = run(&entries, events, out);
        double seconds = cpu_seconds() - start;
        if (seconds < best) best = seconds;
    }
    printf("{\"events\":%d,\"seconds\":%.6f,\"unmatched\":%d}\n", events, best, unmatched);
}
