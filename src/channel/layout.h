/* What stands in a channel's segment, byte for byte. Both processes map it; neither believes what it finds there.
 *
 *   header          whole pages: identity, the words of ring 0 (opener -> attacher) and ring 1 (attacher -> opener), what a child shows
 *   then            bytes of ring 0, then bytes of ring 1, ring_bytes each
 *
 * Each word that a process writes for the other has a line of its own. Indices are free-running byte counts. */
#ifndef PAR_CHANNEL_LAYOUT_H
#define PAR_CHANNEL_LAYOUT_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "base/limits.h"
#include "view/view.h"

#define PAR_SEGMENT_MAGIC 0x316c656c6c617270u /* "prallel1" */
#define PAR_SEGMENT_VERSION 2u

typedef struct par_ring_words {
    _Alignas(PAR_CACHE_LINE) _Atomic uint64_t head;        /* writer: bytes published */
    _Alignas(PAR_CACHE_LINE) _Atomic uint64_t tail;        /* reader: bytes given back */
    _Alignas(PAR_CACHE_LINE) _Atomic uint64_t reader_need; /* reader: PAR_NEED_* */
    _Alignas(PAR_CACHE_LINE) _Atomic uint64_t writer_need; /* writer: PAR_NEED_* */
} par_ring_words;

typedef struct par_bell {
    _Alignas(PAR_CACHE_LINE) _Atomic uint32_t count; /* the peer adds one to wake whoever sleeps on it */
} par_bell;

typedef struct par_segment_header {
    uint64_t magic;
    uint32_t version;
    uint32_t page_bytes;
    uint64_t ring_bytes;
    par_ring_words ring[2];
    par_bell bell[2];                                  /* the opener's, the attacher's */
    _Alignas(PAR_CACHE_LINE) _Atomic uint64_t user[8]; /* par_channel_words: what the owners make of them */
    _Alignas(PAR_CACHE_LINE) uint8_t unused[PAR_VIEW_AT - 1536];
    par_view view; /* of a child, to whoever looks */
} par_segment_header;

_Static_assert(offsetof(par_ring_words, tail) == 128, "own line");
_Static_assert(offsetof(par_ring_words, reader_need) == 256, "own line");
_Static_assert(offsetof(par_ring_words, writer_need) == 384, "own line");
_Static_assert(sizeof(par_ring_words) == 512, "four lines");
_Static_assert(offsetof(par_segment_header, ring) == 128, "identity has the first line");
_Static_assert(offsetof(par_segment_header, user) == 1408, "own line");
_Static_assert(offsetof(par_segment_header, view) == PAR_VIEW_AT, "where it is looked for");
_Static_assert(sizeof(par_segment_header) <= 8192, "two of the smallest pages");

/* A need word: 0 = nobody waits; armed = the index waited for (indices are multiples of 8) with the low bit set, and
 * WORD when the sleeper is on its bell's count and not on the socket; GONE = this side has closed its end. */
#define PAR_NEED_ARMED ((uint64_t)1)
#define PAR_NEED_GONE ((uint64_t)2)
#define PAR_NEED_WORD ((uint64_t)4)

/* A record in the ring: one 8-byte word, the bytes, padding to 8.
 * The word: bits 0-47 length, 48-55 kind, 56-63 flags. */
#define PAR_RECORD_HEADER ((uint64_t)8)
#define PAR_RECORD_INTERNAL 1u /* flag: the kind is one of par_internal_kind */
#define PAR_RECORD_CONTROL 2u  /* flag, of a payload: its message will be a control message */
#define PAR_RECORD_LENGTH_MASK (((uint64_t)1 << 48) - 1)

enum par_internal_kind {
    PAR_INTERNAL_BYTES = 1, /* a payload of the next message, in the ring */
    PAR_INTERNAL_SEGMENT,   /* par_record_segment: the next descriptor from the socket is this segment */
    PAR_INTERNAL_LEND,      /* par_record_lend: a payload of the next message, in a segment */
    PAR_INTERNAL_RELEASE,   /* par_record_release: lends that came to an end */
    PAR_INTERNAL_FORGET     /* par_record_forget: a segment that will not be lent again */
};

/* Bytes in the socket: a bell, and what a segment's descriptor comes with. */
#define PAR_SOCKET_BELL ((uint8_t)0)
#define PAR_SOCKET_DESCRIPTOR ((uint8_t)'S')

/* How a segment is lent. */
enum {
    PAR_LEND_OWN = 0,        /* it is the receiver's alone until it is released */
    PAR_LEND_SHARED = 1,     /* both sides see each other's writes; may be handed on, so the descriptor is kept */
    PAR_LEND_COMMON = 2,     /* several receivers have it: each maps it copy-on-write */
    PAR_LEND_DESCRIPTOR = 3, /* no memory (0 bytes), but its descriptor itself: the sender keeps no copy (descriptor.c) */
    PAR_LEND_MODE_MAX = 3
};

typedef struct par_record_segment {
    uint64_t id, bytes, mode;
} par_record_segment;

typedef struct par_record_lend {
    uint64_t id, offset, bytes, mode;
} par_record_lend;

typedef struct par_record_release {
    uint64_t id, lends;
} par_record_release;

typedef struct par_record_forget {
    uint64_t id;
} par_record_forget;

static inline uint64_t par_record_word(uint64_t len, uint32_t kind, uint32_t flags)
{
    return len | (uint64_t)(kind & 0xff) << 48 | (uint64_t)flags << 56;
}
static inline uint64_t par_record_len(uint64_t word) { return word & PAR_RECORD_LENGTH_MASK; }
static inline uint32_t par_record_kind(uint64_t word) { return (uint32_t)(word >> 48) & 0xff; }
static inline uint32_t par_record_flags(uint64_t word) { return (uint32_t)(word >> 56); }
static inline uint64_t par_record_padded(uint64_t len) { return (len + 7) & ~(uint64_t)7; }
static inline uint64_t par_record_total(uint64_t len) { return PAR_RECORD_HEADER + par_record_padded(len); }

#endif
