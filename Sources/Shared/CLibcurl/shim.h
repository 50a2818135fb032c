#pragma once
#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

// curl_easy_setopt and curl_easy_getinfo are variadic, which Swift does not import: one function of fixed arity per kind
// of argument.

static inline CURLcode aker_curl_set_long(CURL *handle, CURLoption option, long value) {
  return curl_easy_setopt(handle, option, value);
}
static inline CURLcode aker_curl_set_offset(CURL *handle, CURLoption option, curl_off_t value) {
  return curl_easy_setopt(handle, option, value);
}
static inline CURLcode aker_curl_set_string(CURL *handle, CURLoption option, const char *value) {
  return curl_easy_setopt(handle, option, value);
}
static inline CURLcode aker_curl_set_pointer(CURL *handle, CURLoption option, void *value) {
  return curl_easy_setopt(handle, option, value);
}
static inline CURLcode aker_curl_set_list(CURL *handle, CURLoption option, struct curl_slist *value) {
  return curl_easy_setopt(handle, option, value);
}
static inline CURLcode aker_curl_set_mime(CURL *handle, curl_mime *value) {
  return curl_easy_setopt(handle, CURLOPT_MIMEPOST, value);
}

typedef size_t (*aker_curl_data_callback)(char *data, size_t size, size_t count, void *context);
static inline CURLcode aker_curl_set_data_callback(CURL *handle, CURLoption option, aker_curl_data_callback callback) {
  return curl_easy_setopt(handle, option, callback);
}
typedef int (*aker_curl_progress_callback)(void *context, curl_off_t download_total, curl_off_t downloaded,
                                           curl_off_t upload_total, curl_off_t uploaded);
static inline CURLcode aker_curl_set_progress_callback(CURL *handle, aker_curl_progress_callback callback) {
  return curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, callback);
}

static inline CURLcode aker_curl_get_long(CURL *handle, CURLINFO info, long *value) {
  return curl_easy_getinfo(handle, info, value);
}
static inline CURLcode aker_curl_get_offset(CURL *handle, CURLINFO info, curl_off_t *value) {
  return curl_easy_getinfo(handle, info, value);
}
static inline CURLcode aker_curl_get_string(CURL *handle, CURLINFO info, char **value) {
  return curl_easy_getinfo(handle, info, value);
}

// libcurl drops what comes beyond the length that was said, and tells of it in its remarks alone.
static int aker_curl_hear(CURL *handle, curl_infotype kind, char *text, size_t size, void *was_exceeded) {
  static const char remark[] = "Excess found";
  (void)handle;
  if (kind == CURLINFO_TEXT && size >= sizeof remark - 1 && !memcmp(text, remark, sizeof remark - 1))
    *(int *)was_exceeded = 1;
  return 0;
}
static inline void aker_curl_notice_excess(CURL *handle, int *was_exceeded) {
  curl_easy_setopt(handle, CURLOPT_DEBUGFUNCTION, aker_curl_hear);
  curl_easy_setopt(handle, CURLOPT_DEBUGDATA, was_exceeded);
  curl_easy_setopt(handle, CURLOPT_VERBOSE, 1L);
}

// Whether an address is reachable from this host only, or from its own network only: nothing that a catalog may point at
// unless the registry allows it. Loopback, private, link-local (cloud metadata among it), carrier-grade NAT, multicast,
// reserved; and the same behind IPv6's mappings (::ffff:, 64:ff9b::).
static inline int aker_is_private_v4(unsigned int address) {
  const unsigned int a = address >> 24, b = (address >> 16) & 255;
  return a == 0 || a == 10 || a == 127 || a >= 224 || (a == 100 && b >= 64 && b < 128) || (a == 169 && b == 254) ||
         (a == 172 && b >= 16 && b < 32) || (a == 192 && b == 168) || (a == 198 && (b == 18 || b == 19)) ||
         (address >> 8) == 0xC00000;
}
static inline int aker_is_private_address(const struct sockaddr *address) {
  if (address->sa_family == AF_INET)
    return aker_is_private_v4(ntohl(((const struct sockaddr_in *)address)->sin_addr.s_addr));
  if (address->sa_family != AF_INET6) return 1;
  const unsigned char *bytes = ((const struct sockaddr_in6 *)address)->sin6_addr.s6_addr;
  static const unsigned char zero[10] = {0};
  const unsigned int last =
      (unsigned)bytes[12] << 24 | (unsigned)bytes[13] << 16 | (unsigned)bytes[14] << 8 | (unsigned)bytes[15];
  if (!memcmp(bytes, zero, 10) && ((bytes[10] == 0xFF && bytes[11] == 0xFF) || (bytes[10] == 0 && bytes[11] == 0)))
    return aker_is_private_v4(last);
  if (bytes[0] == 0x00 && bytes[1] == 0x64 && bytes[2] == 0xFF && bytes[3] == 0x9B) return aker_is_private_v4(last);
  return (bytes[0] & 0xFE) == 0xFC || (bytes[0] == 0xFE && (bytes[1] & 0xC0) == 0x80) || bytes[0] == 0xFF;
}
// Asked at the moment of connecting, after the name was resolved: a name that answers with a private address on the
// second look, or a redirect, changes nothing.
static curl_socket_t aker_open_public_socket(void *was_refused, curlsocktype purpose, struct curl_sockaddr *address) {
  (void)purpose;
  if (aker_is_private_address(&address->addr)) {
    *(int *)was_refused = 1;
    return CURL_SOCKET_BAD;
  }
  return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}
static inline void aker_curl_refuse_private_addresses(CURL *handle, int *was_refused) {
  curl_easy_setopt(handle, CURLOPT_OPENSOCKETFUNCTION, aker_open_public_socket);
  curl_easy_setopt(handle, CURLOPT_OPENSOCKETDATA, was_refused);
}
