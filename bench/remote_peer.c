/* What bench/remote.lua is measured beside: two bare programs over libzmq, without and with CURVE, and over the pipes of ssh.
 *   remote_peer serve ENDPOINT plain|curve     echoes short messages, answers a message "end" with the number of bytes that came since
 *   remote_peer ask ENDPOINT plain|curve       prints: round trip of 100 bytes in us, MB/s at 64 KB, 1 MB and 16 MB
 *   remote_peer echo                           sends back what comes
 *   remote_peer through COMMAND...             prints the round trip of 100 bytes in us to an echo that this command starts */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

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
        if (len <= 100) { /* "end" or a short one: answered */
            zmq_send(socket, id, (size_t)id_len, ZMQ_SNDMORE);
            zmq_send(socket, &bytes, sizeof bytes, 0);
            bytes = 0;
        }
        zmq_msg_close(&message);
    }
}

static void exchange(void *socket, const void *bytes, size_t len)
{
    long long answer;
    zmq_send(socket, bytes, len, 0);
    zmq_recv(socket, &answer, sizeof answer, 0);
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static int ask(const char *endpoint, int curve)
{
    static double times[2000];
    static const size_t sizes[] = {64 << 10, 1 << 20, 16 << 20};
    void *socket = open_socket(ZMQ_DEALER, curve);
    char *bytes = calloc(1, 16 << 20);
    if (zmq_connect(socket, endpoint) != 0) return 1;
    exchange(socket, bytes, 100);
    for (int i = 0; i < 2000; i++) {
        double began = now();
        exchange(socket, bytes, 100);
        times[i] = now() - began;
    }
    qsort(times, 2000, sizeof *times, compare);
    printf("%.1f", times[1000] * 1e6);
    for (int s = 0; s < 3; s++) {
        double rates[5];
        int n = (int)((64 << 20) / sizes[s]);
        for (int round = 0; round < 5; round++) {
            double began = now();
            for (int i = 0; i < n; i++) zmq_send(socket, bytes, sizes[s], 0);
            exchange(socket, "end", 3);
            rates[round] = (double)n * (double)sizes[s] / (now() - began) * 1e-6;
        }
        qsort(rates, 5, sizeof *rates, compare);
        printf(" %.0f", rates[2]);
    }
    printf("\n");
    zmq_send(socket, "stop", 4, 0);
    fflush(stdout);
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

static int through(char **command)
{
    static double times[2000];
    int in[2], out[2];
    char bytes[100] = {0};
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
    for (int i = -100; i < 2000; i++) {
        double began = now();
        if (write(in[1], bytes, sizeof bytes) != (ssize_t)sizeof bytes) return 1;
        for (size_t got = 0; got < sizeof bytes;) {
            ssize_t n = read(out[0], bytes + got, sizeof bytes - got);
            if (n <= 0) return 1;
            got += (size_t)n;
        }
        if (i >= 0) times[i] = now() - began;
    }
    qsort(times, 2000, sizeof *times, compare);
    printf("%.1f\n", times[1000] * 1e6);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "echo") == 0) return echo();
    if (argc > 2 && strcmp(argv[1], "through") == 0) return through(argv + 2);
    if (argc != 4) return 2;
    int curve = strcmp(argv[3], "curve") == 0;
    return strcmp(argv[1], "serve") == 0 ? serve(argv[2], curve) : ask(argv[2], curve);
}
