/* Descriptors are close-on-exec as soon as anybody can see them: a program that another thread starts never inherits one. */
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/limits.h"
#include "os/os.h"
#include "tap.h"

#ifdef __APPLE__
#define TIMES 0 /* there is no such call */
#else
#define TIMES 5000
#endif
#define LOOKED_AT 32 /* numbers */

static par_error err;
static bool had[LOOKED_AT]; /* by number: what this program was started with */
static atomic_bool done;    /* all others are made */
static atomic_uint leaked;  /* seen without the flag */

static void *look(void *unused)
{
    (void)unused;
    while (!atomic_load(&done))
        for (int fd = 0; fd < LOOKED_AT; fd++) {
            int flags = had[fd] ? -1 : fcntl(fd, F_GETFD);
            if (flags >= 0 && !(flags & FD_CLOEXEC)) atomic_fetch_add(&leaked, 1);
        }
    return NULL;
}

static void close_both(const int fd[2])
{
    par_os_close(fd[0]);
    par_os_close(fd[1]);
}

static void make_pipes(void)
{
    int fd[2];
    CHECK_INT(par_os_pipe(&fd[0], &fd[1], &err), PAR_OK);
    close_both(fd);
    CHECK_INT(par_os_pipe_out(&fd[0], &fd[1], &err), PAR_OK);
    close_both(fd);
    CHECK_INT(par_os_socketpair(fd, &err), PAR_OK);
    close_both(fd);
}

static int listening;
static unsigned port;

static void make_connection(void)
{
    char from[80];
    int fd[2];
    CHECK_INT(par_os_connect("127.0.0.1", port, PAR_NEVER, &fd[0], &err), PAR_OK);
    CHECK(par_os_wait_fd(listening, PAR_OS_READABLE, PAR_NEVER) > 0);
    CHECK_INT(par_os_accept(listening, &fd[1], from, sizeof from, &err), PAR_OK);
    struct linger at_once = {.l_onoff = 1};
    setsockopt(fd[0], SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once); /* no address waits for what is late */
    close_both(fd);
}

/* While one thread makes them another one looks at their numbers, as a start of a program would. */
static void look_while(void (*make)(void), int times)
{
    pthread_t looker;
    for (int fd = 0; fd < LOOKED_AT; fd++) had[fd] = fcntl(fd, F_GETFD) >= 0;
    CHECK_INT(pthread_create(&looker, NULL, look, NULL), 0);
    for (int i = 0; i < times; i++) make();
    atomic_store(&done, true);
    CHECK_INT(pthread_join(looker, NULL), 0);
    CHECK_INT(atomic_load(&leaked), 0);
}

static void pipes(void) { look_while(make_pipes, TIMES); }

static void connections(void)
{
    CHECK_INT(par_os_listen("127.0.0.1", 0, &listening, &port, &err), PAR_OK);
    look_while(make_connection, TIMES / 10);
    par_os_close(listening);
}

TAP_MAIN(TEST(pipes), TEST(connections))
