#pragma once
#include <zlib.h>

// inflateInit2 is a macro, which Swift does not import.
static inline int aker_inflate_init(z_stream *stream, int window_bits) {
  return inflateInit2(stream, window_bits);
}

// So is deflateInit2. A gzip stream.
static inline int aker_deflate_init(z_stream *stream, int level) {
  return deflateInit2(stream, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
}
