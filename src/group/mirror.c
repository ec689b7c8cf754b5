#include "group/mirror.h"

#include <stdlib.h>
#include <string.h>

#include "group/layout.h"
#include "os/os.h"

#define NOBODY_PID INT32_MAX /* no process has it */

/* What is told: a head, and behind it of SAID a par_note and a par_say, of BYTES the bytes. */
enum { CHANGE_SAID = 1, CHANGE_BYTES, CHANGE_VOTE, CHANGE_BROKEN, CHANGE_GONE };
typedef struct change {
    uint8_t what, slot; /* slot: of SAID and BYTES */
    uint16_t zero;
    uint32_t seat;  /* of BYTES: whose window; behind the last one is the result's */
    uint64_t value; /* the word of SAID, VOTE and BROKEN; where BYTES begin */
} change;

struct par_mirror {
    par_board_page *page;
    par_layout layout;
    unsigned seats, n_gone;
    uint32_t *places, own; /* by seat */
    int *life;             /* by seat: the sign of life of a member elsewhere; -1 */
    bool *gone;            /* by seat */
};

/* One thing after the other is told: first the bytes of windows, piece by piece, then the word that makes them count. */
typedef struct run {
    uint32_t seat, at, end; /* bytes of this window that are still to be told */
} run;

struct par_mirror_reader {
    par_mirror *mirror;
    uint32_t to;
    bool only_own;
    struct told {
        uint64_t word[2], vote;
        bool gone;
    } * told; /* by seat */
    uint64_t broken;
    unsigned at;   /* the seat that is looked at next */
    bool in_slot;  /* the one before it is being told: */
    unsigned slot; /*   this slot, */
    uint64_t word; /*   with this word, */
    par_say say;
    par_note note;
    run run;
    unsigned stage, window; /*   and so far it has come */
};

static par_seat *seat_of(const par_mirror *mirror, unsigned seat)
{
    return (par_seat *)(void *)((uint8_t *)mirror->page + mirror->layout.seats_at) + seat;
}

static uint8_t *window_of(const par_mirror *mirror, unsigned seat, unsigned slot)
{
    return (uint8_t *)mirror->page + mirror->layout.windows_at + (2 * (size_t)seat + slot) * mirror->layout.window_bytes;
}

/* --- life --- */
static int stand_for(par_mirror *mirror, int board_fd, unsigned seat, par_error *err)
{
    if (mirror->places[seat] == mirror->own) return PAR_OK;
    atomic_store_explicit(&seat_of(mirror, seat)->pid, (uint32_t)par_os_pid(), memory_order_relaxed); /* with par_board_lives */
    return par_board_seat_fd(board_fd, mirror->seats, seat, &mirror->life[seat], err);
}

static int map(par_mirror *mirror, int board_fd, par_error *err)
{
    size_t bytes;
    void *data;
    int rc = par_os_memory_size(board_fd, &bytes, err);
    if (rc == PAR_OK && bytes != mirror->layout.bytes)
        rc = par_error_set(err, PAR_E_CORRUPT, "that is no board for %u members", mirror->seats);
    if (rc == PAR_OK) rc = par_os_memory_map(board_fd, 0, bytes, &data, err);
    if (rc == PAR_OK) mirror->page = data;
    return rc;
}

int par_mirror_open(par_mirror **out, int board_fd, unsigned seats, const uint32_t *places, uint32_t own, par_error *err)
{
    par_mirror *mirror = calloc(1, sizeof *mirror);
    if (!mirror) return par_error_set(err, PAR_E_NOMEM, "not enough memory for a group");
    *mirror = (par_mirror){.seats = seats, .own = own, .layout = par_layout_of(seats)};
    mirror->places = malloc(seats * sizeof *mirror->places);
    mirror->life = malloc(seats * sizeof *mirror->life);
    mirror->gone = calloc(seats, sizeof *mirror->gone);
    int rc = mirror->places && mirror->life && mirror->gone ? PAR_OK : par_error_set(err, PAR_E_NOMEM, "not enough memory for a group");
    for (unsigned seat = 0; seat < seats && mirror->life; seat++) mirror->life[seat] = -1;
    if (rc == PAR_OK) rc = map(mirror, board_fd, err);
    if (rc == PAR_OK) memcpy(mirror->places, places, seats * sizeof *places);
    for (unsigned seat = 0; seat < seats && rc == PAR_OK; seat++) rc = stand_for(mirror, board_fd, seat, err);
    if (rc == PAR_OK) *out = mirror;
    else par_mirror_close(mirror);
    return rc;
}

void par_mirror_close(par_mirror *mirror)
{
    if (!mirror) return;
    for (unsigned seat = 0; seat < mirror->seats && mirror->life; seat++) par_os_close(mirror->life[seat]);
    if (mirror->page) par_os_memory_unmap(mirror->page, mirror->layout.bytes);
    free(mirror->places);
    free(mirror->life);
    free(mirror->gone);
    free(mirror);
}

void par_mirror_gone(par_mirror *mirror, unsigned seat)
{
    if (mirror->gone[seat]) return;
    mirror->gone[seat] = true;
    mirror->n_gone++;
    /* As stand_for; and of a member here, whose process is still there, as far as the system tells, until somebody has reaped it. */
    atomic_store_explicit(&seat_of(mirror, seat)->pid, NOBODY_PID, memory_order_relaxed); /* with par_board_lives */
    if (mirror->places[seat] == mirror->own) return;
    par_os_close(mirror->life[seat]);
    mirror->life[seat] = -1;
}

void par_mirror_lost(par_mirror *mirror, uint32_t place)
{
    for (unsigned seat = 0; seat < mirror->seats; seat++)
        if (mirror->places[seat] == place) par_mirror_gone(mirror, seat);
}

bool par_mirror_is_over(const par_mirror *mirror) { return mirror->n_gone == mirror->seats; }

void par_mirror_ring(par_mirror *mirror)
{
    for (int i = 0; i < PAR_BOARD_WORDS; i++) par_latch_ring(&mirror->page->words[i].latch);
}

/* --- what is to be told --- */
int par_mirror_reader_open(par_mirror_reader **out, par_mirror *mirror, uint32_t to, bool only_own, par_error *err)
{
    par_mirror_reader *reader = calloc(1, sizeof *reader);
    if (reader) reader->told = calloc(mirror->seats, sizeof *reader->told);
    if (!reader || !reader->told) {
        free(reader);
        return par_error_set(err, PAR_E_NOMEM, "not enough memory for a group");
    }
    reader->mirror = mirror;
    reader->to = to;
    reader->only_own = only_own;
    *out = reader;
    return PAR_OK;
}

void par_mirror_reader_close(par_mirror_reader *reader)
{
    if (!reader) return;
    free(reader->told);
    free(reader);
}

void par_mirror_look(par_mirror *mirror, unsigned seat)
{
    atomic_store_explicit(&seat_of(mirror, seat)->rung, 0, memory_order_seq_cst); /* with par_board_tell */
}

static int put(par_buffer *out, change head, const void *bytes, size_t len)
{
    if (par_buffer_reserve(out, sizeof head + sizeof(par_note) + len) != PAR_OK) return PAR_E_NOMEM;
    par_buffer_append(out, &head, sizeof head);
    return len ? par_buffer_append(out, bytes, len) : PAR_OK;
}

static bool tells_of(const par_mirror_reader *reader, unsigned seat)
{
    uint32_t place = reader->mirror->places[seat];
    return reader->only_own ? place == reader->mirror->own : place != reader->to;
}

static uint64_t word_of(const par_mirror_reader *reader, unsigned seat, unsigned slot)
{
    return atomic_load_explicit(&seat_of(reader->mirror, seat)->slot[slot].phase, memory_order_seq_cst); /* with enter() in phase.c */
}

/* Takes a copy of what the member said with this word. False: it says something else meanwhile, and is looked at again. */
static bool begin_slot(par_mirror_reader *reader, unsigned seat, unsigned slot)
{
    const par_seat *from = seat_of(reader->mirror, seat);
    uint64_t word = word_of(reader, seat, slot);
    memcpy(&reader->say, &from->slot[slot].say, sizeof reader->say);
    memcpy(&reader->note, &from->note[slot], sizeof reader->note);
    if (word_of(reader, seat, slot) != word) return false;
    reader->in_slot = true;
    reader->slot = slot;
    reader->word = word;
    reader->stage = reader->window = 0;
    reader->run = (run){0};
    return true;
}

static run run_in(const par_mirror *mirror, unsigned seat, uint64_t at, uint64_t bytes)
{
    uint64_t most = mirror->layout.window_bytes, end = at + bytes < most ? at + bytes : most;
    return (run){.seat = seat, .at = (uint32_t)(at < end ? at : end), .end = (uint32_t)end};
}

/* The next bytes of the slot that is being told. False: there are no more. */
static bool next_run(par_mirror_reader *reader, unsigned seat)
{
    const par_note *note = &reader->note;
    const par_mirror *mirror = reader->mirror;
    uint64_t hole_end = (uint64_t)note->hole_at + note->hole_bytes;
    bool holed = note->hole_bytes && hole_end <= note->own;
    switch (reader->stage++) {
    case 0: reader->run = run_in(mirror, seat, 0, holed ? note->hole_at : note->own); return true;
    case 1: reader->run = holed ? run_in(mirror, seat, hole_end, note->own - hole_end) : (run){0}; return true;
    case 2: reader->run = run_in(mirror, mirror->seats, note->result_at, note->result_bytes); return true;
    default: break;
    }
    for (; note->each && reader->window < mirror->seats; reader->window++) {
        if (!(reader->only_own ? mirror->places[reader->window] != mirror->own : mirror->places[reader->window] == reader->to)) continue;
        reader->run = run_in(mirror, reader->window++, 0, note->each);
        return true;
    }
    return false;
}

static int put_piece(par_mirror_reader *reader, par_buffer *out)
{
    run *now = &reader->run;
    size_t most = PAR_MIRROR_CHANGE_MAX_BYTES - sizeof(change), len = now->end - now->at < most ? now->end - now->at : most;
    change head = {.what = CHANGE_BYTES, .slot = (uint8_t)reader->slot, .seat = now->seat, .value = now->at};
    int rc = put(out, head, window_of(reader->mirror, now->seat, reader->slot) + now->at, len);
    if (rc == PAR_OK) now->at += (uint32_t)len;
    return rc;
}

static int put_said(par_mirror_reader *reader, unsigned seat, par_buffer *out)
{
    change head = {.what = CHANGE_SAID, .slot = (uint8_t)reader->slot, .seat = seat, .value = reader->word};
    int rc = put(out, head, &reader->note, sizeof reader->note);
    if (rc == PAR_OK) rc = par_buffer_append(out, &reader->say, sizeof reader->say);
    if (rc == PAR_OK) reader->told[seat].word[reader->slot] = reader->word;
    return rc;
}

/* A member that breaks the group does so before it says or votes anything more, or leaves: so whoever hears of that has to have heard
 * this. True: there is a change, and *rc says how it went. */
static bool tells_broken(par_mirror_reader *reader, par_buffer *out, int *rc)
{
    uint64_t broken = atomic_load_explicit(&reader->mirror->page->broken, memory_order_seq_cst); /* with par_broken_break */
    if (broken == reader->broken) return false;
    reader->broken = broken;
    *rc = put(out, (change){.what = CHANGE_BROKEN, .value = broken}, NULL, 0);
    return true;
}

/* One more change of the slot that is being told. PAR_E_AGAIN: it says something else meanwhile, as only after the end of a group. */
static int next_of_slot(par_mirror_reader *reader, unsigned seat, par_buffer *out)
{
    if (word_of(reader, seat, reader->slot) != reader->word) {
        reader->in_slot = false;
        return PAR_E_AGAIN;
    }
    int rc;
    while (reader->run.at == reader->run.end)
        if (!next_run(reader, seat)) {
            if (tells_broken(reader, out, &rc)) return rc;
            reader->in_slot = false;
            return put_said(reader, seat, out);
        }
    return put_piece(reader, out);
}

static int next_of_seat(par_mirror_reader *reader, unsigned seat, par_buffer *out)
{
    struct told *told = &reader->told[seat];
    bool gone = reader->mirror->gone[seat]; /* before the rest: then that is its last */
    if (reader->in_slot) {
        int rc = next_of_slot(reader, seat, out);
        if (rc != PAR_E_AGAIN) return rc;
    }
    for (unsigned slot = 0; slot < 2; slot++) /* one that changes meanwhile is looked at when its member rings, as it does then */
        if (word_of(reader, seat, slot) != told->word[slot] && begin_slot(reader, seat, slot)) return next_of_slot(reader, seat, out);
    uint64_t vote = atomic_load_explicit(&seat_of(reader->mirror, seat)->vote, memory_order_seq_cst); /* with vote() in agree.c */
    if (vote != told->vote) {
        int rc;
        if (tells_broken(reader, out, &rc)) return rc;
        told->vote = vote;
        return put(out, (change){.what = CHANGE_VOTE, .seat = seat, .value = vote}, NULL, 0);
    }
    if (!gone || told->gone) return PAR_E_AGAIN;
    told->gone = true;
    return put(out, (change){.what = CHANGE_GONE, .seat = seat}, NULL, 0);
}

int par_mirror_next(par_mirror_reader *reader, par_buffer *out)
{
    int told;
    if (tells_broken(reader, out, &told)) return told;
    for (unsigned n = 0; n < reader->mirror->seats; n++) {
        int rc = tells_of(reader, reader->at) ? next_of_seat(reader, reader->at, out) : PAR_E_AGAIN;
        if (rc != PAR_E_AGAIN) return rc;
        reader->at = (reader->at + 1) % reader->mirror->seats;
    }
    return PAR_E_AGAIN;
}

/* --- what comes --- */
static int wrong(par_error *err, const char *what) { return par_error_set(err, PAR_E_CORRUPT, "a group: %s that cannot be", what); }

static int apply_said(par_mirror *mirror, const change *head, const uint8_t *bytes, size_t len, par_error *err)
{
    if (len != sizeof(par_note) + sizeof(par_say)) return wrong(err, "words of a member");
    par_seat *seat = seat_of(mirror, head->seat);
    memcpy(&seat->note[head->slot], bytes, sizeof(par_note));
    memcpy(&seat->slot[head->slot].say, bytes + sizeof(par_note), sizeof(par_say));
    atomic_store_explicit(&seat->slot[head->slot].phase, head->value, memory_order_seq_cst); /* with par_board_phase_of */
    return PAR_OK;
}

static int apply_bytes(par_mirror *mirror, const change *head, const uint8_t *bytes, size_t len, par_error *err)
{
    size_t most = mirror->layout.window_bytes;
    if (head->value > most || len > most - head->value) return wrong(err, "bytes of a window");
    if (len) memcpy(window_of(mirror, head->seat, head->slot) + head->value, bytes, len);
    return PAR_OK;
}

/* The first who said so is believed, on each host; that the group is broken they all say. */
static void apply_broken(par_mirror *mirror, uint64_t word)
{
    uint64_t now = atomic_load_explicit(&mirror->page->broken, memory_order_seq_cst);
    do {
        if (now >> 32 > word >> 32 || (now >> 32 == word >> 32 && (now & UINT32_MAX))) return;
    } while (!atomic_compare_exchange_weak_explicit(&mirror->page->broken, &now, word, memory_order_seq_cst,
                                                    memory_order_seq_cst)); /* with why_of in broken.c */
}

int par_mirror_apply(par_mirror *mirror, uint32_t from, const uint8_t *bytes, size_t len, par_error *err)
{
    change head;
    if (len < sizeof head) return wrong(err, "a change");
    memcpy(&head, bytes, sizeof head);
    bytes += sizeof head;
    len -= sizeof head;
    unsigned windows = mirror->seats + 1;
    if (head.slot > 1 || head.seat >= windows || (head.seat == mirror->seats && head.what != CHANGE_BYTES)) return wrong(err, "a seat");
    if (head.what == CHANGE_BYTES) return apply_bytes(mirror, &head, bytes, len, err);
    if (head.what == CHANGE_BROKEN) {
        apply_broken(mirror, head.value);
        return PAR_OK;
    }
    uint32_t place = mirror->places[head.seat];
    if (place == mirror->own || (from != PAR_MIRROR_ANY && place != from)) return wrong(err, "a member of another host");
    if (mirror->gone[head.seat]) return PAR_OK;
    switch (head.what) {
    case CHANGE_SAID: return apply_said(mirror, &head, bytes, len, err);
    case CHANGE_VOTE:
        atomic_store_explicit(&seat_of(mirror, head.seat)->vote, head.value, memory_order_seq_cst); /* with has_voted in agree.c */
        return PAR_OK;
    case CHANGE_GONE: par_mirror_gone(mirror, head.seat); return PAR_OK;
    default: return wrong(err, "a change");
    }
}
