/* The bodies of frames that have several fields. */
#include "cluster/frame.h"

int par_frame_put_hello(par_buffer *out, const par_frame_hello *hello)
{
    par_frame_writer w = par_frame_begin(out, PAR_FRAME_HELLO, 0, 0, 0);
    par_frame_text(&w, hello->release);
    par_frame_text(&w, hello->fingerprint);
    par_frame_text(&w, hello->host);
    par_frame_u32(&w, hello->cores);
    par_frame_u32(&w, hello->pid);
    return par_frame_end(&w);
}

int par_frame_get_hello(par_frame_hello *out, const uint8_t *body, size_t len, par_error *err)
{
    par_frame_reader r = par_frame_open(body, len);
    out->release = par_frame_read_text(&r, "release");
    out->fingerprint = par_frame_read_text(&r, "fingerprint");
    out->host = par_frame_read_text(&r, "host");
    out->cores = par_frame_read_u32(&r, "cores");
    out->pid = par_frame_read_u32(&r, "pid");
    if (!r.failed && (out->cores == 0 || out->cores > PAR_STREAMS_MAX)) r.failed = "cores"; /* a pool has as many workers there */
    return par_frame_close(&r, PAR_FRAME_HELLO, err);
}

int par_frame_put_welcome(par_buffer *out, const par_frame_welcome *welcome)
{
    par_frame_writer w = par_frame_begin(out, PAR_FRAME_WELCOME, 0, 0, 0);
    par_frame_u32(&w, welcome->window_bytes);
    par_frame_u32(&w, welcome->beat_ms);
    par_frame_u32(&w, welcome->silence_ms);
    return par_frame_end(&w);
}

int par_frame_get_welcome(par_frame_welcome *out, const uint8_t *body, size_t len, par_error *err)
{
    par_frame_reader r = par_frame_open(body, len);
    out->window_bytes = par_frame_read_u32(&r, "window");
    out->beat_ms = par_frame_read_u32(&r, "heartbeat");
    out->silence_ms = par_frame_read_u32(&r, "silence");
    if (!r.failed && (out->beat_ms == 0 || out->silence_ms < out->beat_ms)) r.failed = "heartbeat";
    return par_frame_close(&r, PAR_FRAME_WELCOME, err);
}

int par_frame_put_start(par_buffer *out, uint32_t stream, uint32_t id, const par_frame_start *start, const char *const *env)
{
    par_frame_writer w = par_frame_begin(out, PAR_FRAME_START, stream, id, 0);
    par_frame_u64(&w, start->ring_bytes);
    par_frame_u32(&w, start->flags);
    par_frame_text(&w, start->program);
    par_frame_text(&w, start->fingerprint);
    par_frame_text(&w, start->cwd);
    par_frame_list(&w, env);
    return par_frame_end(&w);
}

int par_frame_get_start(par_frame_start *out, const uint8_t *body, size_t len, par_error *err)
{
    par_frame_reader r = par_frame_open(body, len);
    out->ring_bytes = par_frame_read_u64(&r, "ring bytes");
    out->flags = par_frame_read_u32(&r, "flags");
    if (!r.failed && out->flags & ~PAR_START_FLAGS) r.failed = "flags";
    out->program = par_frame_read_text(&r, "program");
    out->fingerprint = par_frame_read_text(&r, "fingerprint");
    out->cwd = par_frame_read_text(&r, "folder");
    out->env = par_frame_read_list(&r, "environment");
    return par_frame_close(&r, PAR_FRAME_START, err);
}

int par_frame_put_slot(par_buffer *out, uint32_t stream, unsigned slot, const par_frame_slot *body)
{
    par_frame_writer w = par_frame_begin(out, PAR_FRAME_SLOT, stream, slot, 0);
    par_frame_u64(&w, body->words[0]);
    par_frame_u64(&w, body->words[1]);
    par_frame_u64(&w, body->age_ns);
    for (int i = 0; i < 2; i++) par_frame_u32(&w, body->given[i]);
    return par_frame_end(&w);
}

int par_frame_get_slot(par_frame_slot *out, const uint8_t *body, size_t len, par_error *err)
{
    par_frame_reader r = par_frame_open(body, len);
    out->words[0] = par_frame_read_u64(&r, "word 0");
    out->words[1] = par_frame_read_u64(&r, "word 1");
    out->age_ns = par_frame_read_u64(&r, "age");
    for (int i = 0; i < 2; i++) out->given[i] = par_frame_read_u32(&r, "given");
    return par_frame_close(&r, PAR_FRAME_SLOT, err);
}

int par_frame_put_beat(par_buffer *out, const par_frame_beat *beat)
{
    par_frame_writer w = par_frame_begin(out, PAR_FRAME_BEAT, 0, 0, 0);
    par_frame_u64(&w, beat->clock_ns);
    par_frame_u64(&w, beat->echo_ns);
    par_frame_u64(&w, beat->held_ns);
    return par_frame_end(&w);
}

int par_frame_get_beat(par_frame_beat *out, const uint8_t *body, size_t len, par_error *err)
{
    par_frame_reader r = par_frame_open(body, len);
    out->clock_ns = par_frame_read_u64(&r, "clock");
    out->echo_ns = par_frame_read_u64(&r, "echo");
    out->held_ns = par_frame_read_u64(&r, "held");
    return par_frame_close(&r, PAR_FRAME_BEAT, err);
}

int par_frame_put_text(par_buffer *out, par_frame_type type, uint32_t stream, uint32_t aux, const char *text)
{
    par_frame_writer w = par_frame_begin(out, type, stream, aux, 0);
    par_frame_text(&w, text);
    return par_frame_end(&w);
}

int par_frame_put_empty(par_buffer *out, par_frame_type type, uint32_t stream, uint32_t aux, unsigned kind)
{
    par_frame_writer w = par_frame_begin(out, type, stream, aux, kind);
    return par_frame_end(&w);
}
