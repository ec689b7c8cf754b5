/* One direction: a single-producer single-consumer ring of bytes, seen from either end.
 *
 * The bytes are mapped twice in a row, so every run of up to `capacity` bytes is contiguous. Each end keeps private
 * copies of what it writes itself and checks every index that it reads: a peer that scribbles is found out, and can only
 * ever damage the bytes that it might have sent anyway.
 *
 * Ordering. Publishing an index and then looking at the peer's need, and setting one's need and then looking at the
 * peer's index, are both sequentially consistent: at least one side sees the other, so no wake-up is lost
 * (tests/model/ring.pml). On x86 that is one locked instruction for each publication. */
#ifndef PAR_CHANNEL_RING_H
#define PAR_CHANNEL_RING_H

#include <stdbool.h>
#include <string.h>

#include "base/assert.h"
#include "channel/layout.h"
#include "os/stress.h"

typedef struct par_writer {
    par_ring_words *words;
    uint8_t *data;
    uint64_t capacity;
    uint64_t head;      /* next byte to write */
    uint64_t published; /* what words->head holds */
    uint64_t tail;      /* the reader's, as last seen and checked */
    uint64_t rung;      /* the reader_need for which the bell was rung */
} par_writer;

typedef struct par_reader {
    par_ring_words *words;
    const uint8_t *data;
    uint64_t capacity;
    uint64_t read; /* next byte to take */
    uint64_t tail; /* what words->tail holds */
    uint64_t head; /* the writer's, as last seen and checked */
    uint64_t rung; /* the writer_need for which the bell was rung */
    bool ended;    /* the writer's process is gone: head is the last one, whatever is in words */
} par_reader;

/* Both begin where their own word stands: 0 in a fresh segment, anywhere in a test. */
void par_writer_init(par_writer *writer, par_ring_words *words, void *data, uint64_t capacity);
void par_reader_init(par_reader *reader, par_ring_words *words, const void *data, uint64_t capacity);

/* --- the writer's end --- */
static inline uint64_t par_writer_room(const par_writer *w) { return w->capacity - (w->head - w->tail); }

/* Looks at the reader's tail (pairs with par_reader_publish). false: it cannot be true. */
static inline bool par_writer_refresh(par_writer *w, memory_order order)
{
    uint64_t tail = atomic_load_explicit(&w->words->tail, order);
    if (tail - w->tail > w->published - w->tail || (tail & 7)) return false;
    w->tail = tail;
    return true;
}

static inline uint8_t *par_writer_at(const par_writer *w) { return w->data + (w->head & (w->capacity - 1)); }

/* Makes all bytes up to head visible (pairs with par_reader_refresh). Returns the reader's need word. */
static inline uint64_t par_writer_publish(par_writer *w)
{
    PAR_ASSERT(w->head - w->tail <= w->capacity && !(w->head & 7));
    w->published = w->head;
    PAR_STRESS_POINT();
    atomic_store_explicit(&w->words->head, w->head, memory_order_seq_cst);
    PAR_STRESS_POINT();
    return atomic_load_explicit(&w->words->reader_need, memory_order_seq_cst);
}

/* The same without a look at the reader's need: a reader that sleeps goes on sleeping (pairs with par_reader_refresh). */
static inline void par_writer_publish_quietly(par_writer *w)
{
    PAR_ASSERT(w->head - w->tail <= w->capacity && !(w->head & 7));
    w->published = w->head;
    atomic_store_explicit(&w->words->head, w->head, memory_order_release);
}

/* --- the reader's end --- */
static inline uint64_t par_reader_available(const par_reader *r) { return r->head - r->read; }

/* Looks at the writer's head (pairs with par_writer_publish). false: it cannot be true. */
static inline bool par_reader_refresh(par_reader *r, memory_order order)
{
    if (r->ended) return true;
    uint64_t head = atomic_load_explicit(&r->words->head, order);
    uint64_t filled = head - r->tail;
    if (filled > r->capacity || filled < r->head - r->tail || (head & 7)) return false;
    r->head = head;
    return true;
}

static inline const uint8_t *par_reader_at(const par_reader *r) { return r->data + (r->read & (r->capacity - 1)); }

/* The record word at `read`, fetched once: the peer may change it meanwhile. */
static inline uint64_t par_reader_word(const par_reader *r)
{
    PAR_ASSERT(par_reader_available(r) >= PAR_RECORD_HEADER);
    return atomic_load_explicit((const _Atomic uint64_t *)(const void *)par_reader_at(r), memory_order_relaxed);
}

/* Gives the bytes before read back (pairs with par_writer_refresh). Returns the writer's need word. */
static inline uint64_t par_reader_publish(par_reader *r)
{
    PAR_ASSERT(r->read - r->tail <= r->head - r->tail && !(r->read & 7));
    r->tail = r->read;
    PAR_STRESS_POINT();
    atomic_store_explicit(&r->words->tail, r->read, memory_order_seq_cst);
    PAR_STRESS_POINT();
    return atomic_load_explicit(&r->words->writer_need, memory_order_seq_cst);
}

/* --- needs --- */
static inline uint64_t par_need_arm(uint64_t index) { return index | PAR_NEED_ARMED; }

/* Is the bell due: armed, reached by index, and not rung for this need before? */
static inline bool par_need_due(uint64_t need, uint64_t index, uint64_t *rung)
{
    if (!(need & PAR_NEED_ARMED) || need == *rung) return false;
    if ((int64_t)(index - (need & ~(uint64_t)7)) < 0) return false;
    *rung = need;
    return true;
}

static inline void par_need_set(_Atomic uint64_t *need, uint64_t value)
{
    atomic_store_explicit(need, value, memory_order_seq_cst);
    PAR_STRESS_POINT();
}

#endif
