#include "channel/ring.h"

void par_writer_init(par_writer *writer, par_ring_words *words, void *data, uint64_t capacity)
{
    uint64_t head = atomic_load_explicit(&words->head, memory_order_relaxed) & ~(uint64_t)7;
    *writer = (par_writer){.words = words, .data = data, .capacity = capacity, .head = head, .published = head, .tail = head};
}

void par_reader_init(par_reader *reader, par_ring_words *words, const void *data, uint64_t capacity)
{
    uint64_t tail = atomic_load_explicit(&words->tail, memory_order_relaxed) & ~(uint64_t)7;
    *reader = (par_reader){.words = words, .data = data, .capacity = capacity, .read = tail, .tail = tail, .head = tail};
}
