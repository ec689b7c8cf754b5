/* What both sides of the benchmark of collectives measure, and how: a call is repeated in batches, and the median batch counts. */
#ifndef PAR_BENCH_COLLECTIVES_H
#define PAR_BENCH_COLLECTIVES_H

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { BATCHES = 9 };

typedef struct figure {
    const char *name;
    size_t doubles; /* 0: a barrier */
    int calls;      /* in one batch */
} figure;

static const figure figures[] = {
    {"barrier", 0, 3000}, {"number", 1, 3000}, {"64KB", 8192, 300}, {"1MB", 131072, 40}, {"16MB", 2097152, 5},
};
enum { FIGURES = sizeof figures / sizeof *figures, DOUBLES_MAX = 2097152 };

static inline double now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static inline int order(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Microseconds for one call. */
static inline double measure(const figure *what, void (*call)(void *context, const figure *what), void *context)
{
    double batch[BATCHES];
    static const figure barrier = {.name = "", .doubles = 0};
    for (int i = 0; i < what->calls / 4 + 1; i++) call(context, what); /* a warm-up */
    for (int b = 0; b < BATCHES; b++) {
        call(context, &barrier);
        double began = now_us();
        for (int i = 0; i < what->calls; i++) call(context, what);
        batch[b] = (now_us() - began) / what->calls;
    }
    qsort(batch, BATCHES, sizeof *batch, order);
    return batch[BATCHES / 2];
}

static inline void row(const char *name, double value, const char *unit) { printf("%s\t%.4g\t%s\n", name, value, unit); }

#endif
