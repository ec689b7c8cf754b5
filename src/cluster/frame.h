/* What goes over a connection between two machines, byte for byte: frames of 16 bytes of header and a body. Nothing here reads or
 * writes a descriptor, and nothing that was read is believed before it was checked: a frame that cannot be names its field.
 *
 * Little-endian: len (u32, of the body), type (u8), kind (u8), flags (u16, 0), stream (u32), aux (u32). */
#ifndef PAR_CLUSTER_FRAME_H
#define PAR_CLUSTER_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/status.h"

#define PAR_FRAME_HEADER_BYTES 16u
#define PAR_FRAME_MAX_BYTES (256u << 10) /* of a body */
#define PAR_FRAME_SIZES_MAX 16384u       /* payload sizes in one frame */
#define PAR_FRAME_LIST_MAX 4096u         /* texts in one list */
#define PAR_STREAMS_MAX 65536u           /* children on one connection */

/* Who sends it: the agent (on the children's machine) to the bridge (on the user's machine), or the other way. */
typedef enum par_frame_way { PAR_FROM_AGENT = 1, PAR_FROM_BRIDGE = 2 } par_frame_way;

typedef enum par_frame_type {
    PAR_FRAME_HELLO = 1, /* a->b, first: par_frame_hello */
    PAR_FRAME_WELCOME,   /* b->a, its answer: par_frame_welcome */
    PAR_FRAME_START,     /* b->a: par_frame_start; aux: the child's id */
    PAR_FRAME_STARTED,   /* a->b: u32 pid; or 0 and a text why not */
    PAR_FRAME_MESSAGE,   /* both: a short message; kind */
    PAR_FRAME_BEGIN,     /* both: kind; u64 len; sizes of payloads (u64 each); aux: how many in all */
    PAR_FRAME_SIZES,     /* both: more sizes */
    PAR_FRAME_BYTES,     /* both: bytes of what BEGIN announced; aux: 0 the message's, i the i-th payload's */
    PAR_FRAME_CREDIT,    /* both; aux: bytes that may be sent beyond */
    PAR_FRAME_OUTPUT,    /* a->b; aux: 1 or 2, the stream; its bytes. b->a: empty; kind: bytes/1024 that may follow */
    PAR_FRAME_SLOT,      /* both: par_frame_slot, the pool's words; b->a: only that of slot aux counts */
    PAR_FRAME_RETRACT,   /* b->a; aux: slot; u32 keep */
    PAR_FRAME_RETRACTED, /* a->b; aux: slot; u32 claimed, u32 limit, u64 ns since the last claim */
    PAR_FRAME_SIGNAL,    /* b->a; aux: number */
    PAR_FRAME_SIGNALLED, /* a->b; aux: 1 when its process was there */
    PAR_FRAME_TRACE,     /* a->b: events for the timeline, whole ones, each with PAR_TRACE_BETWEEN in front; times by the agent's clock */
    PAR_FRAME_NEED,      /* a->b: the name of a module, as bytes; a message PAR_KIND_MODULE is the answer */
    PAR_FRAME_ENDED,     /* a->b, last of its stream: i32 status, i32 signal */
    PAR_FRAME_CLOSE,     /* b->a: nobody is left who would hear this child: end it */
    PAR_FRAME_GROUP,     /* b->a; aux: key of a group: par_frame_group, then u32 place, u32 stream for each member */
    PAR_FRAME_PEER,      /* b->a; aux: key; a new stream, from one of its members here to another elsewhere: u32, u32 seats, u64 ring */
    PAR_FRAME_PEER_END,  /* both: that member sends nothing more on it, and takes nothing */
    PAR_FRAME_BOARD,     /* both; aux: key: a change of the group's board (group/mirror.h) */
    PAR_FRAME_BEAT,      /* both: u64 clock of the sender, u64 clock that the last beat of the other side had, u64 ns since that came */
    PAR_FRAME_BYE,       /* both, last: text why */
    PAR_FRAME_KEPT,      /* b->a; kind; aux: the child gets the message that is kept in this place: BEGIN (kind: the place) and BYTES on
                            stream 0 have brought it */
    PAR_FRAME_DROP,      /* b->a; aux: the place is free, also when not all of its message came */
    PAR_FRAME_KEPT_PART, /* b->a; aux: the part of a message that BYTES would come for next is what is kept in this place */
    PAR_FRAME_TYPES
} par_frame_type;

typedef struct par_frame {
    uint32_t len;
    uint8_t type, kind;
    uint16_t flags;
    uint32_t stream, aux;
} par_frame;

/* A group of which some members are children of this agent. */
typedef struct par_frame_group {
    uint32_t seats, own; /* members; the place that this agent is */
    uint32_t channels;   /* 1: each two of them have a channel */
    uint64_t ring_bytes; /* of it */
} par_frame_group;
#define PAR_FRAME_GROUP_BYTES 20u

/* --- headers --- */
void par_frame_put(uint8_t out[PAR_FRAME_HEADER_BYTES], const par_frame *frame);
/* PAR_E_CORRUPT: a frame that this side does not send, or with a field out of range. */
int par_frame_get(par_frame *out, const uint8_t in[PAR_FRAME_HEADER_BYTES], par_frame_way from, par_error *err);
const char *par_frame_name(unsigned type);

/* --- bodies, written: the first failure stays, and is told at the end --- */
typedef struct par_frame_writer {
    par_buffer *out;
    size_t at; /* where the frame begins in out */
    int failed;
} par_frame_writer;

par_frame_writer par_frame_begin(par_buffer *out, par_frame_type type, uint32_t stream, uint32_t aux, unsigned kind);
void par_frame_u32(par_frame_writer *writer, uint32_t value);
void par_frame_u64(par_frame_writer *writer, uint64_t value);
void par_frame_bytes(par_frame_writer *writer, const void *bytes, size_t len); /* as they are, without a length */
void par_frame_text(par_frame_writer *writer, const char *text);               /* NULL: an empty one */
void par_frame_list(par_frame_writer *writer, const char *const *texts);       /* NULL-terminated, or NULL: none */
/* PAR_OK; PAR_E_LIMIT or PAR_E_NOMEM: nothing of the frame is left in the buffer. */
int par_frame_end(par_frame_writer *writer);

/* --- bodies, read: the first failure stays, everything after it reads as 0 or empty --- */
typedef struct par_frame_reader {
    const uint8_t *at, *end;
    const char *failed; /* the field that cannot be; NULL: all good so far */
} par_frame_reader;

typedef struct par_frame_texts {
    uint32_t n;
    const char *first; /* each is terminated, and the next one's length stands behind it */
} par_frame_texts;

par_frame_reader par_frame_open(const uint8_t *body, size_t len);
uint32_t par_frame_read_u32(par_frame_reader *reader, const char *field);
uint64_t par_frame_read_u64(par_frame_reader *reader, const char *field);
/* Terminated, without a 0 inside; it lies in the body. */
const char *par_frame_read_text(par_frame_reader *reader, const char *field);
par_frame_texts par_frame_read_list(par_frame_reader *reader, const char *field);
/* The texts of a list that was read, one after the other. */
const char *par_frame_next_text(par_frame_texts *texts);
/* All read, and nothing left? PAR_E_CORRUPT says which field of which frame. */
int par_frame_close(par_frame_reader *reader, par_frame_type type, par_error *err);

/* --- the bodies that have several fields --- */
typedef struct par_frame_hello {
    const char *release;     /* of the library */
    const char *fingerprint; /* of the agent's Lua: bytecode travels between equal ones */
    const char *host;        /* its own name for itself */
    uint32_t cores, pid;
} par_frame_hello;

typedef struct par_frame_welcome {
    uint32_t window_bytes; /* with which each stream begins, both ways */
    uint32_t beat_ms, silence_ms;
} par_frame_welcome;

enum { PAR_START_NO_OUTPUT = 1u, PAR_START_TRACE = 2u, PAR_START_FLAGS = 3u };

typedef struct par_frame_start {
    uint64_t ring_bytes;
    uint32_t flags;          /* PAR_START_* */
    const char *program;     /* empty: the agent's own Lua */
    const char *fingerprint; /* of the user's Lua */
    const char *cwd;         /* empty: the agent's */
    par_frame_texts env;     /* "NAME=value" to set, "NAME" to remove */
} par_frame_start;

typedef struct par_frame_slot {
    uint64_t words[2];
    uint64_t age_ns;   /* since the last claim: clocks differ */
    uint32_t given[2]; /* of which chunk the words are: how many each slot had been given */
} par_frame_slot;

typedef struct par_frame_beat {
    uint64_t clock_ns, echo_ns, held_ns;
} par_frame_beat;

int par_frame_put_hello(par_buffer *out, const par_frame_hello *hello);
int par_frame_put_welcome(par_buffer *out, const par_frame_welcome *welcome);
/* env: NULL-terminated, or NULL. */
int par_frame_put_start(par_buffer *out, uint32_t stream, uint32_t id, const par_frame_start *start, const char *const *env);
int par_frame_put_slot(par_buffer *out, uint32_t stream, unsigned slot, const par_frame_slot *body);
int par_frame_put_beat(par_buffer *out, const par_frame_beat *beat);
/* A frame whose body is a text, or nothing. */
int par_frame_put_text(par_buffer *out, par_frame_type type, uint32_t stream, uint32_t aux, const char *text);
int par_frame_put_empty(par_buffer *out, par_frame_type type, uint32_t stream, uint32_t aux, unsigned kind);

int par_frame_get_hello(par_frame_hello *out, const uint8_t *body, size_t len, par_error *err);
int par_frame_get_welcome(par_frame_welcome *out, const uint8_t *body, size_t len, par_error *err);
int par_frame_get_start(par_frame_start *out, const uint8_t *body, size_t len, par_error *err);
int par_frame_get_slot(par_frame_slot *out, const uint8_t *body, size_t len, par_error *err);
int par_frame_get_beat(par_frame_beat *out, const uint8_t *body, size_t len, par_error *err);

#endif
