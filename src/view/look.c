#include <stddef.h>
#include <string.h>

#include "os/os.h"
#include "view/view.h"

#define ASK_AGAIN_NS 50000000 /* a hook that the program sets may take the place of ours */
#define LOOK_NS 500000

/* A copy of what another process wrote, being looked at. */
typedef struct look {
    par_view view;
    uint32_t number; /* of that process, as it knows itself */
} look;

/* A copy of its memory stays in a process that was forked: it tells of the one it was copied from. */
static bool is_view(void *context)
{
    const look *at = context;
    return at->view.magic == PAR_VIEW_MAGIC && at->view.version == PAR_VIEW_VERSION && at->view.pid == at->number;
}

static void copy(par_view_seen *out, const par_view *view)
{
    *out = (par_view_seen){.sent = view->sent,
                           .received = view->received,
                           .tasks = view->tasks,
                           .failed = view->failed,
                           .task = view->task,
                           .task_ns = view->task_ns,
                           .waits = view->waits,
                           .waits_ns = view->waits_ns,
                           .turn = view->turn};
    memcpy(out->name, view->name, sizeof out->name - 1);
    uint32_t len = view->text_bytes;
    out->text_bytes = len <= PAR_VIEW_TEXT_BYTES ? len : PAR_VIEW_TEXT_BYTES;
    memcpy(out->text, view->text, out->text_bytes);
}

bool par_view_look(pid_t pid, par_view_seen *out)
{
    look at = {.number = (uint32_t)par_os_own_number(pid)};
    if (!par_os_look_into(pid, PAR_VIEW_AT, &at.view, sizeof at.view, is_view, &at)) return false;
    copy(out, &at.view);
    return true;
}

/* Was no answer being written while this one was copied? */
static bool is_whole(pid_t pid, const par_view_seen *seen)
{
    par_view_seen again;
    return seen->turn % 2 == 0 && par_view_look(pid, &again) && again.turn == seen->turn;
}

int par_view_ask(pid_t pid, int64_t deadline_ns, par_view_seen *out, par_error *err)
{
    if (!par_os_process_there(pid)) return par_error_set(err, PAR_E_CLOSED, "there is no process %ld", (long)pid);
    if (!par_view_look(pid, out))
        return par_error_set(err, PAR_E_UNSUPPORTED, "process %ld shows nothing that can be seen from here", (long)pid);
    uint32_t before = out->turn;
    for (int64_t now_ns = par_os_now_ns(), asked_ns = 0;; now_ns = par_os_now_ns()) {
        if (now_ns - asked_ns >= ASK_AGAIN_NS) {
            if (par_os_kill(pid, PAR_OS_ASK) != PAR_OK) return par_error_set(err, PAR_E_CLOSED, "process %ld cannot be asked", (long)pid);
            asked_ns = now_ns;
        }
        par_os_sleep_ns(LOOK_NS);
        if (!par_view_look(pid, out)) return par_error_set(err, PAR_E_CLOSED, "process %ld has ended", (long)pid);
        if (out->turn != before && is_whole(pid, out)) return PAR_OK;
        if (now_ns >= deadline_ns) return par_error_set(err, PAR_E_TIMEOUT, "process %ld did not answer", (long)pid);
    }
}
