// The work of the benchmark pipeline for one event, in C and nothing else: limit.c does it in memory, limit-net.c between two
// sockets.
//
// Decode a PackedForward entry; tag service.post: check the JSON of `log` and copy it without white space; tag service.ui:
// match `log` against RUBY_LOGGER, its message against two grok patterns (PCRE2 with JIT); write an action line and a
// document with @timestamp and @log_name.
#ifndef WORK_H
#define WORK_H
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MAXIMUM_CAPTURES = 8, MAXIMUM_OUTPUT = 900 };

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

// One entry [EventTime, {…}] to an action line and a document, at most MAXIMUM_OUTPUT bytes for the lines of messages.h.
// Moves `at` behind the entry. NULL when no pattern matches.
static uint8_t *write_event(uint8_t *out, const uint8_t **at, int is_ui) {
    static const char action[] = "{\"index\":{\"_index\":\"fluentd-20191217\",\"_type\":\"access_log\"}}\n";
    *at += 3;  // array of 2, extension of 8 bytes, type 0
    uint32_t seconds = take_integer(at), nanoseconds = take_integer(at);
    int fields = *(*at)++ & 15;
    Text log = {0};
    for (int field = 0; field < fields; field++) {
        Text key = take_string(at), value = take_string(at);
        if (key.count == 3 && !memcmp(key.bytes, "log", 3)) log = value;
    }
    out = write_text(out, action, sizeof action - 1);
    out = is_ui ? write_ui(out, log) : write_post(out, log);
    return out ? write_tail(out, is_ui ? "service.ui" : "service.post", seconds, nanoseconds) : NULL;
}
#endif
