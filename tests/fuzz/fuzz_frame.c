/* libFuzzer: any bytes as frames of either side. The first byte chooses the side; then headers and bodies follow as they would on a
 * connection, each body in a block of its own size. */
#include <stdlib.h>
#include <string.h>

#include "cluster/frame.h"

static par_error err;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int good)
{
    if (!good) abort();
}

/* What was read is written the same way again. */
static void check_start(const par_frame *frame, const par_frame_start *start, const uint8_t *body)
{
    const char *env[PAR_FRAME_LIST_MAX + 1];
    par_frame_texts texts = start->env;
    uint32_t n = 0;
    for (const char *text; (text = par_frame_next_text(&texts));) env[n++] = text;
    env[n] = NULL;
    par_buffer out = {0};
    check(par_frame_put_start(&out, frame->stream, frame->aux, start, env) == PAR_OK);
    check(out.len == PAR_FRAME_HEADER_BYTES + (size_t)frame->len);
    check(memcmp(out.data + PAR_FRAME_HEADER_BYTES, body, frame->len) == 0);
    par_buffer_fini(&out);
}

static void read_body(const par_frame *frame, const uint8_t *body)
{
    par_frame_hello hello;
    par_frame_welcome welcome;
    par_frame_start start;
    par_frame_slot slot;
    par_frame_beat beat;
    switch (frame->type) {
    case PAR_FRAME_HELLO:
        if (par_frame_get_hello(&hello, body, frame->len, &err) == PAR_OK)
            check(strlen(hello.release) + strlen(hello.fingerprint) + strlen(hello.host) < frame->len);
        break;
    case PAR_FRAME_WELCOME:
        if (par_frame_get_welcome(&welcome, body, frame->len, &err) == PAR_OK) check(welcome.silence_ms >= welcome.beat_ms);
        break;
    case PAR_FRAME_START:
        if (par_frame_get_start(&start, body, frame->len, &err) == PAR_OK) check_start(frame, &start, body);
        break;
    case PAR_FRAME_SLOT: check(par_frame_get_slot(&slot, body, frame->len, &err) == PAR_OK); break;
    case PAR_FRAME_BEAT: check(par_frame_get_beat(&beat, body, frame->len, &err) == PAR_OK); break;
    default: {
        par_frame_reader reader = par_frame_open(body, frame->len);
        par_frame_read_u32(&reader, "number");
        check(strlen(par_frame_read_text(&reader, "text")) <= frame->len);
        par_frame_close(&reader, frame->type, &err);
    }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) return 0;
    par_frame_way from = data[0] & 1 ? PAR_FROM_AGENT : PAR_FROM_BRIDGE;
    const uint8_t *at = data + 1, *end = data + size;
    while (end - at >= (ptrdiff_t)PAR_FRAME_HEADER_BYTES) {
        par_frame frame;
        if (par_frame_get(&frame, at, from, &err) != PAR_OK) break;
        uint8_t again[PAR_FRAME_HEADER_BYTES];
        par_frame_put(again, &frame);
        check(memcmp(again, at, sizeof again) == 0);
        check(frame.len <= PAR_FRAME_MAX_BYTES && frame.stream <= PAR_STREAMS_MAX);
        at += PAR_FRAME_HEADER_BYTES;
        if (frame.len > end - at) break;
        uint8_t *body = malloc(frame.len ? frame.len : 1);
        memcpy(body, at, frame.len);
        read_body(&frame, body);
        free(body);
        at += frame.len;
    }
    return 0;
}
