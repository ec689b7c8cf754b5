#include "link/family.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A host may run Lua states in several threads; each link belongs to one, the list to all. */
static pthread_mutex_t family_lock = PTHREAD_MUTEX_INITIALIZER;
static par_link *family;
static bool exit_registered;
static pid_t family_pid; /* a process that the host forked by itself must not touch its parent's children */

/* Ctrl-C reaches the whole tree: where each of them was by then is no help to anybody. */
static bool is_interrupt(const par_failure *failure)
{
    static const char text[] = "interrupted!"; /* as Lua's interpreters have it */
    size_t len = sizeof text - 1;
    return failure->message_len >= len && memcmp(failure->message + failure->message_len - len, text, len) == 0;
}

void par_family_report(par_link *link)
{
    par_failure failure;
    if (link->asked || link->state != PAR_LINK_FAILED || !link->final) return;
    if (!par_failure_parse(link->final->bytes, link->final->len, &failure)) return;
    link->asked = true;
    fflush(stdout);
    fprintf(stderr, "parallel: child %u failed and nobody joined it: %.*s\n", (unsigned)link->id, (int)failure.message_len,
            failure.message);
    if (failure.traceback_len && !is_interrupt(&failure)) fprintf(stderr, "%.*s\n", (int)failure.traceback_len, failure.traceback);
}

/* Kills all first and reaps after, so that many die at once; and hears their last words when nobody talks any more. */
static void end_family(void)
{
    if (par_os_pid() != family_pid) return;
    for (par_link *link = family; link; link = link->next) {
        if (link->apart) continue; /* its bridge ends when we do */
        if (!link->exit.ended) par_os_reap(link->pid, &link->exit);
        if (!link->exit.ended) par_os_kill(link->pid, SIGKILL);
    }
    for (par_link *link = family; link; link = link->next)
        for (int i = 0; i < 1000 && !link->exit.ended && !link->apart; i++) {
            par_os_reap(link->pid, &link->exit);
            if (!link->exit.ended) par_os_sleep_ns(200000);
        }
    for (par_link *link = family; link; link = link->next) {
        par_channel_last_words(link->channel);
        par_family_report(link);
    }
    int64_t deadline_ns = par_os_now_ns() + 200000000;
    for (par_link *link = family; link; link = link->next) par_relay_finish(link->relay, deadline_ns);
    family = NULL;
}

void par_family_add(par_link *link)
{
    pthread_mutex_lock(&family_lock);
    if (family_pid != par_os_pid()) { /* the first child, or a forked copy of a process that had some */
        family = NULL;
        family_pid = par_os_pid();
    }
    if (!exit_registered) exit_registered = atexit(end_family) == 0;
    link->next = family;
    family = link;
    pthread_mutex_unlock(&family_lock);
}

void par_family_remove(par_link *link)
{
    pthread_mutex_lock(&family_lock);
    for (par_link **at = &family; *at; at = &(*at)->next)
        if (*at == link) {
            *at = link->next;
            break;
        }
    pthread_mutex_unlock(&family_lock);
}
