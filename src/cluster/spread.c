#include "cluster/spread.h"

#include <stdlib.h>
#include <string.h>

#include "os/os.h"

typedef struct bell {
    par_source source;
    par_spread *spread;
    unsigned seat;
} bell;

typedef struct side { /* a connection */
    struct side *next;
    par_mux *mux; /* NULL: it is lost */
    uint32_t place, from;
    par_mirror_reader *reader;
    bool dirty; /* there may be something to tell */
} side;

struct par_spread {
    par_spread *next;
    par_loop *loop;
    uint32_t key, own;
    unsigned seats;
    uint32_t *places;
    par_mirror *mirror;
    bell *bells; /* by seat */
    side *sides;
    bool heard; /* something was written down: those who wait are to be rung */
};

static void spread_free(par_spread *spread)
{
    while (spread->sides) {
        side *first = spread->sides;
        spread->sides = first->next;
        par_mirror_reader_close(first->reader);
        free(first);
    }
    for (unsigned seat = 0; spread->bells && seat < spread->seats; seat++) {
        int fd = spread->bells[seat].source.fd;
        par_loop_unwatch(spread->loop, &spread->bells[seat].source);
        par_os_close(fd);
    }
    par_mirror_close(spread->mirror);
    free(spread->bells);
    free(spread->places);
    free(spread);
}

static void look_everywhere(par_spread *spread, const side *but)
{
    for (side *one = spread->sides; one; one = one->next)
        if (one != but) one->dirty = true;
}

/* A member has said something, or its end is here. */
static void on_bell(par_source *source)
{
    bell *rung = source->user;
    par_spread *spread = rung->spread;
    char bytes[64];
    int n_fds = 0, n = par_os_socket_read(source->fd, bytes, sizeof bytes, NULL, 0, &n_fds);
    if (n == PAR_E_AGAIN) return;
    if (n > 0) {
        par_mirror_look(spread->mirror, rung->seat);
    } else {
        int fd = source->fd;
        par_loop_unwatch(spread->loop, source);
        par_os_close(fd);
        par_mirror_gone(spread->mirror, rung->seat);
    }
    look_everywhere(spread, NULL);
}

int par_spread_open(par_spread **out, par_spread **list, par_loop *loop, uint32_t key, int board_fd, unsigned seats, const uint32_t *places,
                    uint32_t own, par_error *err)
{
    par_spread *spread = calloc(1, sizeof *spread);
    if (!spread) return par_error_set(err, PAR_E_NOMEM, "not enough memory for a group");
    *spread = (par_spread){.loop = loop, .key = key, .own = own, .seats = seats};
    spread->places = malloc(seats * sizeof *places);
    spread->bells = calloc(seats, sizeof *spread->bells);
    int rc = spread->places && spread->bells ? PAR_OK : par_error_set(err, PAR_E_NOMEM, "not enough memory for a group");
    if (rc == PAR_OK) {
        memcpy(spread->places, places, seats * sizeof *places);
        for (unsigned seat = 0; seat < seats; seat++)
            spread->bells[seat] = (bell){.source = {-1, on_bell, &spread->bells[seat]}, .spread = spread, .seat = seat};
        rc = par_mirror_open(&spread->mirror, board_fd, seats, places, own, err);
    }
    if (rc != PAR_OK) {
        spread_free(spread);
        return rc;
    }
    spread->next = *list;
    *out = *list = spread;
    return PAR_OK;
}

int par_spread_connect(par_spread *spread, par_mux *mux, uint32_t place, bool only_own, par_error *err)
{
    side *one = calloc(1, sizeof *one);
    if (!one) return par_error_set(err, PAR_E_NOMEM, "not enough memory for a group");
    *one = (side){.mux = mux, .place = place, .from = only_own ? PAR_MIRROR_ANY : place, .dirty = true};
    int rc = par_mirror_reader_open(&one->reader, spread->mirror, place, only_own, err);
    if (rc != PAR_OK) {
        free(one);
        return rc;
    }
    one->next = spread->sides;
    spread->sides = one;
    return PAR_OK;
}

int par_spread_add_bell(par_spread *spread, unsigned seat, int fd, par_error *err)
{
    int rc = PAR_OK;
    if (seat >= spread->seats || spread->places[seat] != spread->own || spread->bells[seat].source.fd >= 0)
        rc = par_error_set(err, PAR_E_INVALID, "a group has no such member here");
    if (rc == PAR_OK) rc = par_loop_watch(spread->loop, &spread->bells[seat].source, fd, err);
    if (rc != PAR_OK) par_os_close(fd);
    return rc;
}

void par_spread_give_up(par_spread *spread)
{
    for (unsigned seat = 0; seat < spread->seats; seat++)
        if (spread->places[seat] == spread->own && spread->bells[seat].source.fd < 0) par_mirror_gone(spread->mirror, seat);
    look_everywhere(spread, NULL);
}

par_spread *par_spread_find(par_spread *list, uint32_t key)
{
    while (list && list->key != key) list = list->next;
    return list;
}

static side *side_of(const par_spread *spread, const par_mux *mux)
{
    side *one = spread->sides;
    while (one && one->mux != mux) one = one->next;
    return one;
}

int par_spread_on_frame(par_spread *list, const par_mux *mux, const par_frame *frame, const uint8_t *body, par_error *err)
{
    par_spread *spread = par_spread_find(list, frame->aux);
    if (!spread) return PAR_OK;
    const side *from = side_of(spread, mux);
    if (!from) return par_error_set(err, PAR_E_CORRUPT, "a change of a group that is not there");
    int rc = par_mirror_apply(spread->mirror, from->from, body, frame->len, err);
    spread->heard = true;
    look_everywhere(spread, from);
    return rc;
}

void par_spreads_lose(par_spread *list, const par_mux *mux)
{
    for (par_spread *spread = list; spread; spread = spread->next) {
        side *lost = side_of(spread, mux);
        if (!lost) continue;
        lost->mux = NULL;
        par_mirror_lost(spread->mirror, lost->place);
        spread->heard = true;
        look_everywhere(spread, lost);
    }
}

/* --- telling --- */
static void tell(const par_spread *spread, side *to)
{
    while (to->mux && to->dirty && !to->mux->lost && !par_mux_is_full(to->mux)) {
        par_frame_writer w = par_frame_begin(&to->mux->out, PAR_FRAME_BOARD, 0, spread->key, 0);
        int rc = w.failed ? w.failed : par_mirror_next(to->reader, &to->mux->out);
        if (rc == PAR_OK) rc = par_frame_end(&w);
        if (rc == PAR_OK) continue;
        to->mux->out.len = w.at;
        to->dirty = false;
        if (rc != PAR_E_AGAIN) par_mux_fail(to->mux, "not enough memory for a group");
    }
}

/* Everybody is gone, and everybody has been told. */
static bool is_over(const par_spread *spread)
{
    if (!par_mirror_is_over(spread->mirror)) return false;
    for (const side *one = spread->sides; one; one = one->next)
        if (one->mux && one->dirty) return false;
    return true;
}

void par_spreads_serve(par_spread **list)
{
    for (par_spread **at = list; *at;) {
        par_spread *spread = *at;
        for (side *one = spread->sides; one; one = one->next) tell(spread, one);
        if (spread->heard) par_mirror_ring(spread->mirror);
        spread->heard = false;
        if (!is_over(spread)) {
            at = &spread->next;
            continue;
        }
        *at = spread->next;
        spread_free(spread);
    }
}

bool par_spreads_have(const par_spread *list)
{
    for (; list; list = list->next)
        for (const side *one = list->sides; one; one = one->next)
            if (one->mux && one->dirty && !one->mux->lost && !par_mux_is_full(one->mux)) return true;
    return false;
}

void par_spreads_close(par_spread **list)
{
    while (*list) {
        par_spread *first = *list;
        *list = first->next;
        spread_free(first);
    }
}
