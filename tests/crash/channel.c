/* channel [rounds [seed]]: kills either side at a random moment, again and again. Every message that arrives is whole, the
 * survivor notices, and nothing is left. */
#include <dirent.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "channel/pool.h"
#include "peers.h"

static uint64_t state;
static _Atomic long *survivors; /* shared by all: children that outlived their parent and were content */

static uint64_t next_random(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static uint64_t checksum(const uint8_t *bytes, size_t n)
{
    uint64_t sum = n * 0x9e3779b97f4a7c15u;
    for (size_t i = 0; i < n; i++) sum = (sum ^ bytes[i]) * 0x100000001b3u;
    return sum;
}

/* A message: its number, the checksum of the rest, random bytes; sometimes a payload with a checksum in front. */
static int send_checked(par_channel *channel, uint64_t number)
{
    static uint8_t bytes[200000], large[400000];
    static int filled;
    par_error err;
    if (!filled++) pattern_fill(large, sizeof large, 1);
    size_t len = next_random() % 8 ? next_random() % 300 : next_random() % sizeof bytes;
    if (len < 16) len = 16;
    for (size_t i = 16; i < len; i += 8) bytes[i] = (uint8_t)next_random();
    uint64_t sum = checksum(bytes + 16, len - 16);
    memcpy(bytes, &number, 8);
    memcpy(bytes + 8, &sum, 8);
    par_payload payload = {.data = large, .bytes = 70000 + next_random() % 300000};
    uint64_t payload_sum = checksum(large + 8, 69992);
    memcpy(large, &payload_sum, 8);
    return par_channel_send(channel, 1, bytes, len, &payload, next_random() % 16 == 0, PAR_NEVER, &err);
}

static void check(const par_message *message, uint64_t number)
{
    uint64_t got, sum;
    CHECK(message->len >= 16);
    memcpy(&got, message->bytes, 8);
    memcpy(&sum, message->bytes + 8, 8);
    CHECK_INT(got, number);
    CHECK(sum == checksum(message->bytes + 16, message->len - 16));
    for (uint32_t i = 0; i < message->n_payloads; i++) {
        const uint8_t *data = message->payloads[i]->data;
        CHECK(message->payloads[i]->bytes >= 70000);
        memcpy(&sum, data, 8);
        CHECK(sum == checksum(data + 8, 69992));
    }
}

/* Both sides do the same: send some, receive some, until one is no more. Returns the messages that came. */
static uint64_t talk(par_channel *channel)
{
    par_error err;
    par_message message;
    uint64_t sent = 0, received = 0;
    for (;;) {
        if (next_random() % 2) {
            int rc = send_checked(channel, sent++);
            if (rc == PAR_E_CLOSED) break;
            CHECK_INT(rc, PAR_OK);
            continue;
        }
        int rc = par_channel_receive(channel, &message, MILLISECONDS(next_random() % 2), &err);
        if (rc == PAR_E_CLOSED) return received;
        if (rc == PAR_E_TIMEOUT) continue;
        CHECK_INT(rc, PAR_OK);
        check(&message, received++);
        par_channel_release(channel, &message);
    }
    while (par_channel_receive(channel, &message, SECONDS(60), &err) == PAR_OK) { /* what was sent before the end */
        check(&message, received++);
        par_channel_release(channel, &message);
    }
    CHECK_INT(err.code, PAR_E_CLOSED);
    return received;
}

static void child(par_channel *channel)
{
    next_random();
    talk(channel);
    ++*survivors;
}

static int count(const char *folder, const char *prefix)
{
    int n = 0;
    DIR *dir = opendir(folder);
    struct dirent *entry;
    while (dir && (entry = readdir(dir))) n += strncmp(entry->d_name, prefix, strlen(prefix)) == 0;
    if (dir) closedir(dir);
    return n;
}

/* Shared memory that was left. The portable backend makes names that live for moments: who is killed then leaves that of an empty object. */
static int count_shared(void)
{
    int n = 0;
    DIR *dir = opendir("/dev/shm");
    struct dirent *entry;
    struct stat info;
    while (dir && (entry = readdir(dir))) {
        if (strncmp(entry->d_name, "par", 3) != 0 || fstatat(dirfd(dir), entry->d_name, &info, 0) != 0) continue;
        n += info.st_size > 0 || par_os_memory_is_lazy();
    }
    if (dir) closedir(dir);
    return n;
}

/* A process of its own for each round, so that either side can be the one that dies. */
static uint64_t run_round(int report)
{
    peers p;
    state += getpid();
    peers_start(&p, 16384, child);
    pid_t parent = getpid(), victim = next_random() % 2 ? p.child : parent;
    int64_t delay = (int64_t)(next_random() % 8000) * 1000;
    pid_t killer = fork();
    if (killer == 0) {
        par_os_close(par_channel_socket(p.channel));
        par_os_sleep_ns(delay);
        kill(victim, SIGKILL);
        _exit(0);
    }
    uint64_t received = talk(p.channel);
    int status;
    CHECK(waitpid(p.child, &status, 0) == p.child);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL); /* a failed check would be another status */
    CHECK(waitpid(killer, NULL, 0) == killer);
    par_channel_close(p.channel);
    par_pool_trim();
    CHECK_INT(count("/proc/self/fd", ""), report);
    return received;
}

static void round_of_its_own(int fds)
{
    fflush(stdout);
    long before = *survivors;
    pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        alarm(200);
        run_round(fds);
        _exit(0);
    }
    int status;
    CHECK(waitpid(pid, &status, 0) == pid);
    if (WIFEXITED(status)) CHECK_INT(WEXITSTATUS(status), 0);
    if (!WIFSIGNALED(status)) return;
    CHECK_INT(WTERMSIG(status), SIGKILL);
    int64_t limit = SECONDS(60); /* its child has to notice, read what is left and end */
    while (*survivors == before && par_os_now_ns() < limit) par_os_sleep_ns(200000);
    CHECK(*survivors == before + 1);
}

int main(int argc, char **argv)
{
    long rounds = argc > 1 ? atol(argv[1]) : 2000;
    state = argc > 2 ? strtoull(argv[2], NULL, 0) : 0x9e3779b97f4a7c15u ^ (uint64_t)par_os_now_ns();
    peers_survive = true;
    survivors = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(survivors != MAP_FAILED);
    printf("# seed %llu\n", (unsigned long long)state);
    int left = count_shared(), fds = count("/proc/self/fd", "");
    for (long i = 0; i < rounds; i++) {
        next_random();
        round_of_its_own(fds);
    }
    for (int i = 0; i < 200 && count_shared() > left; i++) par_os_sleep_ns(50000000); /* another program may just have made one */
    CHECK(count_shared() <= left);
    CHECK_INT(count("/proc/self/fd", ""), fds);
    printf("ok - %ld rounds\n", rounds);
    return 0;
}
