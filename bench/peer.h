/* Two processes and the ways to move bytes between them: ours, and the limits it is measured against. */
#ifndef PAR_BENCH_PEER_H
#define PAR_BENCH_PEER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "channel/channel.h"

typedef enum way { WAY_CHANNEL, WAY_SPIN, WAY_PIPE, WAY_SOCKET, WAYS } way;
extern const char *const way_names[WAYS];

/* One end of a connection. */
typedef struct end {
    way how;
    par_channel *channel;
    int in, out;             /* pipe and socket */
    volatile uint64_t *turn; /* spin: a word for each side, on lines of their own */
    int side;
    uint64_t seen; /* spin: the peer's word */
} end;

/* Starts a process that runs `child` on its end; cores: -1 or the core that each is bound to. */
pid_t peer_start(way how, end *mine, int my_core, int peer_core, void (*child)(end *, void *), void *context);
void peer_end(end *mine, pid_t pid);
void peer_bind(int core); /* -2: to all */

void end_send(end *e, const void *bytes, size_t len);
/* Receives exactly len bytes into `bytes`. */
void end_receive(end *e, void *bytes, size_t len);

double now_ns(void);
double median(double *values, int n);
uint64_t sum_words(const void *bytes, size_t len); /* reads every word */
void die(const char *what);

#endif
