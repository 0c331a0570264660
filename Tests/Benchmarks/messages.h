// The events that load generators send: log lines as Docker's driver sends them, half JSON, half a Ruby logger's; or JSON
// lines of a chosen number of fields. And the batches of the forward protocol that carry them.
#ifndef MESSAGES_H
#define MESSAGES_H
#include "messagepack.h"

enum { ID_LENGTH = 24, ACK_LENGTH = 30, LINE_LENGTH = 8192, MAXIMUM_FIELDS = 200 };
enum Service { POST, UI };

// What a batch consists of. Without `tags` the tags are service.post and service.ui in turn, else load.0, load.1, …, so many;
// without `fields` a line is one of the service's, else JSON with so many fields.
typedef struct {
    const char *mode;  // packed, forward or message
    int batch, tags, fields;
} Shape;

// One batch, ready to send but for the id of its chunk.
typedef struct {
    Buffer bytes;
    size_t id_offset;
} Batch;

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

// Every fourth value is a number, as in lines that services write.
static void make_wide_line(char *out, int fields) {
    int used = 0;
    for (int i = 0; i < fields; i++) {
        used += snprintf(out + used, LINE_LENGTH - used, "%s\"field_%02d\": ", i ? ", " : "{", i);
        used += snprintf(out + used, LINE_LENGTH - used, i % 4 == 3 ? "%d" : "\"value %d\"", below(1000000));
    }
    snprintf(out + used, LINE_LENGTH - used, "}");
}

// MARK: - Messages

// The record that Docker's driver makes of a line.
static void append_record(Buffer *out, const Shape *shape, enum Service service, int index) {
    static const char *const ids[] = {"f5a1c2d3e4b5a697f5a1c2d3e4b5a697f5a1c2d3e4b5a697f5a1c2d3e4b5a697",
                                      "1d0f4b5c6a7e8f901d0f4b5c6a7e8f901d0f4b5c6a7e8f901d0f4b5c6a7e8f90"};
    static const char *const names[] = {"/docker_post_1", "/docker_ui_1"};
    char line[LINE_LENGTH];
    if (shape->fields) make_wide_line(line, shape->fields);
    else if (service == POST) make_post_line(line, index);
    else make_ui_line(line, index);
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

// The tag of one event or message of many, and the service whose lines go with it.
static enum Service append_tag(Buffer *out, const Shape *shape, int index) {
    static const char *const tags[] = {"service.post", "service.ui"};
    char tag[32];
    if (!shape->tags) {
        append_string(out, tags[index % 2]);
        return index % 2;
    }
    snprintf(tag, sizeof tag, "load.%d", index % shape->tags);
    append_string(out, tag);
    return POST;
}

// The `chunk` option; what comes before it in the map is there already.
static void append_chunk(Batch *batch) {
    append_string(&batch->bytes, "chunk");
    append_integer(&batch->bytes, 0xa0 | ID_LENGTH, 1);
    batch->id_offset = batch->bytes.count;
    append(&batch->bytes, "000000000000000000000000", ID_LENGTH);
}

// Message mode: one event a message, tags in turn, and only the last asks for an ack.
static Batch make_messages(const Shape *shape, uint32_t now, int variant) {
    Batch batch = {0};
    for (int i = 0; i < shape->batch; i++) {
        int is_last = i == shape->batch - 1, index = variant * shape->batch + i;
        append_array(&batch.bytes, is_last ? 4 : 3);
        enum Service service = append_tag(&batch.bytes, shape, index);
        append_event_time(&batch.bytes, now, (uint32_t)below(1000000000));
        append_record(&batch.bytes, shape, service, index / 2);
        if (is_last) {
            append_map(&batch.bytes, 1);
            append_chunk(&batch);
        }
    }
    return batch;
}

// Forward and PackedForward: many events of one tag, as an array or as bytes one after the other.
static Batch make_entries(const Shape *shape, uint32_t now, int variant) {
    Batch batch = {0};
    append_array(&batch.bytes, 3);
    enum Service service = append_tag(&batch.bytes, shape, variant);
    Buffer entries = {0};
    for (int i = 0; i < shape->batch; i++) {
        append_array(&entries, 2);
        append_event_time(&entries, now, (uint32_t)below(1000000000));
        append_record(&entries, shape, service, i);
    }
    if (!strcmp(shape->mode, "packed")) {
        append_binary(&batch.bytes, entries.bytes, entries.count);
    } else {
        append_array(&batch.bytes, shape->batch);
        append(&batch.bytes, entries.bytes, entries.count);
    }
    append_map(&batch.bytes, 2);
    append_string(&batch.bytes, "size");
    append_integer(&batch.bytes, 0xce, 1);
    append_integer(&batch.bytes, (uint32_t)shape->batch, 4);
    append_chunk(&batch);
    free(entries.bytes);
    return batch;
}

static Batch make_batch(const Shape *shape, uint32_t now, int variant) {
    return !strcmp(shape->mode, "message") ? make_messages(shape, now, variant) : make_entries(shape, now, variant);
}

// The id of a chunk is the number of its batch, in 24 digits.
static void number_batch(Batch *batch, long number) {
    char id[ID_LENGTH + 1];
    snprintf(id, sizeof id, "%024ld", number);
    memcpy(batch->bytes.bytes + batch->id_offset, id, ID_LENGTH);
}

// The number in {"ack": id}; -1 when that is not what the bytes are.
static long acknowledged_batch(const uint8_t bytes[ACK_LENGTH]) {
    static const uint8_t head[] = {0x81, 0xa3, 'a', 'c', 'k', 0xa0 | ID_LENGTH};
    if (memcmp(bytes, head, sizeof head)) return -1;
    char digits[ID_LENGTH + 1] = {0};
    memcpy(digits, bytes + sizeof head, ID_LENGTH);
    return strtol(digits, NULL, 10);
}
#endif
