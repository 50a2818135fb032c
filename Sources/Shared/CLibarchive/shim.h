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

struct archive *archive_write_new(void);
int archive_write_free(struct archive *);
int archive_write_set_format_zip(struct archive *);
int archive_write_open_filename(struct archive *, const char *file);
int archive_write_header(struct archive *, struct archive_entry *);
ptrdiff_t archive_write_data(struct archive *, const void *, size_t);
int archive_write_close(struct archive *);
struct archive_entry *archive_entry_new(void);
void archive_entry_free(struct archive_entry *);
void archive_entry_set_pathname(struct archive_entry *, const char *);
void archive_entry_set_size(struct archive_entry *, int64_t);
void archive_entry_set_filetype(struct archive_entry *, unsigned int);
void archive_entry_set_perm(struct archive_entry *, unsigned int);
