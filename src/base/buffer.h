/* A growable byte buffer that survives a longjmp: it owns its memory in a record the caller keeps. */
#ifndef PAR_BASE_BUFFER_H
#define PAR_BASE_BUFFER_H

#include <stddef.h>
#include <stdint.h>

typedef struct par_buffer {
    uint8_t *data;
    size_t len;
    size_t capacity;
} par_buffer;

void par_buffer_fini(par_buffer *buffer);
/* Room for `more` bytes behind len (growing by half at least). 0 or PAR_E_NOMEM; on failure nothing changed. */
int par_buffer_reserve(par_buffer *buffer, size_t more);
int par_buffer_append(par_buffer *buffer, const void *bytes, size_t len);
/* Gives memory back when far more is held than `keep` bytes. Forgets the content. */
void par_buffer_trim(par_buffer *buffer, size_t keep);

#endif
