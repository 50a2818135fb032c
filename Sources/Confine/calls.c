// The system calls that this process may still make, by seccomp: all but those that no query needs.
#include "confine.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#if defined(__x86_64__)
#define NATIVE_ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE_ARCHITECTURE AUDIT_ARCH_AARCH64
#endif

/// Refused with EPERM. Sockets, also by io_uring, which passes filters by; processes, their memory and their signals;
/// what changes the view of the system; the kernel's own machinery.
static const unsigned refused[] = {
    SYS_socket, SYS_socketpair, SYS_connect, SYS_bind, SYS_listen, SYS_accept, SYS_accept4,
    425 /* io_uring_setup */, 426 /* io_uring_enter */, 427 /* io_uring_register */,
#if defined(SYS_fork)
    SYS_fork, SYS_vfork,
#endif
    SYS_execveat, SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_kill, SYS_tkill, SYS_rt_sigqueueinfo,
    SYS_rt_tgsigqueueinfo, 424 /* pidfd_send_signal */, 434 /* pidfd_open */, 438 /* pidfd_getfd */, SYS_kcmp,
    440 /* process_madvise */,
    SYS_unshare, SYS_setns, SYS_mount, SYS_umount2, SYS_pivot_root, SYS_chroot, 428 /* open_tree */,
    429 /* move_mount */, 430 /* fsopen */, 432 /* fsmount */, 442 /* mount_setattr */, SYS_name_to_handle_at,
    SYS_open_by_handle_at, SYS_mknodat, SYS_symlinkat, SYS_linkat,
#if defined(SYS_symlink)
    SYS_symlink, SYS_link, SYS_mknod,
#endif
    SYS_add_key, SYS_request_key, SYS_keyctl, SYS_bpf, SYS_perf_event_open, SYS_userfaultfd, SYS_init_module,
    SYS_finit_module, SYS_delete_module, SYS_kexec_load, SYS_reboot, SYS_swapon, SYS_swapoff, SYS_settimeofday,
    SYS_clock_settime, SYS_sethostname, SYS_setdomainname, SYS_syslog, SYS_acct, SYS_quotactl, SYS_personality,
    SYS_shmget, SYS_shmat, SYS_msgget, SYS_semget, SYS_mq_open, SYS_setpriority,
};

enum { refused_count = sizeof(refused) / sizeof(refused[0]) };

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define LOAD_LOW(index) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[index]))
#define LOAD_HIGH(index) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[index]) + 4)
#define UNLESS_EQUAL(value, skipped) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), 0, (skipped))
#define ANSWER(action) BPF_STMT(BPF_RET | BPF_K, (action))
#define REFUSE(error) ANSWER(SECCOMP_RET_ERRNO | ((error) & SECCOMP_RET_DATA))

bool confine_calls_enforce(const char *program) {
#if defined(NATIVE_ARCHITECTURE)
  const uint64_t address = (uint64_t)(uintptr_t)program;
  struct sock_filter filter[2 * refused_count + 32];
  unsigned short count = 0;
#define ADD(...) filter[count++] = (struct sock_filter)__VA_ARGS__
  // Another architecture's calls, such as those of 32 bits, have other numbers.
  ADD(LOAD(arch));
  ADD(UNLESS_EQUAL(NATIVE_ARCHITECTURE, 1));
  ADD(BPF_JUMP(BPF_JMP | BPF_JA, 1, 0, 0));
  ADD(ANSWER(SECCOMP_RET_KILL_PROCESS));
  ADD(LOAD(nr));
#if defined(__x86_64__)
  // So have the calls of x32.
  ADD(BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 0, 1));
  ADD(ANSWER(SECCOMP_RET_KILL_PROCESS));
#endif
  for (unsigned i = 0; i < refused_count; i++) {
    ADD(UNLESS_EQUAL(refused[i], 1));
    ADD(REFUSE(EPERM));
  }
  // Its flags lie in memory, where a filter cannot look: glibc falls back to clone.
  ADD(UNLESS_EQUAL(435 /* clone3 */, 1));
  ADD(REFUSE(ENOSYS));
  // Threads, but no processes.
  ADD(UNLESS_EQUAL(SYS_clone, 4));
  ADD(LOAD_LOW(0));
  ADD(BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, CLONE_THREAD, 0, 1));
  ADD(ANSWER(SECCOMP_RET_ALLOW));
  ADD(REFUSE(EPERM));
  // Its own limits, and no other process's.
  ADD(UNLESS_EQUAL(SYS_prlimit64, 4));
  ADD(LOAD_LOW(0));
  ADD(UNLESS_EQUAL(0, 1));
  ADD(ANSWER(SECCOMP_RET_ALLOW));
  ADD(REFUSE(EPERM));
  ADD(UNLESS_EQUAL(SYS_execve, 6));
  ADD(LOAD_LOW(0));
  ADD(UNLESS_EQUAL((uint32_t)address, 3));
  ADD(LOAD_HIGH(0));
  ADD(UNLESS_EQUAL((uint32_t)(address >> 32), 1));
  ADD(ANSWER(SECCOMP_RET_ALLOW));
  ADD(REFUSE(EPERM));
  ADD(ANSWER(SECCOMP_RET_ALLOW));
#undef ADD
  struct sock_fprog all = {.len = count, .filter = filter};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &all, 0, 0) == 0;
#else
  (void)program;
  errno = ENOSYS;
  return false;
#endif
}
