// What this kernel enforces, by trying it on this process itself.
#include "confine.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static void report(const char *what, bool enforced, const char *why) {
  if (enforced) {
    printf("%s yes\n", what);
  } else {
    printf("%s no %s\n", what, why);
  }
}

int confine_probe(void) {
  struct confine_files files = confine_files_begin();
  bool asked = confine_files_enforce(&files);
  // Readable by everyone on every system, and not allowed to this process any more.
  int file = open("/etc/passwd", O_RDONLY | O_CLOEXEC);
  report("files", asked && file < 0 && errno == EACCES,
         files.abi == 0 ? "the kernel has no Landlock (Linux 5.13 has), or does not let us use it"
                        : "Landlock is there and did not hold");

  bool filtered = confine_calls_enforce("");
  const char *why = filtered ? "seccomp is there and did not hold" : strerror(errno);
  int channel = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  report("network", channel < 0 && errno == EPERM, why);
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) _exit(0);
  if (child > 0) waitpid(child, NULL, 0);
  report("processes", child < 0 && errno == EPERM, why);
  return 0;
}
