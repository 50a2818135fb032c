// aker-confine: starts a program that may read what it was given, write into its own folders, and do nothing else.
//
// It is told by its standard input, a file that begins with records, each ending in NUL, up to an empty one:
//
//   p<pid>    the parent, with which the program dies
//   x<path>   the program
//   a<text>   an argument, as it is
//   f<count>  two arguments, `-f` and the name of a nameless file with the next <count> bytes after the records
//   c<count>  two arguments, `-cmd` and the next <count> bytes themselves
//   r<path>   a file or folder that may be read
//   w<path>   a folder that may be written to
//   n<count>  bytes that a file may grow to
//   m<count>  bytes of its own memory that the program may ask for
//   t<count>  seconds of the processors' time that it may take
//
// All that comes from a user comes so, and no shell and no command line has to quote it.
#include "confine.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

extern char **environ;

_Noreturn void confine_fail(const char *what, const char *about) {
  fprintf(stderr, "aker-confine: %s %s: %s\n", what, about, strerror(errno));
  exit(confine_failure_code);
}

static _Noreturn void malformed(const char *what) {
  fprintf(stderr, "aker-confine: %s; this program is started by aker and aker-worker\n", what);
  exit(confine_failure_code);
}

/// What is left of the input.
struct input {
  char *next;
  char *end;
};

static struct input whole_input(void) {
  struct stat found;
  if (fstat(STDIN_FILENO, &found) < 0 || !S_ISREG(found.st_mode) || found.st_size == 0) {
    malformed("the standard input is no file of instructions");
  }
  size_t size = (size_t)found.st_size;
  char *bytes = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE, STDIN_FILENO, 0);
  if (bytes == MAP_FAILED) confine_fail("cannot read", "the standard input");
  return (struct input){.next = bytes, .end = bytes + size};
}

/// The next record, without its NUL.
static char *next_record(struct input *input) {
  char *record = input->next;
  char *end = memchr(record, 0, (size_t)(input->end - record));
  if (end == NULL) malformed("the records do not end");
  input->next = end + 1;
  return record;
}

static size_t number(const char *text) {
  char *end;
  errno = 0;
  unsigned long long value = strtoull(text, &end, 10);
  if (errno != 0 || *end != 0 || end == text) malformed("a number is none");
  return (size_t)value;
}

static char *taken(struct input *input, size_t count) {
  if (count > (size_t)(input->end - input->next)) malformed("the input is shorter than it says");
  char *bytes = input->next;
  input->next += count;
  return bytes;
}

/// The name of a nameless file with these bytes. It stays open over exec.
static char *nameless_file(const char *bytes, size_t count) {
  int file = memfd_create("script", 0);
  if (file < 0) confine_fail("cannot make", "a nameless file");
  for (size_t written = 0; written < count;) {
    ssize_t length = write(file, bytes + written, count - written);
    if (length < 0) confine_fail("cannot write", "a nameless file");
    written += (size_t)length;
  }
  char *name;
  if (asprintf(&name, "/proc/self/fd/%d", file) < 0) confine_fail("cannot name", "a nameless file");
  return name;
}

static void die_with_parent(size_t parent) {
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0) confine_fail("cannot die with", "the parent");
  // It may have died in between, and nobody would tell us.
  if ((size_t)getppid() != parent) _exit(confine_failure_code);
}

static void limit(size_t file_bytes, size_t memory_bytes, size_t seconds) {
  struct rlimit none = {0, 0};
  setrlimit(RLIMIT_CORE, &none);
  if (file_bytes > 0) {
    struct rlimit most = {file_bytes, file_bytes};
    setrlimit(RLIMIT_FSIZE, &most);
    // As an error of the write, and not as the process's end.
    signal(SIGXFSZ, SIG_IGN);
  }
  if (memory_bytes > 0) {
    struct rlimit most = {memory_bytes, memory_bytes};
    setrlimit(RLIMIT_DATA, &most);
  }
  if (seconds > 0) {
    struct rlimit most = {seconds, seconds + 5};
    setrlimit(RLIMIT_CPU, &most);
  }
  // Where memory runs out, the query goes first, and not the worker or the database on the same host.
  int score = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (score >= 0) {
    if (write(score, "800", 3) < 0) errno = 0;
    close(score);
  }
}

/// What a dynamically linked program reads before its first line, what DuckDB asks about the host's processors and
/// memory (it crashes where these are there and closed), and the devices that hold nothing.
static void open_system(const struct confine_files *files) {
  static const char *const readable[] = {
      "/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/nix/store", "/etc/ld.so.cache", "/dev/urandom",
      "/proc/self/cgroup", "/sys/fs/cgroup", "/sys/devices/system/cpu", "/proc/sys/vm/overcommit_memory", "/proc/meminfo",
  };
  for (size_t i = 0; i < sizeof(readable) / sizeof(readable[0]); i++) confine_files_read(files, readable[i]);
  confine_files_device(files, "/dev/null");
}

int main(int count, char **words) {
  if (count == 2 && strcmp(words[1], "--probe") == 0) return confine_probe();
  if (count != 1) malformed("there are arguments");
  struct input input = whole_input();
  // As many arguments as there could be records, and the program's name.
  size_t room = 2;
  for (char *byte = input.next; byte < input.end; byte++) room += *byte == 0 ? 2 : 0;
  char **arguments = calloc(room, sizeof(char *));
  struct part {
    char kind;
    size_t count;
    size_t argument;
  } *parts = calloc(room, sizeof(struct part));
  if (arguments == NULL || parts == NULL) confine_fail("cannot hold", "the arguments");
  size_t argument_count = 1, part_count = 0, parent = 0, file_bytes = 0, memory_bytes = 0, seconds = 0;
  struct confine_files files = confine_files_begin();

  for (char *record; *(record = next_record(&input)) != 0;) {
    char *value = record + 1;
    switch (*record) {
      case 'p': parent = number(value); break;
      case 'x': arguments[0] = value; break;
      case 'a': arguments[argument_count++] = value; break;
      case 'f':
      case 'c':
        parts[part_count++] = (struct part){*record, number(value), argument_count};
        arguments[argument_count++] = *record == 'f' ? "-f" : "-cmd";
        argument_count++;
        break;
      case 'r': confine_files_read(&files, value); break;
      case 'w': confine_files_write(&files, value); break;
      case 'n': file_bytes = number(value); break;
      case 'm': memory_bytes = number(value); break;
      case 't': seconds = number(value); break;
      default: malformed("a record is of no known kind");
    }
  }
  for (size_t i = 0; i < part_count; i++) {
    char *bytes = taken(&input, parts[i].count);
    char *text = parts[i].kind == 'f' ? nameless_file(bytes, parts[i].count) : strndup(bytes, parts[i].count);
    if (text == NULL) confine_fail("cannot hold", "the arguments");
    arguments[parts[i].argument + 1] = text;
  }
  if (arguments[0] == NULL || parent == 0) malformed("there is no program, or no parent");

  int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (nothing < 0 || dup2(nothing, STDIN_FILENO) < 0) confine_fail("cannot open", "/dev/null");
  die_with_parent(parent);
  limit(file_bytes, memory_bytes, seconds);
  open_system(&files);
  confine_files_execute(&files, arguments[0]);
  // Where the kernel lacks one of them, the other holds; `aker doctor` tells.
  confine_files_enforce(&files);
  confine_calls_enforce(arguments[0]);
  execve(arguments[0], arguments, environ);
  confine_fail("cannot start", arguments[0]);
}
