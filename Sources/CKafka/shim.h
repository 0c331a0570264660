// librdkafka; a message as one call, in place of an array of unions.
#pragma once
#include <librdkafka/rdkafka.h>
#include <stdint.h>

// The client copies topic, key and value. Headers are its own once it has taken the message.
static inline rd_kafka_resp_err_t sluice_kafka_produce(
    rd_kafka_t *client, const char *topic, int32_t partition, int64_t timestamp, rd_kafka_headers_t *headers,
    const void *key, size_t key_length, const void *value, size_t value_length, void *opaque) {
    rd_kafka_vu_t parts[8] = {
        {.vtype = RD_KAFKA_VTYPE_TOPIC, .u.cstr = topic},
        {.vtype = RD_KAFKA_VTYPE_PARTITION, .u.i32 = partition},
        {.vtype = RD_KAFKA_VTYPE_TIMESTAMP, .u.i64 = timestamp},
        {.vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = RD_KAFKA_MSG_F_COPY},
        {.vtype = RD_KAFKA_VTYPE_VALUE, .u.mem = {(void *)value, value_length}},
        {.vtype = RD_KAFKA_VTYPE_OPAQUE, .u.ptr = opaque},
    };
    size_t count = 6;
    if (key) {
        parts[count].vtype = RD_KAFKA_VTYPE_KEY;
        parts[count].u.mem.ptr = (void *)key;
        parts[count++].u.mem.size = key_length;
    }
    if (headers) {
        parts[count].vtype = RD_KAFKA_VTYPE_HEADERS;
        parts[count++].u.headers = headers;
    }
    rd_kafka_error_t *error = rd_kafka_produceva(client, parts, count);
    if (!error) return RD_KAFKA_RESP_ERR_NO_ERROR;
    rd_kafka_resp_err_t code = rd_kafka_error_code(error);
    rd_kafka_error_destroy(error);
    return code;
}
