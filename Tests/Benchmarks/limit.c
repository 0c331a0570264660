// What the machine can do at all: the work of the benchmark pipeline in one thread of C, in memory. No sockets, no
// buffers, no retries, no limits. `bench` sets every figure in relation to it, so that figures of two machines compare.
//
// The work, for each event: decode a PackedForward entry; tag service.post: check the JSON of `log` and copy it without
// white space; tag service.ui: match `log` against RUBY_LOGGER, its message against two grok patterns (PCRE2 with JIT);
// write an action line and a document with @timestamp and @log_name.
//
//   limit [EVENTS]       prints {"events", "seconds": CPU, of the best of five passes, "unmatched"}
//
// cc -O3 -march=native limit.c -o limit -lpcre2-8
#define PCRE2_CODE_UNIT_WIDTH 8
#include "messagepack.h"
#include <pcre2.h>
#include <time.h>

enum { PASSES = 5, MAXIMUM_CAPTURES = 8, MAXIMUM_INPUT = 600, MAXIMUM_OUTPUT = 900 };

typedef struct {
    const uint8_t *bytes;
    size_t count;
} Text;

// MARK: - Grok, as the pattern library expands it

#define WORD "\\b\\w+\\b"
#define GREEDYDATA ".*"
#define TIMESTAMP_ISO8601 \
    "(?>\\d\\d){1,2}-(?:0?[1-9]|1[0-2])-(?:(?:0[1-9])|(?:[12][0-9])|(?:3[01])|[1-9])[T ](?:2[0123]|[01]?[0-9])" \
    ":?(?:[0-5][0-9])(?::?(?:(?:[0-5]?[0-9]|60)(?:[:.,][0-9]+)?))?(?:Z|[+-](?:2[0123]|[01]?[0-9])(?::?(?:[0-5][0-9])))?"
#define URIPATH "(?:/[A-Za-z0-9$.+!*'(){},~:;=@#%_\\-]*)+"
#define IPV4 "(?:[0-9]{1,3}\\.){3}[0-9]{1,3}"
#define INT "(?:[+-]?(?:[0-9]+))"

static const char ruby_logger[] =
    "[DFEWI], \\[(?<timestamp>" TIMESTAMP_ISO8601 ") #(?<pid>\\b(?:[1-9][0-9]*)\\b)\\] *"
    "(?<loglevel>(?:DEBUG|FATAL|ERROR|WARN|INFO)) -- +(?<progname>.*?): (?<message>" GREEDYDATA ")";
static const char ui_message[] =
    "service=(?<service>" WORD ") \\| event=(?<event>" WORD ") \\| request_id=(?<request_id>" GREEDYDATA ") \\| "
    "message='(?<message>" GREEDYDATA ")'";
static const char ui_request[] =
    "service=(?<service>" WORD ") \\| event=(?<event>" WORD ") \\| path=(?<path>" URIPATH ") \\| "
    "request_id=(?<request_id>" GREEDYDATA ") \\| remote_addr=(?<remote_addr>" IPV4 ") \\| method= (?<message>" WORD
    ") \\| response_status=(?<response_status>" INT ")";

typedef struct {
    pcre2_code *code;
    pcre2_match_data *match;
    int captures;
    const char *names[MAXIMUM_CAPTURES];
} Pattern;

// The capture groups of these patterns are all named, and numbered from 1 in the order of `names`.
static Pattern compile(const char *expression, int captures, const char *const *names) {
    Pattern pattern = {.captures = captures};
    int error;
    PCRE2_SIZE offset;
    pattern.code = pcre2_compile((PCRE2_SPTR)expression, PCRE2_ZERO_TERMINATED, PCRE2_UTF, &error, &offset, NULL);
    if (!pattern.code) { fprintf(stderr, "limit: pattern, at %zu\n", offset); exit(1); }
    pcre2_jit_compile(pattern.code, PCRE2_JIT_COMPLETE);
    pattern.match = pcre2_match_data_create_from_pattern(pattern.code, NULL);
    for (int i = 0; i < captures; i++) {
        pattern.names[i] = names[i];
        if (pcre2_substring_number_from_name(pattern.code, (PCRE2_SPTR)names[i]) != i + 1) exit(1);
    }
    return pattern;
}

static int matches(const Pattern *pattern, Text text) {
    return pcre2_match(pattern->code, text.bytes, text.count, 0, PCRE2_NO_UTF_CHECK, pattern->match, NULL) > 0;
}

static Text capture(const Pattern *pattern, Text text, int index) {
    const PCRE2_SIZE *offsets = pcre2_get_ovector_pointer(pattern->match) + 2 * (index + 1);
    return (Text){text.bytes + offsets[0], offsets[1] - offsets[0]};
}

// MARK: - MessagePack in

static uint32_t take_integer(const uint8_t **at) {
    uint32_t value = 0;
    for (int i = 0; i < 4; i++) value = value << 8 | *(*at)++;
    return value;
}

static Text take_string(const uint8_t **at) {
    Text text;
    uint8_t type = *(*at)++;
    if ((type & 0xe0) == 0xa0) {
        text.count = type & 31;
    } else if (type == 0xd9) {
        text.count = *(*at)++;
    } else if (type == 0xda) {
        text.count = (size_t)(*at)[0] << 8 | (*at)[1];
        *at += 2;
    } else {
        fprintf(stderr, "limit: type %x\n", type);
        exit(1);
    }
    text.bytes = *at;
    *at += text.count;
    return text;
}

// MARK: - JSON out

static uint8_t *write_text(uint8_t *out, const void *bytes, size_t count) {
    memcpy(out, bytes, count);
    return out + count;
}

static uint8_t *write_string(uint8_t *out, Text text) {
    *out++ = '"';
    for (size_t i = 0; i < text.count; i++) {
        uint8_t byte = text.bytes[i];
        if (byte == '"' || byte == '\\') {
            *out++ = '\\';
            *out++ = byte;
        } else if (byte < 0x20) {
            out += sprintf((char *)out, "\\u%04x", byte);
        } else {
            *out++ = byte;
        }
    }
    *out++ = '"';
    return out;
}

static uint8_t *write_captures(uint8_t *out, const Pattern *pattern, Text text, int count) {
    for (int i = 0; i < count; i++) {
        out = write_string(out, (Text){(const uint8_t *)pattern->names[i], strlen(pattern->names[i])});
        *out++ = ':';
        out = write_string(out, capture(pattern, text, i));
        *out++ = ',';
    }
    return out;
}

// The fields that the output adds, and the end of the line. The time's text is made once a second.
static uint8_t *write_tail(uint8_t *out, const char *tag, uint32_t seconds, uint32_t nanoseconds) {
    static uint32_t cached = 0;
    static char text[20];
    if (seconds != cached) {
        time_t time = seconds;
        struct tm parts;
        gmtime_r(&time, &parts);
        strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
        cached = seconds;
    }
    out = write_text(out, "\"@timestamp\":\"", 14);
    out = write_text(out, text, 19);
    *out++ = '.';
    for (int digit = 8; digit >= 0; digit--, nanoseconds /= 10) out[digit] = '0' + nanoseconds % 10;
    out = write_text(out + 9, "+00:00\",\"@log_name\":\"", 21);
    out = write_text(out, tag, strlen(tag));
    return write_text(out, "\"}\n", 3);
}

// MARK: - JSON in

// Copies one value without white space and checks its structure. The text ends in NUL, which fits nowhere.
static const uint8_t *copy_value(const uint8_t *in, uint8_t **out_end) {
    uint8_t *out = *out_end;
    while (*in == ' ') in++;
    if (*in == '{' || *in == '[') {
        int is_object = *in == '{';
        uint8_t close = is_object ? '}' : ']';
        *out++ = *in++;
        while (*in == ' ') in++;
        while (*in != close) {
            if (is_object) {
                in = copy_value(in, &out);
                while (*in == ' ') in++;
                if (*in != ':') exit(2);
                *out++ = *in++;
            }
            in = copy_value(in, &out);
            while (*in == ' ') in++;
            if (*in == ',') *out++ = *in++;
            else if (*in != close) exit(3);
        }
        *out++ = *in++;
    } else if (*in == '"') {
        *out++ = *in++;
        while (*in != '"') {
            if (!*in) exit(4);
            if (*in == '\\') *out++ = *in++;
            *out++ = *in++;
        }
        *out++ = *in++;
    } else {
        while ((*in >= '0' && *in <= '9') || (*in >= 'a' && *in <= 'z') || *in == '-' || *in == '.' || *in == '+' ||
               *in == 'E') *out++ = *in++;
    }
    *out_end = out;
    return in;
}

static uint8_t *write_post(uint8_t *out, Text log) {
    static uint8_t terminated[65536];
    memcpy(terminated, log.bytes, log.count);
    terminated[log.count] = 0;
    copy_value(terminated, &out);
    out[-1] = ',';  // for the closing brace: more fields follow
    return out;
}

// MARK: - The pipeline

static Pattern logger, message, request;

// NULL when no pattern matches.
static uint8_t *write_ui(uint8_t *out, Text log) {
    if (!matches(&logger, log)) return NULL;
    *out++ = '{';
    out = write_captures(out, &logger, log, 4);
    Text rest = capture(&logger, log, 4);
    const Pattern *second = &message;
    if (!matches(second, rest)) {
        second = &request;
        if (!matches(second, rest)) return NULL;
    }
    return write_captures(out, second, rest, second->captures);
}

static void prepare_patterns(void) {
    static const char *const logger_names[] = {"timestamp", "pid", "loglevel", "progname", "message"};
    static const char *const message_names[] = {"service", "event", "request_id", "message"};
    static const char *const request_names[] = {"service", "event", "path", "request_id", "remote_addr", "message",
                                                "response_status"};
    logger = compile(ruby_logger, 5, logger_names);
    message = compile(ui_message, 4, message_names);
    request = compile(ui_request, 7, request_names);
}

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
    static const char action[] = "{\"index\":{\"_index\":\"fluentd-20191217\",\"_type\":\"access_log\"}}\n";
    int unmatched = 0;
    const uint8_t *at = entries->bytes;
    for (int i = 0; i < events; i++) {
        at += 3;  // array of 2, extension of 8 bytes, type 0
        uint32_t seconds = take_integer(&at), nanoseconds = take_integer(&at);
        int fields = *at++ & 15;
        Text log = {0};
        for (int field = 0; field < fields; field++) {
            Text key = take_string(&at), value = take_string(&at);
            if (key.count == 3 && !memcmp(key.bytes, "log", 3)) log = value;
        }
        uint8_t *body = write_text(out, action, sizeof action - 1);
        uint8_t *end = i & 1 ? write_ui(body, log) : write_post(body, log);
        if (!end) {
            unmatched++;
            continue;
        }
        out = write_tail(end, i & 1 ? "service.ui" : "service.post", seconds, nanoseconds);
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
