/* confine PROGRAM [args]: runs a program as container engines do by default: without the way to new privileges, and under a
 * filter of system calls. Denied with EPERM is what Docker's default list denies; unknown (ENOSYS) is every call newer than 2019, among
 * them clone3, close_range, pidfd_open and io_uring, as under an engine of that age. */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define NATIVE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE AUDIT_ARCH_AARCH64
#endif

#define FIRST_OF_2019 424 /* from here on all architectures have the same numbers */
#define NAMESPACES (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET)
#define VSOCK 40

static const int denied[] = {
    SYS_acct,
    SYS_add_key,
    SYS_bpf,
    SYS_clock_adjtime,
    SYS_clock_settime,
    SYS_delete_module,
    SYS_finit_module,
    SYS_get_mempolicy,
    SYS_init_module,
    SYS_kcmp,
    SYS_kexec_load,
    SYS_keyctl,
    SYS_lookup_dcookie,
    SYS_mbind,
    SYS_mount,
    SYS_move_pages,
    SYS_name_to_handle_at,
    SYS_nfsservctl,
    SYS_open_by_handle_at,
    SYS_perf_event_open,
    SYS_personality,
    SYS_pivot_root,
    SYS_process_vm_readv,
    SYS_process_vm_writev,
    SYS_ptrace,
    SYS_quotactl,
    SYS_reboot,
    SYS_request_key,
    SYS_set_mempolicy,
    SYS_setns,
    SYS_settimeofday,
    SYS_swapoff,
    SYS_swapon,
    SYS_umount2,
    SYS_unshare,
    SYS_userfaultfd,
    SYS_vhangup,
#ifdef __x86_64__
    SYS_create_module,
    SYS_get_kernel_syms,
    SYS_ioperm,
    SYS_iopl,
    SYS_query_module,
    SYS_sysfs,
    SYS__sysctl,
    SYS_uselib,
    SYS_ustat,
#endif
};

#define N_DENIED (sizeof denied / sizeof *denied)
#define WORD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define FAIL(error) BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (error))
#define PASS BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
#define IF(test, value, skip) BPF_JUMP(BPF_JMP | (test) | BPF_K, value, 0, skip) /* else skips so many statements */

static int put(struct sock_filter *to, const struct sock_filter *from, size_t bytes)
{
    memcpy(to, from, bytes);
    return (int)(bytes / sizeof *from);
}

static int write_filter(struct sock_filter *filter)
{
    const struct sock_filter head[] = {
        WORD(arch), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NATIVE, 1, 0), FAIL(EPERM), WORD(nr), IF(BPF_JGE, FIRST_OF_2019, 1), FAIL(ENOSYS)};
    const struct sock_filter clone[] = {IF(BPF_JEQ, SYS_clone, 4), WORD(args[0]), IF(BPF_JSET, NAMESPACES, 1), FAIL(EPERM), PASS};
    const struct sock_filter sockets[] = {IF(BPF_JEQ, SYS_socket, 3), WORD(args[0]), IF(BPF_JEQ, VSOCK, 1), FAIL(EPERM)};
    const struct sock_filter pass[] = {PASS};
    int n = put(filter, head, sizeof head);
    for (size_t i = 0; i < N_DENIED; i++) {
        const struct sock_filter one[] = {IF(BPF_JEQ, (unsigned)denied[i], 1), FAIL(EPERM)};
        n += put(filter + n, one, sizeof one);
    }
    n += put(filter + n, clone, sizeof clone);
    n += put(filter + n, sockets, sizeof sockets);
    return n + put(filter + n, pass, sizeof pass);
}

static int fail(const char *what)
{
    fprintf(stderr, "confine: %s: %s\n", what, strerror(errno));
    return 1;
}

int main(int argc, char **argv)
{
    struct sock_filter filter[2 * N_DENIED + 20];
    if (argc < 2) return fprintf(stderr, "usage: confine PROGRAM [args]\n"), 2;
    struct sock_fprog program = {.len = (unsigned short)write_filter(filter), .filter = filter};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return fail("no new privileges");
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) return fail("filter");
    /* What is tested in a sandbox that is none proves nothing. */
    if (unshare(CLONE_NEWNS) == 0 || errno != EPERM) return fail("unshare is not denied");
    if (syscall(435 /* clone3 */, NULL, 0) == 0 || errno != ENOSYS) return fail("clone3 is not unknown");
    execvp(argv[1], argv + 1);
    return fail(argv[1]);
}
