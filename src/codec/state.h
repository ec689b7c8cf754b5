/* What a codec holds: buffers and tables that live from message to message. Only this folder includes it. */
#ifndef PAR_CODEC_STATE_H
#define PAR_CODEC_STATE_H

#include "base/buffer.h"
#include "base/frame.h"
#include "base/limits.h"
#include "codec/codec.h"
#include "codec/compat.h"
#include "codec/format.h"
#include "codec/levels.h"
#include "codec/pointers.h"

#if LUA_VERSION_NUM >= 502 || PAR_LUAJIT
#define PAR_LUA_UPVALUE_ID 1
#else
#define PAR_LUA_UPVALUE_ID 0
#endif

/* ---- encoding ---- */

typedef enum par_step {                     /* what an open container of the encoder does next; which key is on its level */
                        PAR_STEP_SEQUENCE,  /* elements 1..n in the order of lua_next: key */
                        PAR_STEP_FILL,      /* the remaining elements by index: the key that broke the sequence, or nil */
                        PAR_STEP_RECORD,    /* the values of a record, number i of n: the last key */
                        PAR_STEP_HASH,      /* other entries: the last key */
                        PAR_STEP_KEY,       /* the key itself was a container and is written: key; its value comes next */
                        PAR_STEP_METATABLE, /* the metatable is being written, then the table is done */
                        PAR_STEP_UPVALUES,  /* of a function, number i of n: nil */
                        PAR_STEP_HOOKED,    /* values that an encode hook returned, in a table: nil */
                        PAR_STEP_CLASS      /* the same of an object whose class wrote them: the object is known by then */
} par_step;

typedef enum par_rest {                /* FILL: what follows the elements */
                        PAR_REST_KEY,  /* the key that broke the sequence, and those behind it */
                        PAR_REST_NONE, /* nothing */
                        PAR_REST_ALL   /* look at all keys */
} par_rest;

typedef struct par_open {
    uint8_t step;
    uint8_t rest;
    bool has_metatable;
    bool named_checked; /* the table is known not to be found by name */
    bool direct;        /* the direct walk goes through it */
    uint8_t shape;      /* RECORD: its number */
    size_t at;          /* offset of the first tag */
    size_t i, n;        /* elements (or upvalues, or values of a record) done and in all */
    size_t entries;     /* in the hash part */
    const void *table;  /* from here on for the direct walk: the table, and what it was like when Lua was last called */
    const void *nodes;
    size_t n_slots, n_nodes;
    size_t position; /* of the entry after the one that is being written, in the order of lua_next */
} par_open;

typedef struct par_word { /* one slot of the encoder's dictionary cache */
    const char *key;
    uint32_t epoch;
    uint32_t index; /* PAR_WORD_ONCE: seen once, not in the dictionary */
} par_word;

#define PAR_SHAPE_SIGHTINGS 256u

typedef struct par_sighting { /* keys of a table that were seen, by their hash */
    uint64_t hash;
    uint32_t epoch;
    uint32_t shape;
} par_sighting;

typedef struct par_shape {
    uint32_t epoch; /* another epoch: its addresses say nothing any more */
    uint32_t n;
    size_t first;    /* of its keys */
    size_t names_at; /* offset of their names in the message */
} par_shape;

typedef struct par_shapes { /* of records: encode_shape.c */
    uint32_t epoch, n;
    uint32_t last; /* shape of the last record */
    size_t tables; /* without elements, in this message */
    par_shape *known;
    size_t known_capacity;
    const char **keys; /* addresses of Lua strings */
    size_t n_keys, keys_capacity;
    par_sighting sightings[PAR_SHAPE_SIGHTINGS];
} par_shapes;

#define PAR_KEYS_ON_STACK 64   /* decoder: keys of shapes in stack slots */
#define PAR_WORDS_ON_STACK 64u /* decoder: dictionary entries in stack slots */
#define PAR_WORD_ONCE UINT32_MAX
#define PAR_WORD_SLOTS 1024u

typedef struct par_sent_storage {
    par_storage *storage; /* one reference is ours, until the message is sent */
    int64_t first, last;  /* elements somebody in this message uses */
} par_sent_storage;

typedef struct par_encoder {
    uint8_t *start, *p, *end;
    bool in_span;
    par_buffer own, own_text; /* the message; the text of a file that a function came from */
    par_levels levels;
    par_open *open;
    size_t open_capacity;
    par_pointers seen;
    par_word *words; /* PAR_WORD_SLOTS of them, behind them the lengths of the longer strings */
    uint32_t words_epoch, words_defined;
    uint32_t words_missed; /* short strings since one was found */
    par_shapes shapes;
    par_sent_storage *storages;
    uint32_t n_storages;
    size_t storages_capacity;
    par_codec_object *held; /* tensors and storages that were met: their addresses are remembered */
    size_t n_held, held_capacity;
    par_payload *payloads;
    uint32_t n_payloads;
    size_t payloads_capacity;
    const struct par_direct *direct; /* the walk past the API; NULL: not in use */
    size_t through_api;              /* entries that were written without it, since the codec was made */
    const void *globals;             /* NULL: not looked up yet */
    const void *plain_metatable;     /* the last that was seen to be of no class that writes its objects itself */
    unsigned flags;
    uint8_t header_flags;
    bool doubles_only; /* integers that no double holds are refused */
    bool check_names;  /* look every table up among the names (a second try) */
    bool names_fresh;  /* the names were brought up to date during this message */
    const char *name;
    unsigned hooked_open; /* objects whose encoded form is being written */
    size_t kept;          /* results of hooks, which live as long as the message */
    int count, current;   /* values of the message, and which one is being written */
    par_error *err;
} par_encoder;

/* ---- decoding ---- */

typedef enum par_take {                   /* what an open container of the decoder waits for */
                        PAR_TAKE_ELEMENT, /* number i of n; then entries if there is a hash part */
                        PAR_TAKE_KEY,
                        PAR_TAKE_VALUE,
                        PAR_TAKE_FIELD, /* value number i of the n of a record, whose keys begin at number `fixed` */
                        PAR_TAKE_METATABLE,
                        PAR_TAKE_UPVALUE, /* number i of n; beyond `fixed` comes the environment */
                        PAR_TAKE_HOOKED,  /* number i of n, into a table */
                        PAR_TAKE_CLASS    /* the same, for an object that is made already */
} par_take;

typedef struct par_filling {
    uint8_t take;
    bool hash;      /* a hash part follows the elements */
    bool metatable; /* a metatable follows the table */
    size_t i, n;
    size_t fixed; /* UPVALUE: how many of the n; HOOKED: number of its reference, or 0; FIELD: see there */
} par_filling;

typedef struct par_got_storage {
    par_storage *storage; /* one reference is ours */
    int64_t first;        /* what was its element number at the sender */
} par_got_storage;

typedef struct par_decoder {
    const uint8_t *start, *p, *end;
    par_buffer own; /* a copy of the message, when hooks run */
    bool owned;
    size_t budget;                   /* entries that may still be presized */
    uint8_t tag;                     /* see PAR_DECODE_OTHER */
    const struct par_direct *direct; /* fills arrays with numbers; NULL: not in use */
    size_t through_api;              /* numbers of runs that were pushed one by one, since the codec was made */
    par_levels levels;
    par_filling *open;
    size_t open_capacity;
    int refs_index;  /* stack index of the table of references; 0: the message has none */
    int words_index; /* of the first dictionary entry; the entries beyond PAR_WORDS_ON_STACK are in a table behind */
    uint32_t words_limit, words_defined;
    int keys_index; /* the same for the keys of shapes */
    uint32_t n_shapes, n_keys;
    struct {
        uint16_t first;
        uint8_t n;
    } shapes[PAR_SHAPES_MAX];
    uint64_t *refs; /* offsets of the values in the table of references, ascending */
    size_t n_refs, refs_capacity;
    par_got_storage *storages;
    uint32_t n_storages;
    size_t storages_capacity;
    par_blob *const *payloads;
    uint32_t n_payloads;
    par_blob **own_payloads; /* the same in memory of ours, each with a reference, when hooks run */
    size_t own_payloads_capacity;
    uint32_t n_own_payloads;
    uint32_t n_strings; /* of the payloads were strings: each is one once, or a few bytes would stand for any number of them */
    unsigned flags;
    uint8_t header_flags;
    int current, count;             /* which of the message's values is being read, and how many there are */
    const par_codec_origin *origin; /* NULL: not known */
    char refused[160];              /* code that is not accepted, in words; empty: none so far */
    par_error *err;
} par_decoder;

/* The address of each is the registry key of a Lua table. */
typedef struct par_anchors {
    char encode_levels, decode_levels, inner, kept, names, types, type_of, cdata, class_file;
} par_anchors;

struct par_codec {
    par_codec_hooks hooks;
    par_anchors anchors;
    uint64_t names_stamp; /* of package.loaded when the names were made; 0: never */
    bool types_registered;
    char fingerprint[200];     /* empty: not made yet */
    uint32_t fingerprint_hash; /* 0: not made yet */
    par_codec *outer;          /* whose registered types it uses; NULL: its own */
    const void *frame;         /* of the call that uses it (base/frame.h): one further in gets a codec of its own */
    bool encoding;             /* that call writes a message */
    par_encoder encoder;
    par_decoder decoder;
};

extern const char par_codec_key; /* its address: the codec in the registry */

/* The codec, or while it is in use (hooks, and finalizers anywhere, may send or encode by themselves) one that nobody uses. `here`: the
 * caller's frame. */
par_codec *par_codec_unused(lua_State *L, par_codec *codec, const void *here);
static inline par_codec *par_codec_idle(lua_State *L, par_codec *codec, const void *here)
{
    return codec->frame ? par_codec_unused(L, codec, here) : codec;
}
par_codec *par_codec_inner(lua_State *L, par_codec *codec); /* the next one further in, or NULL */
/* An error whose value is at the top was raised: leaves it as the only value above `top`. Returns PAR_E_RAISED. */
int par_codec_raised(lua_State *L, int top, par_error *err);
int par_codec_count_upvalues(lua_State *L); /* of the function at the top */
uint32_t par_codec_fingerprint_hash(lua_State *L, par_codec *codec);
/* Room for `want` items of `size` bytes: the array, perhaps moved; NULL (and nothing changed) when there is no memory. */
void *par_codec_grow(void *array, size_t *capacity, size_t want, size_t size);

#endif
