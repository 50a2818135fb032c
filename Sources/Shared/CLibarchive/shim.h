#pragma once
#include <stddef.h>
#include <stdint.h>

// The few functions used, declared here as libarchive 3 declares them (its interface is stable within the major version):
// its headers include sys/stat.h, which would make `stat` another module's in Swift.
struct archive;
struct archive_entry;
enum { AKER_ARCHIVE_EOF = 1, AKER_ARCHIVE_OK = 0, AKER_ARCHIVE_WARN = -20, AKER_ARCHIVE_FAILED = -25 };
struct archive *archive_read_new(void);
int archive_read_free(struct archive *);
int archive_read_support_format_zip_seekable(struct archive *);
int archive_read_support_format_tar(struct archive *);
int archive_read_support_filter_gzip(struct archive *);
int archive_read_open_filename(struct archive *, const char *file, size_t block_size);
int archive_read_next_header(struct archive *, struct archive_entry **);
ptrdiff_t archive_read_data(struct archive *, void *, size_t);
const char *archive_error_string(struct archive *);
const char *archive_entry_pathname(struct archive_entry *);
const char *archive_entry_pathname_utf8(struct archive_entry *);
unsigned int archive_entry_filetype(struct archive_entry *);
