/* Who says nothing is taken to be gone, but not by one who was stopped himself: what was said to him meanwhile is still to be read. */
#include "mux_end.h"

static unsigned n_lost;

static void on_lost(void *context, par_mux *mux, const char *why)
{
    (void)context, (void)mux;
    CHECK(strstr(why, "silent for") != NULL);
    n_lost++;
}

static const par_mux_role role = {NULL, PAR_FROM_AGENT, ignore_frame, ignore_local, ignore_channel_end, NULL, ignore_delivered, on_lost};

/* Ticks when they are due, from now_ns on, until the other end is taken to be gone. Returns after how many nanoseconds that was. */
static int64_t silence(mux_end *end, int64_t now_ns)
{
    int64_t from_ns = now_ns, due_ns = par_mux_tick(end->mux, now_ns);
    while (!end->mux->lost) {
        now_ns = due_ns;
        due_ns = par_mux_tick(end->mux, now_ns);
    }
    CHECK_INT(n_lost, 1);
    return now_ns - from_ns;
}

static void the_silent_are_lost(void)
{
    mux_end end;
    n_lost = 0;
    mux_end_open(&end, &role);
    int64_t ns = silence(&end, end.mux->heard_ns);
    CHECK(ns > PAR_SILENCE_NS && ns < PAR_SILENCE_NS + PAR_BEAT_NS);
    mux_end_close(&end);
}

static void nobody_is_lost_while_we_were_stopped(void)
{
    mux_end end;
    n_lost = 0;
    mux_end_open(&end, &role);
    int64_t due_ns = par_mux_tick(end.mux, end.mux->heard_ns), back_ns = due_ns + SECONDS(60);
    due_ns = par_mux_tick(end.mux, back_ns);
    CHECK_INT(n_lost, 0);
    CHECK(due_ns <= back_ns + PAR_BEAT_NS);
    int64_t ns = silence(&end, due_ns);
    CHECK(ns < PAR_SILENCE_NS + PAR_BEAT_NS);
    mux_end_close(&end);
}

TAP_MAIN(TEST(the_silent_are_lost), TEST(nobody_is_lost_while_we_were_stopped))
