// The file system as this process sees it, by Landlock: https://docs.kernel.org/userspace-api/landlock.html
#include "confine.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

// Debian 12 builds with headers of Linux 6.1 and may run on a later kernel: what these lack is stated here.
#ifndef LANDLOCK_ACCESS_FS_TRUNCATE
#define LANDLOCK_ACCESS_FS_TRUNCATE (1ULL << 14)
#endif
#ifndef LANDLOCK_ACCESS_FS_REFER
#define LANDLOCK_ACCESS_FS_REFER (1ULL << 13)
#endif
#ifndef LANDLOCK_ACCESS_FS_IOCTL_DEV
#define LANDLOCK_ACCESS_FS_IOCTL_DEV (1ULL << 15)
#endif
enum {
  net_bind_tcp = 1,
  net_connect_tcp = 2,
  scope_abstract_unix_socket = 1,
  scope_signal = 2,
};

struct rule_set {
  uint64_t files;
  uint64_t network;
  uint64_t scoped;
};

static const uint64_t reading = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
static const uint64_t writing = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_TRUNCATE |
                                LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_DIR |
                                LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR;
/// What a rule about a single file may say.
static const uint64_t of_files = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE |
                                 LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_TRUNCATE |
                                 LANDLOCK_ACCESS_FS_IOCTL_DEV;

struct confine_files confine_files_begin(void) {
  struct confine_files files = {.descriptor = -1};
  // ENOSYS and EOPNOTSUPP: built without it, or not among the kernel's security modules.
  long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
  if (abi < 1) return files;
  files.abi = (int)abi;
  files.handled = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1;
  if (abi >= 2) files.handled |= LANDLOCK_ACCESS_FS_REFER;
  if (abi >= 3) files.handled |= LANDLOCK_ACCESS_FS_TRUNCATE;
  if (abi >= 5) files.handled |= LANDLOCK_ACCESS_FS_IOCTL_DEV;
  struct rule_set rules = {.files = files.handled};
  size_t size = sizeof(rules.files);
  if (abi >= 4) {
    rules.network = net_bind_tcp | net_connect_tcp;
    size = offsetof(struct rule_set, scoped);
  }
  if (abi >= 6) {
    rules.scoped = scope_abstract_unix_socket | scope_signal;
    size = sizeof(rules);
  }
  files.descriptor = (int)syscall(SYS_landlock_create_ruleset, &rules, size, 0);
  return files;
}

static void open_up(const struct confine_files *files, const char *path, uint64_t access) {
  if (files->descriptor < 0) return;
  int parent = open(path, O_PATH | O_CLOEXEC);
  if (parent < 0) {
    if (errno == ENOENT || errno == ENOTDIR) return;
    confine_fail("cannot open", path);
  }
  struct stat found;
  if (fstat(parent, &found) < 0) confine_fail("cannot look at", path);
  if (!S_ISDIR(found.st_mode)) access &= of_files;
  struct landlock_path_beneath_attr rule = {.allowed_access = access & files->handled, .parent_fd = parent};
  if (syscall(SYS_landlock_add_rule, files->descriptor, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0) {
    confine_fail("cannot allow", path);
  }
  close(parent);
}

void confine_files_read(const struct confine_files *files, const char *path) { open_up(files, path, reading); }

void confine_files_device(const struct confine_files *files, const char *path) {
  open_up(files, path, LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE);
}

void confine_files_write(const struct confine_files *files, const char *folder) {
  open_up(files, folder, reading | writing);
}

void confine_files_execute(const struct confine_files *files, const char *program) {
  const uint64_t running = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE;
  open_up(files, program, running);
  int file = open(program, O_RDONLY | O_CLOEXEC);
  if (file < 0) confine_fail("cannot read", program);
  Elf64_Ehdr header;
  if (pread(file, &header, sizeof(header), 0) == sizeof(header) && memcmp(header.e_ident, ELFMAG, SELFMAG) == 0) {
    for (int i = 0; i < header.e_phnum; i++) {
      Elf64_Phdr segment;
      off_t offset = (off_t)header.e_phoff + (off_t)i * header.e_phentsize;
      char loader[4096] = {0};
      if (pread(file, &segment, sizeof(segment), offset) != sizeof(segment)) break;
      if (segment.p_type != PT_INTERP || segment.p_filesz >= sizeof(loader)) continue;
      if (pread(file, loader, segment.p_filesz, (off_t)segment.p_offset) > 0) open_up(files, loader, running);
    }
  }
  close(file);
}

bool confine_files_enforce(const struct confine_files *files) {
  if (files->descriptor < 0) return false;
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) return false;
  bool enforced = syscall(SYS_landlock_restrict_self, files->descriptor, 0) == 0;
  close(files->descriptor);
  return enforced;
}
