#include "link/control.h"

#include <string.h>

#include "channel/channel.h"
#include "link/apart.h"

static void take_hello(par_link *link, const par_message *message)
{
    size_t len = message->len < sizeof link->fingerprint ? message->len : sizeof link->fingerprint - 1;
    if (len) memcpy(link->fingerprint, message->bytes, len);
    link->fingerprint[len] = 0;
    link->hello = true;
}

static void take_from_child(par_link *link, const par_message *message)
{
    if (link->apart && par_apart_take(link, message)) return;
    switch (message->kind) {
    case PAR_KIND_HELLO: take_hello(link, message); break;
    case PAR_KIND_YIELD:
        if (link->state == PAR_LINK_RUNNING) link->state = PAR_LINK_YIELDED;
        break;
    case PAR_KIND_RESULT:
    case PAR_KIND_FAILED:
        if (link->final) break; /* only the first end counts */
        link->final = par_kept_new(message);
        if (!link->final) link->lost_control = true;
        link->state = message->kind == PAR_KIND_RESULT ? PAR_LINK_RETURNED : PAR_LINK_FAILED;
        break;
    case PAR_KIND_NEED: /* the newest counts: a child asks for one after the other */
        par_kept_free(link->need);
        link->need = par_kept_new(message);
        break;
    default: /* a kind that a child has no right to send: nobody waits for it */ break;
    }
}

static bool is_of_parents(uint32_t kind)
{
    return kind == PAR_KIND_JOIN || kind == PAR_KIND_EXEC || kind == PAR_KIND_GROUP || kind == PAR_KIND_MODULE;
}

static void keep(par_link *link, const par_message *message)
{
    par_kept *kept = par_kept_new(message), **end = &link->controls;
    if (!kept) {
        link->lost_control = true;
        return;
    }
    while (*end) end = &(*end)->next;
    *end = kept;
    par_channel_count_kept(link->channel, par_kept_bytes(kept));
}

/* Only the newest counts: what was not asked for in time is not needed any more. */
static void take_from_peer(par_link *link, const par_message *message)
{
    if (message->kind != PAR_KIND_MEMORY) return;
    par_kept_free(par_link_take_kept(link, PAR_KIND_MEMORY));
    keep(link, message);
}

void par_link_on_control(void *context, const par_message *message)
{
    par_link *link = context;
    if (link->is_peer) take_from_peer(link, message);
    else if (!link->is_parent) take_from_child(link, message);
    else if (is_of_parents(message->kind)) keep(link, message);
}

bool par_link_has_kept(const par_link *link, uint32_t kind)
{
    const par_kept *kept = link->controls;
    while (kept && kept->kind != kind) kept = kept->next;
    return kept != NULL;
}

par_kept *par_link_take_kept(par_link *link, uint32_t kind)
{
    par_kept **at = &link->controls, *kept;
    while (*at && (*at)->kind != kind) at = &(*at)->next;
    if (!(kept = *at)) return NULL;
    *at = kept->next;
    kept->next = NULL;
    par_channel_count_kept(link->channel, -par_kept_bytes(kept));
    return kept;
}
