/* The operating-system surface of the library.
 *
 * Two implementations: linux/ (memfd, epoll, eventfd, futex) and posix/ (shm_open + unlink, poll; the macOS path, chosen by
 * -DPARALLEL_PORTABLE=ON). What both share stands in the files of this folder, and calls that differ even then in calls_linux/ and
 * calls_macos/.
 * Every descriptor made here is close-on-exec. */
#ifndef PAR_OS_OS_H
#define PAR_OS_OS_H

#include <stdbool.h>
#include <stddef.h>
#include <signal.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buffer.h"
#include "base/status.h"

/* --- time (clock.c) --- */
int64_t par_os_now_ns(void);        /* monotonic */
int64_t par_os_now_coarse_ns(void); /* the same clock, some milliseconds behind, for a fifth of the price */
/* For those who ask several times in a microsecond: as of the last one or two. */
typedef struct par_os_recent {
    int64_t ns;
    uint64_t ticks; /* of the processor's counter, where a look at it is cheaper than at the clock */
} par_os_recent;
int64_t par_os_now_about(par_os_recent *last);
int64_t par_os_wall_ns(void); /* since 1970, as the system's clock says */
void par_os_sleep_ns(int64_t ns);

/* --- shared memory (memory.c, memory_open.c) --- */
size_t par_os_page_bytes(void);
/* A nameless shared-memory object of exactly `bytes` (a multiple of the page), which cannot shrink, as a descriptor. */
int par_os_memory_open(size_t bytes, int *fd, par_error *err);
/* Size of a received object; PAR_E_CORRUPT when it can still shrink under us (not sealed), where the system can tell. */
int par_os_memory_size(int fd, size_t *bytes, par_error *err);
/* How much of it takes up memory: what somebody has written (or read, where nothing was). UINT64_MAX: the system does not tell. */
uint64_t par_os_memory_taken_up(int fd);
/* Two numbers that all descriptors of one object have, and no others. */
int par_os_memory_identity(int fd, uint64_t out[2], par_error *err);
int par_os_memory_map(int fd, size_t offset, size_t bytes, void **data, par_error *err);
/* Maps the same bytes twice, back to back: a run that starts in the first view may end in the second. Unmap 2 * bytes. */
int par_os_memory_map_twice(int fd, size_t offset, size_t bytes, void **data, par_error *err);
/* The same bytes, but what is written here stays here (copy-on-write). */
int par_os_memory_map_private(int fd, size_t bytes, void **data, par_error *err);
/* Drops what was written to a private mapping: it shows the shared bytes again. true: pages that were only read are
 * still mapped. */
bool par_os_memory_reset(void *data, size_t bytes);
/* Page faults of this process, ever; 0: not known. As long as they are the same nothing was written to a private mapping for the first time. */
uint64_t par_os_memory_faults(void);
/* Maps the pages of a range in one step, for reading or also for writing: a hint. */
void par_os_memory_prefault(void *data, size_t bytes, bool writing);
void par_os_memory_unmap(void *data, size_t bytes);
/* Gives back what whole pages of a shared mapping hold: they are zero afterwards. A hint. */
void par_os_memory_drop(void *data, size_t bytes);
/* Is memory taken up only when it is touched, or all of it from the beginning? */
bool par_os_memory_is_lazy(void);
/* Can all of these bytes be read now? False also when the system cannot be asked. (readable.c) */
bool par_os_readable(const void *data, size_t bytes);
/* Private memory in a mapping of its own, aligned for huge pages; NULL when there is none. Resizing moves pages, it does
 * not copy them where the system can do that; on failure the old block stays. */
void *par_os_private_map(size_t bytes);
void *par_os_private_resize(void *data, size_t old_bytes, size_t bytes);
void par_os_private_unmap(void *data, size_t bytes);

/* --- the doorbell socket (socket.c) --- */
#define PAR_OS_FDS_MAX 16         /* descriptors in one write or read */
#define PAR_OS_SLICE_NS 100000000 /* longest uninterrupted sleep */
int par_os_socketpair(int fd[2], par_error *err);
/* What socketpair does to each end, for an inherited one: close-on-exec, no SIGPIPE, the slice. */
int par_os_socket_prepare(int fd, par_error *err);
/* Writes without waiting and without SIGPIPE. Returns bytes written, PAR_E_AGAIN, PAR_E_CLOSED or PAR_E_SYSTEM. */
int par_os_socket_write(int fd, const void *bytes, size_t len, const int *send_fds, int n_fds);
/* Reads without waiting; descriptors that came along go to received_fds (at most max_fds, the rest are closed). One that
 * finds no room in this process is lost.
 * Returns bytes read, PAR_E_AGAIN, PAR_E_CLOSED at end of file, or PAR_E_SYSTEM. */
int par_os_socket_read(int fd, void *bytes, size_t len, int *received_fds, int max_fds, int *n_fds);
/* For those who must lose nothing: look, then drop or take. Returns how many bytes are there, at most len, none of them behind a
 * descriptor; else as read. */
int par_os_socket_look(int fd, void *bytes, size_t len);
/* The same, but waits up to PAR_OS_SLICE_NS: then PAR_E_TIMEOUT, or PAR_E_INTERRUPTED when a signal came. */
int par_os_socket_look_slice(int fd, void *bytes, size_t len);
/* Takes away so many bytes that were seen; a descriptor that came with one of them is closed. */
void par_os_socket_drop(int fd, size_t len);
/* Takes the first byte away, which was seen, and the descriptor that came with it, close-on-exec; -1: none did. PAR_OK;
 * PAR_E_LIMIT: this process may have no more, and it stays where it is. */
int par_os_socket_take_fd(int fd, int *received_fd);
/* The peer sees the end of file now, even if another process has inherited a copy of fd. */
void par_os_socket_end(int fd);
void par_os_close(int fd);

/* --- waiting for descriptors (wait.c) --- */
enum { PAR_OS_READABLE = 1, PAR_OS_WRITABLE = 2, PAR_OS_HANGUP = 4 };
/* Waits until fd has one of `events` or hangs up, or until deadline_ns. Returns the events seen, PAR_E_TIMEOUT,
 * PAR_E_INTERRUPTED (a signal came) or PAR_E_SYSTEM. */
int par_os_wait_fd(int fd, int events, int64_t deadline_ns);
#define PAR_OS_WAITS_MAX 64
typedef struct par_os_wait {
    int fd;
    int events; /* waited for */
    int seen;   /* found, when wait_fds returned more than 0 */
} par_os_wait;
/* The same for up to PAR_OS_WAITS_MAX descriptors at once. Returns how many have events, or a code as above. */
int par_os_wait_fds(par_os_wait *waits, unsigned n, int64_t deadline_ns);
/* Sleeping on a word in shared memory (futex.c). wait sleeps while the word is `expected`, at most ns: PAR_OK, PAR_E_TIMEOUT,
 * PAR_E_INTERRUPTED, PAR_E_UNSUPPORTED. wake wakes one sleeper, wake_all all of them; false: the system has no such thing. */
bool par_os_futex_usable(void);
int par_os_futex_wait(_Atomic uint32_t *word, uint32_t expected, int64_t ns);
bool par_os_futex_wake(_Atomic uint32_t *word);
bool par_os_futex_wake_all(_Atomic uint32_t *word);

/* --- signs of life (life.c) --- */
/* A new descriptor of the same shared memory, with a sign of life at byte `at` (which may be behind its end): it is there until
 * the last process that has this very descriptor, inherited or sent over a socket, has closed it or ended. PAR_E_UNSUPPORTED:
 * the system has no such thing; PAR_E_INVALID: somebody has set one there. */
int par_os_life_open(int memory_fd, uint64_t at, int *fd, par_error *err);
/* Is there a sign of life at this byte, set through any descriptor but this one? True also when nobody can tell. */
bool par_os_life_seen(int fd, uint64_t at);

/* Many descriptors as one (set.c). */
typedef struct par_os_set par_os_set;
int par_os_set_open(par_os_set **out, par_error *err);
void par_os_set_close(par_os_set *set);
int par_os_set_add(par_os_set *set, int fd, void *token, par_error *err); /* for reading and hang-up, level-triggered */
void par_os_set_remove(par_os_set *set, int fd);                          /* before fd is closed */
/* Gives the tokens of up to max descriptors that are readable or hung up and returns their number, which may be 0 when
 * the set is raised; else PAR_E_TIMEOUT, PAR_E_INTERRUPTED, PAR_E_SYSTEM. deadline_ns 0: never waits. */
int par_os_set_wait(par_os_set *set, void **tokens, int max, int64_t deadline_ns);
/* A descriptor for other event loops: readable while one of the set is, or while it is raised. */
int par_os_set_fd(par_os_set *set, int *fd, par_error *err);
void par_os_set_raise(par_os_set *set); /* nothing happens before the descriptor was asked for */
void par_os_set_lower(par_os_set *set); /* call it when everything readable was looked at */

struct pollfd;
/* poll(2) with an absolute deadline; returns what poll returns. */
int par_os_poll(struct pollfd *fds, unsigned n, int64_t deadline_ns);

/* --- processes (process.c) --- */
typedef struct par_os_spawn_options {
    const char *program;      /* looked up on PATH when it has no slash */
    char *const *argv;        /* NULL-terminated */
    char *const *environment; /* NULL-terminated, or NULL: this process' own */
    const char *cwd;          /* or NULL */
    int fds[8];               /* fds[i] becomes descriptor i in the child (0..2 stay inherited where -1) */
    int n_fds;
    bool stops; /* SIGTSTP has its default action there, also when this process ignores it */
} par_os_spawn_options;
char **par_os_environment(void); /* this process' own, "NAME=value" up to a NULL */
/* The new process finds SIGINT blocked, so that Ctrl-C cannot break into its start. */
int par_os_spawn(const par_os_spawn_options *options, pid_t *pid, par_error *err);
/* One that serves us: a socket pair, whose one end is the process's descriptor at_fd and whose other end is *socket. Descriptors of the
 * options stay out. */
int par_os_spawn_server(const par_os_spawn_options *options, int at_fd, pid_t *pid, int *socket, par_error *err);
/* Lets SIGINT reach this thread, or holds it back until it is let. Was it let before? */
bool par_os_let_interrupt(bool let);

typedef struct par_os_exit {
    bool ended;
    int status; /* exit status, when it ended by itself */
    int signal; /* or the signal which killed it, else 0 */
} par_os_exit;
/* Has this very child ended? Never waits for any other child. A child that somebody else reaped counts as ended with
 * status -1 (a host that ignores SIGCHLD). */
void par_os_reap(pid_t pid, par_os_exit *out);
int par_os_kill(pid_t pid, int signal_number);
/* Is there a process with this number? One that has ended counts no more, reaped or not; one whose number is not known (0)
 * does. */
bool par_os_process_there(pid_t pid);
pid_t par_os_pid(void);
int64_t par_os_thread_id(void); /* of the calling thread; on Linux that of the first thread is par_os_pid() */
pid_t par_os_parent_pid(void);
/* A descriptor that becomes readable when this process ends, or -1: there is no such thing here. */
int par_os_process_watch(pid_t pid);
/* Path of the running program, or 0 bytes when the system cannot tell. Returns the length. */
size_t par_os_program_path(char *out, size_t room);
int par_os_cores(void); /* usable cores: affinity and cgroup quota */
int par_os_core(void);  /* the one that the calling thread runs on, from 0 on; -1: not known */
/* Moves the calling thread to the core that it may use with the least load (of cores below n), if that is at least 2 less than its own core's.
 * From there the system may move it on as ever. */
bool par_os_take_core(const unsigned *load, int n);
/* A pipe: [0] is ours to read without waiting, the other for a child to write. Both close-on-exec. */
int par_os_pipe(int *read_fd, int *write_fd, par_error *err);
/* Reads without waiting: bytes read, 0 at the end, PAR_E_AGAIN or PAR_E_SYSTEM. */
int par_os_read(int fd, void *bytes, size_t len);
/* Another descriptor of the same thing. */
int par_os_copy_fd(int fd, int *copy, par_error *err);

/* --- other processes, for who looks at them (look.c) --- */
typedef struct par_os_process_info {
    pid_t pid, parent;
    char state;            /* as the system calls it: R runs, S sleeps, D waits for a device, T is stopped, Z has ended */
    char command[17];      /* the beginning of its program's name */
    int64_t cpu_ns;        /* used up so far */
    uint64_t memory_bytes; /* resident */
} par_os_process_info;
/* Tells of each process of this machine. PAR_E_UNSUPPORTED: the system does not say. */
int par_os_each_process(void (*tell)(void *context, const par_os_process_info *info), void *context, par_error *err);
/* Copies `len` bytes from byte `at` of each shared memory that this process has open as a descriptor, until `take` says that these were
 * the ones. false: none were, or it is not ours to look at. */
bool par_os_look_into(pid_t pid, uint64_t at, void *bytes, size_t len, bool (*take)(void *context), void *context);
/* What a process calls itself, in its own namespace; `pid` when the system does not say. */
pid_t par_os_own_number(pid_t pid);
/* Has `handler` called when somebody looks at this process and asks (PAR_OS_ASK, ignored by everybody else), in whichever thread. System
 * calls go on after it. false: the program uses this signal itself. */
#define PAR_OS_ASK SIGURG
bool par_os_on_ask(void (*handler)(int signal_number));

/* --- byte streams without waiting (stream.c) --- */
typedef struct par_os_part {
    void *bytes; /* written parts are only read */
    size_t len;
} par_os_part;
/* Bytes written or read, PAR_E_AGAIN, PAR_E_CLOSED (reading: at the end), PAR_E_SYSTEM. SIGPIPE has to be ignored. */
int64_t par_os_write_parts(int fd, const par_os_part *parts, int n);
int64_t par_os_read_parts(int fd, const par_os_part *parts, int n);
int par_os_stream_prepare(int fd, par_error *err); /* close-on-exec, without waiting, with a large buffer if it is a pipe: */
#define PAR_OS_PIPE_BYTES (1 << 20)                /* unprivileged users may have so much */
/* A pipe the other way round: [0] is ours to write without waiting, the other for a child to read. */
int par_os_pipe_out(int *write_fd, int *read_fd, par_error *err);
/* Standard input and output become streams of our own; in their places come nothing, and standard error, so that nothing that prints
 * gets between. */
int par_os_take_stdio(int *in, int *out, par_error *err);
/* A program may have been started with its standard input or output closed. What is opened next would get that number, and what the
 * program prints would go into shared memory: afterwards the numbers are taken, and reading or printing is the error that it was. */
void par_os_hold_standard(void);
/* For a process that serves another one and ends with it: signals of the terminal do not reach it, and it may have all the descriptors
 * that there are. */
void par_os_serve_quietly(void);
int par_os_random(void *bytes, size_t len, par_error *err);

/* Opens a file to read and write, close-on-exec. */
int par_os_open(const char *path, int *fd, par_error *err);
/* Could this process open a file now? Not when it has all the descriptors that it may have. */
bool par_os_has_descriptor(void);
/* A signal for one thread of this process. May be called in a handler. */
void par_os_signal_thread(pthread_t thread, int signal_number);
/* A detached thread with a small stack, in which no signal handler of the host ever runs. */
int par_os_thread_start(void *(*run)(void *), void *argument, par_error *err);
/* A condition whose waits end at a moment of par_os_now_ns, whatever the system's clock is set to meanwhile. */
void par_os_condition_init(pthread_cond_t *condition);
/* false: nobody has signalled it before deadline_ns. */
bool par_os_condition_wait(pthread_cond_t *condition, pthread_mutex_t *lock, int64_t deadline_ns);
/* Has *run called when this thread ends, by itself or by pthread_exit (not at the end of the process). One for each thread. */
void par_os_at_thread_end(void (*const *run)(void));

/* A copy of this process that is a child of our parent, not of us: 0 in the copy, its pid here, or a negative errno. For
 * single-threaded processes only. -ENOSYS where the system has no such thing. */
int64_t par_os_fork_sibling(void);
bool par_os_fork_sibling_usable(void);
/* fd becomes descriptor `target`, which is closed before; fd is closed after. */
int par_os_move_fd(int fd, int target, par_error *err);
/* The path without links and dots, to be freed; NULL: there is no such file. */
char *par_os_real_path(const char *path);
int par_os_set_variable(const char *name, const char *value, par_error *err); /* value NULL: removes it */
int par_os_set_directory(const char *path, par_error *err);

/* Limits that a process sets for itself (resource.c). */
int par_os_set_nice(int nice, par_error *err);
int par_os_set_affinity(const int *cores, int n, par_error *err); /* numbers from 0 on */
int par_os_limit_memory(uint64_t bytes, par_error *err);          /* private data; allocations beyond it fail */

/* Starts a thread that waits for fd's hang-up and then calls on_hangup (which must be safe in any thread). */
int par_os_watch_hangup(int fd, void (*on_hangup)(void), par_error *err);

/* --- addresses of this machine (address.c) --- */
#define PAR_OS_ADDRESSES_MAX 256
typedef struct par_os_address {
    char interface[32];
    char ip[48];
    int family; /* 4 or 6 */
    bool loopback;
} par_os_address;
/* The addresses of the interfaces that are up, at most max of them. Returns their number or a negative code. */
int par_os_addresses(par_os_address *out, int max, par_error *err);
/* Name of this machine, or 0 bytes when the system has none. Returns the length. */
size_t par_os_hostname(char *out, size_t room);

/* --- connections between machines (tcp.c) --- */
/* Listens at this address of ours (not at all of them); port 0: any that is free. */
int par_os_listen(const char *address, unsigned port, int *fd, unsigned *actual, par_error *err);
/* The next one who has connected, as a stream; from: where he is, for people. PAR_E_AGAIN: nobody has. */
int par_os_accept(int listen_fd, int *fd, char *from, size_t room, par_error *err);
/* A stream to who listens there. */
int par_os_connect(const char *address, unsigned port, int64_t deadline_ns, int *fd, par_error *err);
/* The address of ours from which that host is reached. */
int par_os_address_to(const char *host, char *out, size_t room, par_error *err);

/* --- small things --- */
bool par_os_is_terminal(int fd);
int par_os_terminal_columns(int fd); /* 0: it has none */
/* The next key of a terminal, without an Enter behind it and without an echo. Returns its byte; PAR_E_TIMEOUT: none in time, or a signal
 * came; PAR_E_UNSUPPORTED: it is no terminal, or we are not in its foreground; PAR_E_CLOSED: it has gone. One thread, one terminal. */
int par_os_terminal_key(int fd, int64_t timeout_ns);
/* It gives lines again, as it was before. */
void par_os_terminal_give_lines(int fd);

/* --- a file to which several processes append (journal.c) --- */
int par_os_journal_open(const char *path, bool create, int *fd, par_error *err);
/* Puts bytes before the ending, under a lock. The buffer needs room for the ending behind len. Not whole events that a killed
 * process left are cut off: events are joined by ",\n" and have no such bytes inside. PAR_E_SYSTEM, with errno: nothing was added. */
int par_os_journal_append(int fd, char *bytes, size_t len, const char *ending, size_t ending_len);
/* One without a name in any folder; other processes of this user open it by `path` as long as this one lives. PAR_E_UNSUPPORTED. */
int par_os_journal_unnamed(int *fd, char *path, size_t room, par_error *err);
/* Appends all that stands before the ending, and empties the file. PAR_OK, PAR_E_NOMEM, PAR_E_SYSTEM. */
int par_os_journal_take(int fd, par_buffer *out, const char *ending, size_t ending_len);
/* Lets another process have this core, if one waits for it. */
void par_os_yield(void);
static inline void par_os_pause(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("isb");
#endif
}
uint64_t par_os_memory_total_bytes(void);
/* Writes everything, waiting where it must (also on a non-blocking descriptor). */
int par_os_write_all(int fd, const void *bytes, size_t len);
/* CPU time of this process so far, in its own code and in the system's (usage.c). */
void par_os_cpu_ns(int64_t *user_ns, int64_t *system_ns);

#endif
