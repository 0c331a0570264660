// libcurl; its variadic functions, which Swift cannot call, one per value type.
#pragma once
#include <curl/curl.h>

static inline CURLcode sluice_curl_setopt_long(CURL *easy, CURLoption option, long value) {
    return curl_easy_setopt(easy, option, value);
}
static inline CURLcode sluice_curl_setopt_off(CURL *easy, CURLoption option, curl_off_t value) {
    return curl_easy_setopt(easy, option, value);
}
static inline CURLcode sluice_curl_setopt_ptr(CURL *easy, CURLoption option, const void *value) {
    return curl_easy_setopt(easy, option, value);
}
typedef size_t (*sluice_curl_write)(char *bytes, size_t size, size_t count, void *context);
static inline CURLcode sluice_curl_setopt_write(CURL *easy, CURLoption option, sluice_curl_write value) {
    return curl_easy_setopt(easy, option, value);
}
typedef int (*sluice_curl_seek)(void *context, curl_off_t offset, int origin);
static inline CURLcode sluice_curl_setopt_seek(CURL *easy, CURLoption option, sluice_curl_seek value) {
    return curl_easy_setopt(easy, option, value);
}
static inline CURLcode sluice_curl_getinfo_off(CURL *easy, CURLINFO info, curl_off_t *value) {
    return curl_easy_getinfo(easy, info, value);
}
static inline CURLcode sluice_curl_getinfo_long(CURL *easy, CURLINFO info, long *value) {
    return curl_easy_getinfo(easy, info, value);
}
static inline CURLcode sluice_curl_getinfo_ptr(CURL *easy, CURLINFO info, void **value) {
    return curl_easy_getinfo(easy, info, value);
}
