/* Making, taking over and closing a channel. */
#include <stdlib.h>

#include "base/checked.h"
#include "base/limits.h"
#include "channel/borrow.h"
#include "channel/inbox.h"
#include "channel/lend.h"
#include "channel/state.h"
#include "channel/tx.h"
#include "channel/watch.h"
#include "os/os.h"

/* The byte with which the segment's descriptor travels: who gets it is the attacher, or (of a pair) the opener. */
#define GREETING ((uint8_t)'P')
#define GREETING_OPENER ((uint8_t)'Q')

/* --- the segment --- */
static size_t ring_capacity(size_t asked)
{
    size_t least = par_os_page_bytes() > PAR_RING_MIN_BYTES ? par_os_page_bytes() : PAR_RING_MIN_BYTES, bytes = least;
    if (asked > PAR_RING_MAX_BYTES) asked = PAR_RING_MAX_BYTES;
    while (bytes < asked) bytes *= 2;
    return bytes;
}

static size_t header_bytes(void) { return par_round_up(sizeof(par_segment_header), par_os_page_bytes()); }

static par_channel *channel_new(const par_channel_owner *owner, int socket)
{
    par_channel *channel = calloc(1, sizeof *channel);
    if (!channel) return NULL;
    channel->socket = socket;
    channel->peer_process = PAR_NOT_ASKED;
    channel->pid = par_os_pid();
    par_inbox_init(channel);
    if (owner) channel->owner = *owner;
    return channel;
}

/* Maps both rings; `side` 0 writes ring 0. */
static int map_rings(par_channel *channel, int fd, int side, size_t capacity, par_error *err)
{
    par_segment_header *header = channel->header;
    void *data[2];
    int rc = par_os_memory_map_twice(fd, channel->header_bytes, capacity, &data[0], err);
    if (rc != PAR_OK) return rc;
    rc = par_os_memory_map_twice(fd, channel->header_bytes + capacity, capacity, &data[1], err);
    if (rc != PAR_OK) {
        par_os_memory_unmap(data[0], 2 * capacity);
        return rc;
    }
    par_writer_init(&channel->out, &header->ring[side], data[side], capacity);
    par_reader_init(&channel->in, &header->ring[1 - side], data[1 - side], capacity);
    channel->my_bell = &header->bell[side].count;
    channel->peer_bell = &header->bell[1 - side].count;
    channel->in_place_max = capacity / 4 * 3;
    channel->lazy_bytes = capacity / 8;
    return PAR_OK;
}

static int map_header(par_channel *channel, int fd, par_error *err)
{
    channel->header_bytes = header_bytes();
    return par_os_memory_map(fd, 0, channel->header_bytes, &channel->header, err);
}

static void write_identity(par_segment_header *header, size_t capacity)
{
    header->magic = PAR_SEGMENT_MAGIC;
    header->version = PAR_SEGMENT_VERSION;
    header->page_bytes = (uint32_t)par_os_page_bytes();
    header->ring_bytes = capacity;
}

static int make_segment(par_channel *channel, size_t ring_bytes, int *fd, par_error *err)
{
    size_t capacity = ring_capacity(ring_bytes);
    int rc = par_os_memory_open(header_bytes() + 2 * capacity, fd, err);
    if (rc != PAR_OK) return rc;
    rc = map_header(channel, *fd, err);
    if (rc == PAR_OK) {
        write_identity(channel->header, capacity);
        rc = map_rings(channel, *fd, 0, capacity, err);
    }
    if (rc != PAR_OK) par_os_close(*fd);
    return rc;
}

int par_channel_open(par_channel **out, size_t ring_bytes, const par_channel_owner *owner, int *peer_fd, par_error *err)
{
    int fd[2], segment;
    int rc = par_os_socketpair(fd, err);
    if (rc != PAR_OK) return rc;
    par_channel *channel = channel_new(owner, fd[0]);
    if (!channel) {
        par_os_close(fd[0]);
        par_os_close(fd[1]);
        return par_error_set(err, PAR_E_NOMEM, "not enough memory for a channel");
    }
    rc = make_segment(channel, ring_bytes, &segment, err);
    if (rc == PAR_OK) {
        uint8_t greeting = GREETING;
        if (par_os_socket_write(fd[0], &greeting, 1, &segment, 1) != 1)
            rc = par_error_system(err, "cannot hand shared memory to a new channel");
        par_os_close(segment); /* the mapping and the socket keep it */
    }
    if (rc != PAR_OK) {
        par_channel_close(channel);
        par_os_close(fd[1]);
        return rc;
    }
    *out = channel;
    *peer_fd = fd[1];
    return PAR_OK;
}

/* --- both ends for others --- */
/* A segment that nobody has open yet. */
static int make_closed_segment(size_t ring_bytes, int *fd, par_error *err)
{
    void *header;
    size_t capacity = ring_capacity(ring_bytes);
    int rc = par_os_memory_open(header_bytes() + 2 * capacity, fd, err);
    if (rc != PAR_OK) return rc;
    rc = par_os_memory_map(*fd, 0, header_bytes(), &header, err);
    if (rc != PAR_OK) {
        par_os_close(*fd);
        return rc;
    }
    write_identity(header, capacity);
    par_os_memory_unmap(header, header_bytes());
    return PAR_OK;
}

int par_channel_pair(size_t ring_bytes, int sockets[2], par_error *err)
{
    static const uint8_t greeting[2] = {GREETING_OPENER, GREETING};
    int segment, rc = make_closed_segment(ring_bytes, &segment, err);
    if (rc != PAR_OK) return rc;
    rc = par_os_socketpair(sockets, err);
    for (int side = 0; rc == PAR_OK && side < 2; side++) { /* what is written into one end is read from the other */
        if (par_os_socket_write(sockets[1 - side], &greeting[side], 1, &segment, 1) == 1) continue;
        rc = par_error_system(err, "cannot hand shared memory to a new channel");
        par_os_close(sockets[0]);
        par_os_close(sockets[1]);
    }
    par_os_close(segment);
    return rc;
}

/* --- the other end --- */
/* *side: which of the two it is. */
static int take_greeting(int socket_fd, uint8_t greeting, int *segment, int *side, par_error *err)
{
    if (par_os_socket_take_fd(socket_fd, segment) != PAR_OK)
        return par_error_set(err, PAR_E_LIMIT,
                             "this process may have no more descriptors, and needs one to talk to its parent: "
                             "raise the limit (ulimit -n)");
    *side = greeting == GREETING_OPENER ? 0 : 1;
    if (*segment >= 0 && (greeting == GREETING || greeting == GREETING_OPENER)) return PAR_OK;
    par_os_close(*segment);
    return par_error_set(err, PAR_E_CORRUPT, "the parent did not hand over a channel");
}

static int receive_segment(int socket_fd, int64_t deadline_ns, int *segment, int *side, par_error *err)
{
    uint8_t greeting = 0;
    for (;;) {
        int rc = par_os_socket_look(socket_fd, &greeting, 1);
        if (rc == 1) return take_greeting(socket_fd, greeting, segment, side, err);
        if (rc == PAR_E_CLOSED) return par_error_set(err, rc, "the parent ended before it handed over a channel");
        if (rc != PAR_E_AGAIN) return par_error_system(err, "cannot read from the inherited socket %d", socket_fd);
        rc = par_os_wait_fd(socket_fd, PAR_OS_READABLE, deadline_ns);
        if (rc == PAR_E_TIMEOUT) return par_error_set(err, rc, "the parent did not hand over a channel in time");
        if (rc == PAR_E_SYSTEM) return par_error_system(err, "cannot wait for the inherited socket %d", socket_fd);
    }
}

/* The header is copied before it is believed. */
static int check_segment(const par_channel *channel, size_t bytes, size_t *capacity, par_error *err)
{
    const volatile par_segment_header *header = channel->header;
    uint64_t magic = header->magic, ring_bytes = header->ring_bytes;
    uint32_t version = header->version, page = header->page_bytes;
    if (magic != PAR_SEGMENT_MAGIC) return par_error_set(err, PAR_E_CORRUPT, "this is not the memory of a channel");
    if (version != PAR_SEGMENT_VERSION)
        return par_error_set(err, PAR_E_UNSUPPORTED,
                             "the other process runs another release of the library (channel version %u, ours is %u)", version,
                             PAR_SEGMENT_VERSION);
    if (page != par_os_page_bytes() || ring_bytes < PAR_RING_MIN_BYTES || ring_bytes > PAR_RING_MAX_BYTES ||
        (ring_bytes & (ring_bytes - 1)) || ring_bytes % page || bytes != channel->header_bytes + 2 * ring_bytes)
        return par_error_set(err, PAR_E_CORRUPT, "the channel's memory has a wrong size");
    *capacity = ring_bytes;
    return PAR_OK;
}

static int take_segment(par_channel *channel, int segment, int side, par_error *err)
{
    size_t bytes = 0, capacity = 0;
    int rc = par_os_memory_size(segment, &bytes, err);
    if (rc == PAR_OK && bytes < header_bytes()) rc = par_error_set(err, PAR_E_CORRUPT, "the channel's memory has a wrong size");
    if (rc == PAR_OK) rc = map_header(channel, segment, err);
    if (rc == PAR_OK) rc = check_segment(channel, bytes, &capacity, err);
    if (rc == PAR_OK) rc = map_rings(channel, segment, side, capacity, err);
    return rc;
}

static int attach(par_channel **out, int socket_fd, const par_channel_owner *owner, bool home, int64_t deadline_ns, par_error *err)
{
    int segment, side = 1;
    int rc = par_os_socket_prepare(socket_fd, err);
    if (rc == PAR_OK) rc = receive_segment(socket_fd, deadline_ns, &segment, &side, err);
    if (rc != PAR_OK) return rc;
    par_channel *channel = channel_new(owner, socket_fd);
    if (!channel) rc = par_error_set(err, PAR_E_NOMEM, "not enough memory for a channel");
    else rc = take_segment(channel, segment, side, err);
    if (rc == PAR_OK && home) par_view_show(segment);
    else par_os_close(segment);
    if (rc != PAR_OK) {
        if (channel) channel->socket = -1; /* still the caller's */
        par_channel_close(channel);
        return rc;
    }
    *out = channel;
    return PAR_OK;
}

int par_channel_attach(par_channel **out, int socket_fd, const par_channel_owner *owner, int64_t deadline_ns, par_error *err)
{
    return attach(out, socket_fd, owner, false, deadline_ns, err);
}

int par_channel_attach_home(par_channel **out, int socket_fd, const par_channel_owner *owner, int64_t deadline_ns, par_error *err)
{
    return attach(out, socket_fd, owner, true, deadline_ns, err);
}

/* --- the end --- */
static void say_goodbye(par_channel *channel)
{
    /* A copy in a forked process ends without a word: the channel is still its parent's. */
    if (channel->pid != par_os_pid() || channel->socket < 0) return;
    if (channel->in.words) par_need_set(&channel->in.words->reader_need, PAR_NEED_GONE);
    if (channel->out.words) par_need_set(&channel->out.words->writer_need, PAR_NEED_GONE);
    if (channel->peer_bell) {
        atomic_fetch_add_explicit(channel->peer_bell, 1, memory_order_seq_cst);
        par_os_futex_wake(channel->peer_bell);
    }
    par_os_socket_end(channel->socket);
}

static void free_messages(par_channel *channel)
{
    if (channel->held && channel->held != PAR_HELD_IN_PLACE(channel)) par_parcel_free(channel->held);
    channel->held = NULL;
    par_payloads_fini(&channel->held_payloads);
    par_payloads_fini(&channel->rx.payloads);
    par_growing_fini(&channel->rx.payload);
    par_parcel_free(channel->rx.parcel);
    par_inbox_fini(channel);
    free((void *)(uintptr_t)channel->rest.parts);
    par_buffer_fini(&channel->notices);
}

void par_channel_close(par_channel *channel)
{
    if (!channel) return;
    if (!channel->failed && channel->pid == par_os_pid()) par_channel_push_owed(channel);
    par_channel_unwatch(channel);
    free_messages(channel);
    par_lend_close(channel);
    par_borrow_close(channel);
    say_goodbye(channel);
    par_os_close(channel->socket);
    if (channel->peer_process >= 0) par_os_close(channel->peer_process);
    for (int i = 0; i < channel->n_fds; i++) par_os_close(channel->fds[i]);
    par_os_memory_unmap(channel->out.data, 2 * channel->out.capacity);
    par_os_memory_unmap((void *)(uintptr_t)channel->in.data, 2 * channel->in.capacity);
    par_os_memory_unmap(channel->header, channel->header_bytes);
    free(channel);
}
