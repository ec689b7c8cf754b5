/* What bench/remote.lua is measured beside: two bare programs over libzmq, without and with CURVE, and over the pipes of ssh.
 *   remote_peer serve ENDPOINT plain|curve     sends short messages back, answers a message "end" with the number of bytes that came since
 *   remote_peer ask ENDPOINT plain|curve       measures between itself and `serve`
 *   remote_peer echo                           sends back what comes
 *   remote_peer through COMMAND...             measures between itself and an echo that this command starts
 *   remote_peer bridge ENDPOINT                measures between itself and the echo of an agent, with CURVE, each behind a process of its own
 *   remote_peer agent ENDPOINT                 that passes on what comes and does nothing else: the least that a bridge and an agent can be
 * What is to be measured is read from standard input, line by line, and each is answered by one number:
 *   trips N          the median of N round trips of 100 bytes, in us
 *   rate BYTES N     of N texts of so many bytes, each another one, in MB/s (`ask` only)
 *   end              is not answered */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

#define SHORT_BYTES 100
#define TRIPS_MAX 100000

/* Keys for a measurement are no secret. */
static const char server_public[] = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7";
static const char server_secret[] = "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6";

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void *open_socket(int type, int curve)
{
    void *socket = zmq_socket(zmq_ctx_new(), type);
    char public_key[41], secret_key[41];
    int yes = 1;
    if (!curve) return socket;
    if (type == ZMQ_ROUTER) {
        zmq_setsockopt(socket, ZMQ_CURVE_SERVER, &yes, sizeof yes);
        zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, server_secret, sizeof server_secret);
    } else {
        zmq_curve_keypair(public_key, secret_key);
        zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, server_public, sizeof server_public);
        zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, public_key, sizeof public_key);
        zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, secret_key, sizeof secret_key);
    }
    return socket;
}

static int serve(const char *endpoint, int curve)
{
    void *socket = open_socket(ZMQ_ROUTER, curve);
    if (zmq_bind(socket, endpoint) != 0) return 1;
    long long bytes = 0;
    for (;;) {
        char id[256];
        zmq_msg_t message;
        int id_len = zmq_recv(socket, id, sizeof id, 0);
        zmq_msg_init(&message);
        if (id_len < 0 || zmq_msg_recv(&message, socket, 0) < 0) return 1;
        size_t len = zmq_msg_size(&message);
        if (len == 4 && memcmp(zmq_msg_data(&message), "stop", 4) == 0) return 0;
        bytes += (long long)len;
        if (len <= SHORT_BYTES) zmq_send(socket, id, (size_t)id_len, ZMQ_SNDMORE);
        if (len == SHORT_BYTES) {
            zmq_send(socket, zmq_msg_data(&message), len, 0);
        } else if (len < SHORT_BYTES) {
            zmq_send(socket, &bytes, sizeof bytes, 0);
            bytes = 0;
        }
        zmq_msg_close(&message);
    }
}

/* --- what is measured --- */
/* One side of a connection to a peer that sends back what is short. */
typedef struct peer {
    void *socket; /* of libzmq, or NULL: */
    int in, out;  /* pipes */
} peer;

/* A short message there and back. */
static void exchange(const peer *to, const char *bytes, size_t len)
{
    char answer[SHORT_BYTES];
    if (to->socket) {
        zmq_send(to->socket, bytes, len, 0);
        zmq_recv(to->socket, answer, sizeof answer, 0);
        return;
    }
    if (write(to->out, bytes, len) != (ssize_t)len) exit(1);
    for (size_t got = 0; got < len;) {
        ssize_t n = read(to->in, answer, len - got);
        if (n <= 0) exit(1);
        got += (size_t)n;
    }
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static double trips(const peer *to, int n)
{
    static double times[TRIPS_MAX];
    static const char bytes[SHORT_BYTES];
    if (n < 1 || n > TRIPS_MAX) exit(2);
    for (int i = 0; i < n; i++) {
        double began = now();
        exchange(to, bytes, sizeof bytes);
        times[i] = now() - began;
    }
    qsort(times, (size_t)n, sizeof *times, compare);
    return times[(n - 1) / 2] * 1e6;
}

/* A program has made what it sends: the texts are there, and in no cache, before the first is sent. */
static double rate(const peer *to, size_t size, int n)
{
    char *texts = malloc(size * (size_t)n);
    if (!texts || n < 1) exit(2);
    for (int i = 0; i < n; i++) memset(texts + (size_t)i * size, '0' + i % 64, size);
    double began = now();
    for (int i = 0; i < n; i++) zmq_send(to->socket, texts + (size_t)i * size, size, 0);
    exchange(to, "end", 3);
    double seconds = now() - began;
    free(texts);
    return (double)n * (double)size / seconds * 1e-6;
}

static void measure(const peer *to)
{
    char line[100];
    size_t size;
    int n;
    while (fgets(line, sizeof line, stdin)) {
        if (strcmp(line, "end\n") == 0) return; /* others may have the pipe open as well */
        if (sscanf(line, "trips %d", &n) == 1) printf("%.1f\n", trips(to, n));
        else if (to->socket && sscanf(line, "rate %zu %d", &size, &n) == 2) printf("%.0f\n", rate(to, size, n));
        else exit(2);
        fflush(stdout);
    }
}

static int ask(const char *endpoint, int curve)
{
    peer to = {.socket = open_socket(ZMQ_DEALER, curve)};
    if (zmq_connect(to.socket, endpoint) != 0) return 1;
    measure(&to);
    zmq_send(to.socket, "stop", 4, 0);
    nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL); /* until it is out */
    return 0;
}

static int echo(void)
{
    char bytes[4096];
    for (ssize_t n; (n = read(0, bytes, sizeof bytes)) > 0;)
        if (write(1, bytes, (size_t)n) != n) return 1;
    return 0;
}

/* --- the least of a bridge and of an agent --- */
static int watch(int set, int fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data = {.fd = fd}};
    return epoll_ctl(set, EPOLL_CTL_ADD, fd, &event);
}

/* From libzmq to fd as long as something is there: its descriptor tells once. name: of the other end, which a router needs. */
static void pass_in(void *socket, int fd, const char *name)
{
    char bytes[4096];
    for (;;) {
        if (name && zmq_recv(socket, bytes, sizeof bytes, ZMQ_DONTWAIT) < 0) return;
        int n = zmq_recv(socket, bytes, sizeof bytes, ZMQ_DONTWAIT);
        if (n < 0 || write(fd, bytes, (size_t)n) != n) return;
    }
}

static int pass_on(void *socket, int fd, const char *name, size_t name_len)
{
    char bytes[4096];
    int zmq_fd, set = epoll_create1(0);
    size_t len = sizeof zmq_fd;
    struct epoll_event event;
    zmq_getsockopt(socket, ZMQ_FD, &zmq_fd, &len);
    if (watch(set, zmq_fd) != 0 || watch(set, fd) != 0) return 1;
    for (;;) {
        pass_in(socket, fd, name);
        if (epoll_wait(set, &event, 1, -1) != 1) return 1;
        if (event.data.fd == zmq_fd) continue;
        ssize_t n = read(fd, bytes, sizeof bytes);
        if (n <= 0) return 0;
        if (name) zmq_send(socket, name, name_len, ZMQ_SNDMORE);
        zmq_send(socket, bytes, (size_t)n, 0);
    }
}

static int bridge(const char *endpoint)
{
    int ends[2];
    char name[256], first[8];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) return 1;
    if (fork() != 0) {
        close(ends[1]);
        measure(&(peer){.in = ends[0], .out = ends[0]});
        return 0;
    }
    close(ends[0]);
    void *socket = open_socket(ZMQ_ROUTER, 1);
    if (zmq_bind(socket, endpoint) != 0) return 1;
    int len = zmq_recv(socket, name, sizeof name, 0);
    if (len < 0 || zmq_recv(socket, first, sizeof first, 0) < 0) return 1;
    return pass_on(socket, ends[1], name, (size_t)len);
}

static int agent(const char *endpoint)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) return 1;
    if (fork() == 0) {
        close(ends[0]);
        dup2(ends[1], 0);
        dup2(ends[1], 1);
        return echo();
    }
    close(ends[1]);
    void *socket = open_socket(ZMQ_DEALER, 1);
    if (zmq_connect(socket, endpoint) != 0) return 1;
    zmq_send(socket, "here", 4, 0);
    return pass_on(socket, ends[0], NULL, 0);
}

static int through(char **command)
{
    int in[2], out[2];
    if (pipe(in) != 0 || pipe(out) != 0) return 1;
    if (fork() == 0) {
        dup2(in[0], 0);
        dup2(out[1], 1);
        close(in[1]);
        close(out[0]);
        execvp(command[0], command);
        _exit(127);
    }
    close(in[0]);
    close(out[1]); /* so that the end of the command is told */
    measure(&(peer){.in = out[0], .out = in[1]});
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "echo") == 0) return echo();
    if (argc > 2 && strcmp(argv[1], "through") == 0) return through(argv + 2);
    if (argc == 3 && strcmp(argv[1], "bridge") == 0) return bridge(argv[2]);
    if (argc == 3 && strcmp(argv[1], "agent") == 0) return agent(argv[2]);
    if (argc != 4) return 2;
    int curve = strcmp(argv[3], "curve") == 0;
    return strcmp(argv[1], "serve") == 0 ? serve(argv[2], curve) : ask(argv[2], curve);
}
