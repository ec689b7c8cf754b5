/* Byte streams that are read and written without waiting: pipes to other programs, and what a program was given as its own. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <unistd.h>

#include "os/fault.h"
#include "os/os.h"
#include "os/system.h"

_Static_assert(sizeof(par_os_part) == sizeof(struct iovec) && offsetof(par_os_part, len) == offsetof(struct iovec, iov_len),
               "a part is an iovec");

static int64_t outcome(ssize_t n)
{
    if (n >= 0) return n;
    if (errno == EAGAIN || errno == EWOULDBLOCK) return PAR_E_AGAIN;
    return errno == EPIPE || errno == ECONNRESET ? PAR_E_CLOSED : PAR_E_SYSTEM;
}

int64_t par_os_write_parts(int fd, const par_os_part *parts, int n)
{
    ssize_t done;
    do done = PAR_TRY(writev(fd, (const struct iovec *)(const void *)parts, n));
    while (done < 0 && errno == EINTR);
    return outcome(done);
}

int64_t par_os_read_parts(int fd, const par_os_part *parts, int n)
{
    ssize_t done;
    do done = PAR_TRY(readv(fd, (const struct iovec *)(const void *)parts, n));
    while (done < 0 && errno == EINTR);
    return done == 0 ? PAR_E_CLOSED : outcome(done);
}

int par_os_stream_prepare(int fd, par_error *err)
{
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || PAR_TRY(fcntl(fd, F_SETFL, flags | O_NONBLOCK)) != 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) != 0)
        return par_error_system(err, "cannot use descriptor %d as a stream", fd);
#ifdef F_SETPIPE_SZ
    fcntl(fd, F_SETPIPE_SZ, PAR_OS_PIPE_BYTES);
#endif
    return PAR_OK;
}

int par_os_pipe_out(int *write_fd, int *read_fd, par_error *err)
{
    int fd[2];
    if (par_os_make_pipe(fd) != 0) return par_error_system(err, "cannot make a pipe");
    if (par_os_stream_prepare(fd[1], err) != PAR_OK) {
        close(fd[0]);
        close(fd[1]);
        return err->code;
    }
    *read_fd = fd[0];
    *write_fd = fd[1];
    return PAR_OK;
}

int par_os_take_stdio(int *in, int *out, par_error *err)
{
    *in = fcntl(0, F_DUPFD_CLOEXEC, 3);
    *out = fcntl(1, F_DUPFD_CLOEXEC, 3);
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (*in < 0 || *out < 0 || null < 0 || dup2(null, 0) < 0 || dup2(2, 1) < 0)
        return par_error_system(err, "cannot take standard input and output over");
    close(null);
    int rc = par_os_stream_prepare(*in, err);
    return rc == PAR_OK ? par_os_stream_prepare(*out, err) : rc;
}

void par_os_hold_standard(void)
{
    for (int fd = 0; fd <= 2; fd++) {
        if (fcntl(fd, F_GETFD) >= 0 || errno != EBADF) continue;
        int opened = open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY); /* the wrong way round, so that using it fails */
        if (opened >= 0 && opened != fd) close(opened);                /* another thread was faster */
    }
}

void par_os_serve_quietly(void)
{
    static const int ignored[] = {SIGPIPE, SIGINT, SIGTERM, SIGHUP, SIGTSTP};
    for (unsigned i = 0; i < sizeof ignored / sizeof *ignored; i++) signal(ignored[i], SIG_IGN);
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

int par_os_random(void *bytes, size_t len, par_error *err)
{
    int fd = PAR_TRY(open("/dev/urandom", O_RDONLY | O_CLOEXEC));
    ssize_t n = fd >= 0 ? PAR_TRY(read(fd, bytes, len)) : -1;
    if (fd >= 0) close(fd);
    return n == (ssize_t)len ? PAR_OK : par_error_system(err, "cannot read /dev/urandom");
}
