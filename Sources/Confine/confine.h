// What the files of this program share. It is C, and not Swift, because it runs before every DuckDB process and has to
// start in less than a millisecond, and because `syscall` takes arguments of any number, which Swift does not import.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// The exit code of this program's own failures; DuckDB ends with 1.
enum { confine_failure_code = 120 };

/// Ends this program: `aker-confine: <what> <about>: <errno's words>`.
_Noreturn void confine_fail(const char *what, const char *about);

/// A rule set of Landlock that is being written. `descriptor` is -1 where the kernel has no Landlock.
struct confine_files {
  int descriptor;
  uint64_t handled;
  int abi;
};

/// Everything is closed until it is opened by one of the calls below.
struct confine_files confine_files_begin(void);
/// A file, or all below a folder, may be read. What is not there is no error: a missing input is DuckDB's to report.
void confine_files_read(const struct confine_files *files, const char *path);
/// A device that exists already may be read and written, and nothing made beside it.
void confine_files_device(const struct confine_files *files, const char *path);
/// Files below a folder may be made, read, written and removed.
void confine_files_write(const struct confine_files *files, const char *folder);
/// A program, and the loader that its ELF header names, may be executed; nothing else may.
void confine_files_execute(const struct confine_files *files, const char *program);
/// From here on nothing else can be opened, by this process or by any that it starts.
/// - Returns: whether the kernel enforces it.
bool confine_files_enforce(const struct confine_files *files);

/// From here on there are no sockets, no new processes, no look into other processes, and no exec but that of `program`,
/// which is known by its address.
/// - Returns: whether the kernel enforces it.
bool confine_calls_enforce(const char *program);

/// Prints what this kernel enforces, found by trying it: lines of `<what> yes`, or `<what> no <why>`.
int confine_probe(void);
