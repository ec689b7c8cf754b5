/* What several children of the other end get, as a stream that sends it sees it: where it is kept there, and who fills the place. */
#include "base/limits.h"
#include "cluster/mux.h"

void par_stream_expect_common(par_stream *stream, uint64_t number)
{
    stream->expects_common = true;
    stream->common_number = number;
}

/* --- the key --- */
static uint64_t bytes_of(const par_outgoing *out)
{
    uint64_t bytes = out->len;
    for (uint32_t i = 0; i < out->n_payloads; i++) bytes += out->payloads[i]->bytes;
    return bytes;
}

bool par_common_is_wanted(par_stream *stream)
{
    par_outgoing *out = &stream->out;
    par_mux *mux = stream->mux;
    if (!stream->expects_common) return false;
    stream->expects_common = false;
    uint64_t bytes = bytes_of(out);
    if (!mux->cache) mux->cache = par_cache_new();
    if (bytes < PAR_COMMON_MIN_BYTES || bytes > PAR_CACHE_MAX_BYTES || !mux->cache) return false;
    out->keyed = stream->common_number != 0; /* else it is made step by step */
    if (out->keyed) out->key = (par_cache_key){.number = stream->common_number, .bytes = bytes};
    out->common = true;
    return true;
}

/* Only the bridge says what is kept. What members of groups say to each other is left alone. */
bool par_common_is_again(par_stream *stream, const void *bytes, size_t len)
{
    par_outgoing *out = &stream->out;
    par_mux *mux = stream->mux;
    if (len < PAR_AGAIN_MIN_BYTES || len > PAR_CACHE_MAX_BYTES || stream->is_peer || mux->role->from != PAR_FROM_AGENT) return false;
    if (!mux->cache) mux->cache = par_cache_new();
    if (!mux->cache) return false;
    out->mark = par_seen_mark(mux->cache->secret, bytes, len);
    if (!par_seen_again(&mux->cache->seen, out->mark)) return false;
    out->key = (par_cache_key){.is_part = true};
    return out->common = true;
}

/* --- places --- */
static void forget(par_mux *mux, int place)
{
    par_cache_forget(mux->cache, place);
    for (uint32_t id = 1; id < mux->n_streams; id++)
        if (mux->streams[id]) mux->streams[id]->got &= ~(UINT64_C(1) << place);
    if (!mux->lost) par_frame_put_empty(&mux->out, PAR_FRAME_DROP, 0, (uint32_t)place, 0);
}

/* Those that wait for a place go on. */
static void wake(par_mux *mux)
{
    for (uint32_t id = 1; id < mux->n_streams && !mux->lost; id++) {
        par_stream *stream = mux->streams[id];
        if (stream && stream->out.common && stream->paused && !stream->lined_up) par_stream_unpause(stream);
    }
}

int par_common_place(par_stream *stream, par_cache_state *state)
{
    par_mux *mux = stream->mux;
    int place = par_cache_find(mux->cache, &stream->out.key), gone;
    *state = place >= 0 && mux->cache->entries[place].state == PAR_CACHE_THERE ? PAR_CACHE_THERE : PAR_CACHE_COMING;
    if (*state == PAR_CACHE_COMING && mux->cache->coming >= 0) return place;
    if (stream->out.key.is_part) par_seen_tell(&mux->cache->seen, stream->out.mark, *state == PAR_CACHE_THERE);
    if (*state == PAR_CACHE_THERE) return place;
    *state = PAR_CACHE_FREE;
    while ((place = par_cache_room(mux->cache, &stream->out.key, &gone)) < 0 && gone >= 0) forget(mux, gone);
    if (place < 0) return -1;
    par_cache_begin(mux->cache, place, &stream->out.key);
    mux->filler = stream;
    return place;
}

void par_common_filled(par_stream *stream)
{
    par_mux *mux = stream->mux;
    int place = mux->cache->coming;
    mux->filler = NULL;
    par_cache_filled(mux->cache);
    par_common_refer(stream, place);
    wake(mux);
}

void par_common_refer(par_stream *stream, int place)
{
    par_mux *mux = stream->mux;
    uint64_t bit = UINT64_C(1) << place;
    stream->send_credit -= (int64_t)stream->out.key.bytes;
    bool is_part = stream->out.key.is_part;
    if (par_frame_put_empty(&mux->out, is_part ? PAR_FRAME_KEPT_PART : PAR_FRAME_KEPT, stream->id, (uint32_t)place,
                            is_part ? 0 : stream->out.kind) != PAR_OK)
        par_mux_fail(mux, "not enough memory for a message");
    if (stream->got & bit) return;
    stream->got |= bit;
    if (par_cache_use(mux->cache, place, mux->n_open)) forget(mux, place);
}

void par_common_leave(par_stream *stream)
{
    par_mux *mux = stream->mux;
    if (mux->filler != stream) return;
    mux->filler = NULL;
    forget(mux, mux->cache->coming);
    wake(mux);
}

void par_common_leave_all(par_stream *stream)
{
    for (int place = 0; stream->got; place++) {
        uint64_t bit = UINT64_C(1) << place;
        if (!(stream->got & bit)) continue;
        stream->got &= ~bit;
        if (par_cache_unuse(stream->mux->cache, place)) forget(stream->mux, place);
    }
}
