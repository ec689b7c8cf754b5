#include "link/apart.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "channel/channel.h"

#define ANSWER_NS INT64_C(10000000000) /* a connection that is silent for half of that is given up by the bridge */

#define KILL_NS INT64_C(500000000) /* one that is closed has this long to end; its host may be lost, so no longer */

/* --- what the bridge says --- */
static void copy(void *to, size_t size, const par_message *message)
{
    memset(to, 0, size);
    memcpy(to, message->bytes, message->len < size ? message->len : size);
}

static void lose(par_link *link, const char *text, size_t len)
{
    if (link->exit.ended) return;
    link->exit = (par_os_exit){.ended = true, .status = -1};
    link->lost = malloc(len + 1);
    if (!link->lost) return;
    memcpy(link->lost, text, len);
    link->lost[len] = 0;
}

/* When it claimed its last task. Its agent may say any age. */
static int64_t claimed_at(uint64_t age_ns)
{
    int64_t now_ns = par_os_now_ns();
    return age_ns < (uint64_t)now_ns ? now_ns - (int64_t)age_ns : 0;
}

static void take_retracted(par_link *link, const par_message *message)
{
    par_told_retracted answer;
    copy(&answer, sizeof answer, message);
    link->answered = true;
    link->words[answer.slot & 1] = (uint64_t)answer.limit << 32 | answer.claimed;
    link->claimed_ns = claimed_at(answer.age_ns);
}

static void take_slots(par_link *link, const par_message *message)
{
    par_told_slot told;
    copy(&told, sizeof told, message);
    for (int i = 0; i < 2; i++)
        if (told.given[i] == link->given[i]) link->words[i] = told.words[i]; /* else it is of an older chunk */
    link->claimed_ns = claimed_at(told.age_ns);
}

static void take_end(par_link *link, const par_message *message)
{
    par_told_ended end;
    copy(&end, sizeof end, message);
    if (!link->exit.ended) link->exit = (par_os_exit){.ended = true, .status = end.status, .signal = end.signal};
}

bool par_apart_take(par_link *link, const par_message *message)
{
    par_told_started started;
    par_told_signal signalled;
    switch (message->kind) {
    case PAR_KIND_STARTED:
        copy(&started, sizeof started, message);
        link->pid = (pid_t)started.pid;
        return true;
    case PAR_KIND_SIGNALLED:
        copy(&signalled, sizeof signalled, message);
        link->answered = true;
        link->was_there = signalled.number == 1;
        return true;
    case PAR_KIND_RETRACTED: take_retracted(link, message); return true;
    case PAR_KIND_SLOT: take_slots(link, message); return true;
    case PAR_KIND_ENDED: take_end(link, message); return true;
    case PAR_KIND_LOST: lose(link, (const char *)message->bytes, message->len); return true;
    default: return false;
    }
}

/* --- waiting for it --- */
/* Takes in messages until done(link), the child's end, or the deadline. */
static int absorb_until(par_link *link, bool (*done)(const par_link *), int64_t deadline_ns, par_error *err)
{
    while (!done(link)) {
        int rc = par_channel_absorb(link->channel, deadline_ns, err);
        if (rc < 0) return rc;
    }
    return PAR_OK;
}

static bool runs(const par_link *link) { return link->pid != 0 || link->exit.ended; }
static bool has_answer(const par_link *link) { return link->answered || link->exit.ended; }

int par_apart_await_start(par_link *link, int64_t deadline_ns, par_error *err)
{
    int rc = absorb_until(link, runs, deadline_ns, err);
    if (rc == PAR_E_CLOSED) par_apart_await_exit(link, 0);
    else if (rc != PAR_OK) return rc;
    if (link->pid) return PAR_OK;
    return par_error_set(err, PAR_E_CLOSED, "%.450s", link->lost ? link->lost : "its host is lost");
}

void par_apart_await_exit(par_link *link, int64_t deadline_ns)
{
    par_error err;
    static const char gone[] = "the bridge, the process that holds the connections to other hosts, has ended";
    int rc = PAR_OK;
    while (!link->exit.ended && rc >= 0) rc = par_channel_absorb(link->channel, deadline_ns, &err);
    if (rc == PAR_E_CLOSED || rc == PAR_E_CORRUPT) lose(link, gone, sizeof gone - 1);
}

/* Asks the bridge something and waits for its answer. */
static bool ask(par_link *link, uint32_t kind, const void *body, size_t len)
{
    par_error err;
    int64_t deadline_ns = par_os_now_ns() + ANSWER_NS;
    link->answered = false;
    if (!link->channel || link->exit.ended) return false;
    if (par_channel_send(link->channel, kind, body, len, NULL, 0, deadline_ns, &err) != PAR_OK) return false;
    absorb_until(link, has_answer, deadline_ns, &err);
    return link->answered;
}

bool par_apart_signal(par_link *link, int signal_number)
{
    par_told_signal body = {signal_number};
    return ask(link, PAR_KIND_SIGNAL, &body, sizeof body) && link->was_there;
}

void par_apart_kill(par_link *link)
{
    par_error err;
    int64_t deadline_ns = par_os_now_ns() + KILL_NS;
    par_told_signal body = {SIGKILL};
    if (!link->channel || par_channel_send(link->channel, PAR_KIND_SIGNAL, &body, sizeof body, NULL, 0, deadline_ns, &err) != PAR_OK)
        return;
    par_apart_await_exit(link, deadline_ns);
}

/* --- the pool's words --- */
int par_apart_give(par_link *link, unsigned slot, uint32_t count, par_error *err)
{
    par_told_slot body = {.slot = slot};
    body.words[slot] = link->words[slot] = (uint64_t)count << 32;
    body.given[slot] = ++link->given[slot];
    return par_channel_send(link->channel, PAR_KIND_SLOT, &body, sizeof body, NULL, 0, PAR_NEVER, err);
}

static par_tasks_state state_of(uint64_t word) { return (par_tasks_state){.claimed = (uint32_t)word, .limit = (uint32_t)(word >> 32)}; }

par_tasks_state par_apart_retract(par_link *link, unsigned slot, uint32_t keep)
{
    par_told_retract body = {slot, keep};
    ask(link, PAR_KIND_RETRACT, &body, sizeof body);
    return state_of(link->words[slot]);
}

par_tasks_state par_apart_look(par_link *link, unsigned slot, int64_t *age_ns)
{
    *age_ns = link->claimed_ns ? par_os_now_ns() - link->claimed_ns : 0;
    return state_of(link->words[slot]);
}
