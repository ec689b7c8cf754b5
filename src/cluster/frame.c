#include "cluster/frame.h"

#include <string.h>

/* --- what each type may be --- */
#define BOTH (PAR_FROM_AGENT | PAR_FROM_BRIDGE)
#define NO_STREAM 1u  /* it is of the connection, not of a child */
#define HAS_KIND 2u   /* kind means something; else it is 0 */
#define SLOT_AUX 4u   /* aux is 0 or 1 */
#define OUTPUT_AUX 8u /* aux is 1 or 2 */
#define ANY_AUX 16u   /* else it is 0 */
#define MAY_KEEP 32u  /* from the bridge also without a stream: of a message that several children will get */

typedef struct rule {
    const char *name;
    unsigned ways, flags;
    uint32_t least, most; /* bytes of the body */
} rule;

static const rule rules[PAR_FRAME_TYPES] = {
    [PAR_FRAME_HELLO] = {"HELLO", PAR_FROM_AGENT, NO_STREAM, 20, 4096},
    [PAR_FRAME_WELCOME] = {"WELCOME", PAR_FROM_BRIDGE, NO_STREAM, 12, 12},
    [PAR_FRAME_START] = {"START", PAR_FROM_BRIDGE, ANY_AUX, 12, PAR_FRAME_MAX_BYTES},
    [PAR_FRAME_STARTED] = {"STARTED", PAR_FROM_AGENT, 0, 9, 4096},
    [PAR_FRAME_MESSAGE] = {"MESSAGE", BOTH, HAS_KIND, 0, PAR_FRAME_MAX_BYTES},
    [PAR_FRAME_BEGIN] = {"BEGIN", BOTH, HAS_KIND | ANY_AUX | MAY_KEEP, 8, 8 + 8 * PAR_FRAME_SIZES_MAX},
    [PAR_FRAME_SIZES] = {"SIZES", BOTH, MAY_KEEP, 8, 8 * PAR_FRAME_SIZES_MAX},
    [PAR_FRAME_BYTES] = {"BYTES", BOTH, ANY_AUX | MAY_KEEP, 1, PAR_FRAME_MAX_BYTES},
    [PAR_FRAME_CREDIT] = {"CREDIT", BOTH, ANY_AUX, 0, 0},
    [PAR_FRAME_OUTPUT] = {"OUTPUT", BOTH, OUTPUT_AUX | HAS_KIND, 0, PAR_FRAME_MAX_BYTES},
    [PAR_FRAME_SLOT] = {"SLOT", BOTH, SLOT_AUX, 32, 32},
    [PAR_FRAME_RETRACT] = {"RETRACT", PAR_FROM_BRIDGE, SLOT_AUX, 4, 4},
    [PAR_FRAME_RETRACTED] = {"RETRACTED", PAR_FROM_AGENT, SLOT_AUX, 16, 16},
    [PAR_FRAME_SIGNAL] = {"SIGNAL", PAR_FROM_BRIDGE, ANY_AUX, 0, 0},
    [PAR_FRAME_SIGNALLED] = {"SIGNALLED", PAR_FROM_AGENT, SLOT_AUX, 0, 0},
    [PAR_FRAME_TRACE] = {"TRACE", PAR_FROM_AGENT, NO_STREAM, 1, PAR_FRAME_MAX_BYTES},
    [PAR_FRAME_NEED] = {"NEED", PAR_FROM_AGENT, 0, 1, 200},
    [PAR_FRAME_ENDED] = {"ENDED", PAR_FROM_AGENT, 0, 8, 8},
    [PAR_FRAME_CLOSE] = {"CLOSE", PAR_FROM_BRIDGE, 0, 0, 0},
    [PAR_FRAME_GROUP] = {"GROUP", PAR_FROM_BRIDGE, NO_STREAM | ANY_AUX, PAR_FRAME_GROUP_BYTES, PAR_FRAME_MAX_BYTES},
    [PAR_FRAME_PEER] = {"PEER", PAR_FROM_BRIDGE, ANY_AUX, 16, 16},
    [PAR_FRAME_PEER_END] = {"PEER_END", BOTH, 0, 0, 0},
    [PAR_FRAME_BOARD] = {"BOARD", BOTH, NO_STREAM | ANY_AUX, 16, PAR_FRAME_MAX_BYTES},
    [PAR_FRAME_BEAT] = {"BEAT", BOTH, NO_STREAM, 24, 24},
    [PAR_FRAME_BYE] = {"BYE", BOTH, NO_STREAM, 5, 4096},
    [PAR_FRAME_KEPT] = {"KEPT", PAR_FROM_BRIDGE, HAS_KIND | ANY_AUX, 0, 0},
    [PAR_FRAME_DROP] = {"DROP", PAR_FROM_BRIDGE, NO_STREAM | ANY_AUX, 0, 0},
    [PAR_FRAME_KEPT_PART] = {"KEPT_PART", PAR_FROM_BRIDGE, ANY_AUX, 0, 0},
};

const char *par_frame_name(unsigned type) { return type > 0 && type < PAR_FRAME_TYPES ? rules[type].name : "?"; }

static void put_u32(uint8_t *at, uint32_t value)
{
    for (int i = 0; i < 4; i++) at[i] = (uint8_t)(value >> (8 * i));
}

static uint32_t get_u32(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

void par_frame_put(uint8_t out[PAR_FRAME_HEADER_BYTES], const par_frame *frame)
{
    put_u32(out, frame->len);
    out[4] = frame->type;
    out[5] = frame->kind;
    out[6] = (uint8_t)frame->flags;
    out[7] = (uint8_t)(frame->flags >> 8);
    put_u32(out + 8, frame->stream);
    put_u32(out + 12, frame->aux);
}

static const char *wrong_field(const par_frame *frame, par_frame_way from)
{
    if (frame->type == 0 || frame->type >= PAR_FRAME_TYPES) return "type";
    const rule *r = &rules[frame->type];
    if (!(r->ways & from)) return "type (this side does not send it)";
    if (frame->len < r->least || frame->len > r->most) return "len";
    if (frame->flags) return "flags";
    if (frame->kind && !(r->flags & HAS_KIND)) return "kind";
    bool no_stream = r->flags & NO_STREAM || (r->flags & MAY_KEEP && from == PAR_FROM_BRIDGE && frame->stream == 0);
    if (no_stream ? frame->stream != 0 : frame->stream == 0 || frame->stream > PAR_STREAMS_MAX) return "stream";
    if (r->flags & ANY_AUX) return NULL;
    uint32_t least = r->flags & OUTPUT_AUX ? 1 : 0, most = r->flags & OUTPUT_AUX ? 2 : r->flags & SLOT_AUX ? 1 : 0;
    if (frame->type == PAR_FRAME_SIGNALLED) most = 1;
    return frame->aux < least || frame->aux > most ? "aux" : NULL;
}

int par_frame_get(par_frame *out, const uint8_t in[PAR_FRAME_HEADER_BYTES], par_frame_way from, par_error *err)
{
    *out = (par_frame){.len = get_u32(in),
                       .type = in[4],
                       .kind = in[5],
                       .flags = (uint16_t)(in[6] | in[7] << 8),
                       .stream = get_u32(in + 8),
                       .aux = get_u32(in + 12)};
    const char *field = wrong_field(out, from);
    if (!field) return PAR_OK;
    return par_error_set(err, PAR_E_CORRUPT, "a frame %s (%u, %u bytes, stream %u, aux %u) with a wrong field: %s",
                         par_frame_name(out->type), out->type, out->len, out->stream, out->aux, field);
}

/* --- writing --- */
static void append(par_frame_writer *writer, const void *bytes, size_t len)
{
    if (writer->failed) return;
    if (writer->out->len - writer->at + len > PAR_FRAME_HEADER_BYTES + (size_t)PAR_FRAME_MAX_BYTES) writer->failed = PAR_E_LIMIT;
    else writer->failed = par_buffer_append(writer->out, bytes, len);
}

par_frame_writer par_frame_begin(par_buffer *out, par_frame_type type, uint32_t stream, uint32_t aux, unsigned kind)
{
    uint8_t header[PAR_FRAME_HEADER_BYTES];
    par_frame frame = {.type = (uint8_t)type, .kind = (uint8_t)kind, .stream = stream, .aux = aux};
    par_frame_writer writer = {.out = out, .at = out->len};
    par_frame_put(header, &frame);
    append(&writer, header, sizeof header);
    return writer;
}

void par_frame_bytes(par_frame_writer *writer, const void *bytes, size_t len) { append(writer, bytes, len); }

void par_frame_u32(par_frame_writer *writer, uint32_t value)
{
    uint8_t bytes[4];
    put_u32(bytes, value);
    append(writer, bytes, sizeof bytes);
}

void par_frame_u64(par_frame_writer *writer, uint64_t value)
{
    par_frame_u32(writer, (uint32_t)value);
    par_frame_u32(writer, (uint32_t)(value >> 32));
}

/* The terminator travels along, so that a text can be used where it was read. */
void par_frame_text(par_frame_writer *writer, const char *text)
{
    size_t len = text ? strlen(text) : 0;
    if (len > PAR_FRAME_MAX_BYTES) {
        writer->failed = PAR_E_LIMIT;
        return;
    }
    par_frame_u32(writer, (uint32_t)len);
    append(writer, text ? text : "", len + 1);
}

void par_frame_list(par_frame_writer *writer, const char *const *texts)
{
    uint32_t n = 0;
    while (texts && texts[n] && n <= PAR_FRAME_LIST_MAX) n++;
    if (n > PAR_FRAME_LIST_MAX) writer->failed = PAR_E_LIMIT;
    par_frame_u32(writer, n);
    for (uint32_t i = 0; i < n && !writer->failed; i++) par_frame_text(writer, texts[i]);
}

int par_frame_end(par_frame_writer *writer)
{
    if (writer->failed) {
        writer->out->len = writer->at;
        return writer->failed;
    }
    put_u32(writer->out->data + writer->at, (uint32_t)(writer->out->len - writer->at - PAR_FRAME_HEADER_BYTES));
    return PAR_OK;
}

/* --- reading --- */
par_frame_reader par_frame_open(const uint8_t *body, size_t len) { return (par_frame_reader){.at = body, .end = body + len}; }

/* The next n bytes, or NULL. */
static const uint8_t *take(par_frame_reader *reader, size_t n, const char *field)
{
    if (!reader->failed && (size_t)(reader->end - reader->at) < n) reader->failed = field;
    if (reader->failed) return NULL;
    const uint8_t *at = reader->at;
    reader->at += n;
    return at;
}

uint32_t par_frame_read_u32(par_frame_reader *reader, const char *field)
{
    const uint8_t *at = take(reader, 4, field);
    return at ? get_u32(at) : 0;
}

uint64_t par_frame_read_u64(par_frame_reader *reader, const char *field)
{
    const uint8_t *at = take(reader, 8, field);
    return at ? get_u32(at) | (uint64_t)get_u32(at + 4) << 32 : 0;
}

const char *par_frame_read_text(par_frame_reader *reader, const char *field)
{
    size_t len = par_frame_read_u32(reader, field);
    const char *text = (const char *)take(reader, len + 1, field);
    if (text && memchr(text, 0, len + 1) == text + len) return text;
    if (!reader->failed) reader->failed = field;
    return "";
}

par_frame_texts par_frame_read_list(par_frame_reader *reader, const char *field)
{
    par_frame_texts texts = {.n = par_frame_read_u32(reader, field)};
    if (texts.n > PAR_FRAME_LIST_MAX && !reader->failed) reader->failed = field;
    for (uint32_t i = 0; i < texts.n && !reader->failed; i++) {
        const char *text = par_frame_read_text(reader, field);
        if (i == 0) texts.first = text;
    }
    if (reader->failed) texts = (par_frame_texts){0};
    return texts;
}

const char *par_frame_next_text(par_frame_texts *texts)
{
    if (texts->n == 0) return NULL;
    const char *text = texts->first;
    texts->n--;
    if (texts->n) texts->first += strlen(text) + 1 + 4; /* behind its terminator and the next one's length */
    return text;
}

int par_frame_close(par_frame_reader *reader, par_frame_type type, par_error *err)
{
    if (!reader->failed && reader->at != reader->end) reader->failed = "bytes behind its end";
    if (!reader->failed) return PAR_OK;
    return par_error_set(err, PAR_E_CORRUPT, "a frame %s with a wrong field: %s", par_frame_name(type), reader->failed);
}
