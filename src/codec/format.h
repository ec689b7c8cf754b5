/* The wire format of one message; docs/design/codec.md says it in prose.
 *
 * header: [version] [flags] [dictionary entries, 255 = 255 or more] [values, 255 = a varint follows]
 * then the values one after another, then (PAR_FORMAT_STORAGES) the storages and the u64 offset where they begin.
 * Numbers of more than one byte are little-endian; a varint has 7 bits per byte, lowest first. */
#ifndef PAR_CODEC_FORMAT_H
#define PAR_CODEC_FORMAT_H

#define PAR_FORMAT_VERSION 0xb2
#define PAR_FORMAT_HEADER 4
#define PAR_FORMAT_MANY 255 /* in a header field: more than fit in the byte */

enum {                          /* header flags */
       PAR_FORMAT_STORAGES = 1, /* storages follow the values */
       PAR_FORMAT_LOSSY = 2,    /* the sender accepts that integers lose bits in a Lua without integers */
       PAR_FORMAT_REFS = 4,     /* some value is referenced later */
       PAR_FORMAT_SHAPES = 8    /* there are records */
};

enum {
    PAR_TAG_INT = 0x00,        /* 00-3f: the integers 0..63 */
    PAR_TAG_WORD = 0x40,       /* 40-7f: dictionary entry 0..63 */
    PAR_TAG_STRING = 0x80,     /* 80-9f: string of 0..31 bytes */
    PAR_TAG_STRING_DEF = 0xa0, /* a0-bf: the same, entering the dictionary */
    PAR_TAG_NEGATIVE = 0xc0,   /* c0-cf: the integers -16..-1 */

    PAR_TAG_NIL = 0xd0,
    PAR_TAG_FALSE,
    PAR_TAG_TRUE,
    PAR_TAG_I8,
    PAR_TAG_I16,
    PAR_TAG_I32,
    PAR_TAG_I64,
    PAR_TAG_F64,
    PAR_TAG_STR8, /* d8-da: string with a length of 1, 4, 8 bytes */
    PAR_TAG_STR32,
    PAR_TAG_STR64,
    PAR_TAG_STR8_DEF, /* db-dd: the same, entering the dictionary */
    PAR_TAG_STR32_DEF,
    PAR_TAG_STR64_DEF,
    PAR_TAG_WORD8,  /* de: dictionary entry 64 + u8 */
    PAR_TAG_WORD32, /* df: dictionary entry u32 */

    /* e0-e3, and e4-e7 when a reference to it follows later in the message (PAR_TABLE_LATER). */
    PAR_TAG_EMPTY = 0xe0, /* {} */
    PAR_TAG_ARRAY,        /* [0] [varint n] n values */
    PAR_TAG_HASH,         /* [log2 of the entries] (key value)* END; or a record: [PAR_SHAPE_FIRST + shape] a value for each key of the
                           * shape; [PAR_SHAPE_NEW] [n] n names (varint length and bytes) is the next shape and its first record */
    PAR_TAG_MIXED,        /* [log2 of the entries] [varint n] n values, (key value)* END */

    PAR_TAG_END = 0xe8,
    PAR_TAG_REF,      /* varint: offset of the first tag of a value that came before */
    PAR_TAG_GLOBALS,  /* the receiver's _G */
    PAR_TAG_NAMED,    /* something both sides have: module name, then up to two field names, in strings */
    PAR_TAG_META,     /* a table, then its metatable (a string = registered name, or a table); or PAR_TAG_HOOKED with the
                        * name of a class and what its objects' write left */
    PAR_TAG_JOIN,     /* only as an upvalue: the upvalue `varint` of the function at `varint` */
    PAR_TAG_FUNCTION, /* ee, ef = referenced later: u32 fingerprint, u32 length, bytecode, u8 upvalues, u8 flags, values */
    PAR_TAG_FUNCTION_LATER,
    PAR_TAG_SOURCE, /* f0, f1: u8 kind, varint line, chunk name, text (both varint length and bytes) */
    PAR_TAG_SOURCE_LATER,
    PAR_TAG_HOOKED, /* f2, f3: u8 number of values, type name (a string), values for the decode hook */
    PAR_TAG_HOOKED_LATER,
    PAR_TAG_TENSOR, /* f4, f5: u8 type, u8 dims, then varint storage + 1 (0: none), offset, sizes, strides (zigzag varints) */
    PAR_TAG_TENSOR_LATER,
    PAR_TAG_STORAGE, /* f6, f7: varint number of the storage */
    PAR_TAG_STORAGE_LATER,
    PAR_TAG_RUN_I8, /* f8-fc, only inside arrays: varint n >= 1, then n numbers */
    PAR_TAG_RUN_I16,
    PAR_TAG_RUN_I32,
    PAR_TAG_RUN_I64,
    PAR_TAG_RUN_F64,
    PAR_TAG_CDATA, /* fd, fe: ctype name (varint length and bytes), varint size, bytes */
    PAR_TAG_CDATA_LATER,
    PAR_TAG_BESIDE /* ff: u8 1 = it enters the dictionary, varint length: a string that is the next payload */
};

#define PAR_TABLE_LATER 4 /* added to the tag of a table */

#define PAR_SHAPE_FIRST 0x80 /* in the place of the log2 */
#define PAR_SHAPE_NEW 0xff
#define PAR_SHAPES_MAX (PAR_SHAPE_NEW - PAR_SHAPE_FIRST)
#define PAR_SHAPE_KEYS_MAX 32

enum { PAR_FUNCTION_ENV = 1 }; /* the function's environment table follows its upvalues (5.1, LuaJIT) */

enum { PAR_SOURCE_CHUNK, PAR_SOURCE_FUNCTION }; /* the text is the function's body; it returns the function */

/* How a storage of the trailer is kept: [u8 type] [u8 kind] [varint first element sent] [varint elements sent]
 * then bytes, padded in front to 8 (inline), or the varint number of the payload. */
enum { PAR_STORAGE_INLINE, PAR_STORAGE_PAYLOAD, PAR_STORAGE_SHARED };

#endif
