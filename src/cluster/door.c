#include "cluster/door.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void on_hub(par_source *source) { par_hub_look(((par_door *)source->user)->hub, source->fd); }

static int open_hub(par_door *door, par_loop *loop, par_error *err)
{
    int rc = par_hub_open(&door->hub, door->address, door->first, door->last, err);
    if (rc == PAR_OK) rc = par_loop_watch(loop, &door->sources[0], par_hub_fd(door->hub), err);
    return rc == PAR_OK ? par_loop_watch(loop, &door->sources[1], par_hub_gate_fd(door->hub), err) : rc;
}

static void door_free(par_door *door, par_loop *loop)
{
    for (int i = 0; i < 2; i++) par_loop_unwatch(loop, &door->sources[i]);
    par_hub_close(door->hub);
    par_listener_close(door->listener);
    free(door);
}

static bool is_same(const par_door *door, const char *address, bool encrypted)
{
    return strcmp(door->address, address) == 0 && (door->hub != NULL) == encrypted;
}

int par_door_open(par_door **out, par_door **doors, par_loop *loop, const char *address, unsigned first, unsigned last, bool encrypted,
                  par_error *err)
{
    for (par_door *door = *doors; door; door = door->next) {
        if (!is_same(door, address, encrypted) || (first && (door->first != first || door->last != last))) continue;
        *out = door;
        return PAR_OK;
    }
    par_door *door = calloc(1, sizeof *door);
    if (!door) return par_error_set(err, PAR_E_NOMEM, "out of memory");
    *door = (par_door){.next = *doors, .first = first, .last = last};
    for (int i = 0; i < 2; i++) door->sources[i] = (par_source){.fd = -1, .on_readable = on_hub, .user = door};
    snprintf(door->address, sizeof door->address, "%s", address);
    int rc = encrypted ? open_hub(door, loop, err) : par_listener_open(&door->listener, loop, address, first, last, err);
    if (rc == PAR_OK) *out = *doors = door;
    else door_free(door, loop);
    return rc;
}

void par_doors_close(par_door *doors, par_loop *loop)
{
    while (doors) {
        par_door *next = doors->next;
        door_free(doors, loop);
        doors = next;
    }
}

bool par_doors_serve(par_door *doors)
{
    bool all = true;
    for (; doors; doors = doors->next)
        if (doors->hub && !par_hub_serve(doors->hub)) all = false;
    return all;
}

int64_t par_doors_tick(par_door *doors, int64_t now_ns)
{
    int64_t next_ns = INT64_MAX;
    for (; doors; doors = doors->next) {
        int64_t then_ns = doors->listener ? par_listener_tick(doors->listener, now_ns) : INT64_MAX;
        if (then_ns < next_ns) next_ns = then_ns;
    }
    return next_ns;
}

void par_doors_rest(par_door *doors)
{
    for (; doors; doors = doors->next)
        if (doors->listener) par_listener_rest(doors->listener);
}

void par_doors_forget(par_door *doors, const void *user)
{
    for (; doors; doors = doors->next)
        if (doors->listener) par_listener_forget(doors->listener, user);
}
