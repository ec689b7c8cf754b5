#include "link/need.h"

#include <string.h>

#include "base/limits.h"
#include "channel/channel.h"
#include "link/control.h"

static _Thread_local par_link *home; /* NULL: nobody has modules for our children. A parent's link is never freed */

void par_need_from(par_link *parent) { home = parent; }

/* Is it the answer for this name? One for another was asked for by a call that was left. */
static bool is_for(const par_kept *answer, const char *name, size_t len)
{
    return answer->len > len && memcmp(answer->bytes, name, len) == 0 && answer->bytes[len] == 0;
}

static int await_answer(par_link *parent, const char *name, size_t len, par_kept **out, par_error *err)
{
    for (int rc = PAR_OK; rc >= 0;) {
        if (parent->lost_control) return par_error_set(err, PAR_E_NOMEM, "out of memory for a message of the parent");
        while ((*out = par_link_take_kept(parent, PAR_KIND_MODULE))) {
            if (is_for(*out, name, len)) return PAR_OK;
            par_kept_free(*out);
        }
        rc = par_link_may_take(parent, err);
        if (rc == PAR_OK) rc = par_channel_overdue(parent->channel, PAR_NEVER, err);
        if (rc == PAR_OK) rc = par_channel_absorb(parent->channel, PAR_NEVER, err);
        if (rc < 0) err->code = rc;
    }
    return err->code;
}

int par_need_module(par_link *parent, const char *name, size_t len, par_kept **out, par_error *err)
{
    *out = NULL;
    int rc = par_link_open(parent, err);
    if (rc == PAR_OK) rc = par_channel_send(parent->channel, PAR_KIND_NEED, name, len, NULL, 0, PAR_NEVER, err);
    return rc == PAR_OK ? await_answer(parent, name, len, out, err) : rc;
}

/* The answer that there is nothing: the name, terminated, and a letter with an empty path. */
static size_t put_nothing(uint8_t *out, const uint8_t *name, size_t len)
{
    memcpy(out, name, len);
    memcpy(out + len, "\0n", 3);
    return len + 3;
}

void par_need_answer(par_link *child)
{
    par_error err;
    par_kept *need = child->need, *answer = NULL;
    uint8_t nothing[PAR_NEED_NAME_MAX + 3];
    child->need = NULL;
    if (home && home != child && need->len > 0 && need->len <= PAR_NEED_NAME_MAX && !memchr(need->bytes, 0, need->len)) {
        par_link_use use = par_link_enter(home);
        if (par_need_module(home, (const char *)need->bytes, need->len, &answer, &err) != PAR_OK) answer = NULL;
        par_link_leave(use);
        size_t len = answer ? answer->len : put_nothing(nothing, need->bytes, need->len);
        if (par_link_open(child, &err) == PAR_OK) /* what goes wrong here is its end, and told as such */
            par_channel_send(child->channel, PAR_KIND_MODULE, answer ? answer->bytes : nothing, len, NULL, 0, PAR_NEVER, &err);
    }
    par_kept_free(answer);
    par_kept_free(need);
}
