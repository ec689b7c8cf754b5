#include "cluster/agent_child.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cluster/agent_group.h"
#include "link/protocol.h"
#include "trace/trace.h"

#define OUTPUT_WINDOW_BYTES ((size_t)256 << 10)
#define OUTPUT_AT_ONCE 16384
#define LAST_LINES_NS INT64_C(500000000) /* a grandchild may hold the output of an ended child open so long */
#define QUIET_NS INT64_C(6000000)        /* longer than results may lie unannounced */
#define TRACE_NS INT64_C(200000000)      /* their records are sent so often, and at the end of each */
#define TRACE_PIECE_BYTES ((size_t)128 << 10)
#define LOOK_NS INT64_C(10000000) /* where nothing tells the end of a process it is looked for so often */

/* --- start --- */
static bool changes(const char *entry, const char *change)
{
    size_t n = strcspn(change, "=");
    return strncmp(entry, change, n) == 0 && entry[n] == '=';
}

static bool is_changed(const char *entry, par_frame_texts env)
{
    for (const char *change; (change = par_frame_next_text(&env));)
        if (changes(entry, change)) return true;
    return false;
}

/* Is the variable set, here or by the child's own settings? */
static bool is_set(const char *name, par_frame_texts env)
{
    size_t n = strlen(name);
    if (getenv(name)) return true;
    for (const char *change; (change = par_frame_next_text(&env));)
        if (strncmp(change, name, n) == 0 && strcspn(change, "=") == n) return true;
    return false;
}

/* This process' environment with the changes; and libraries of numbers get their share of the cores. `limits`: room for two entries. */
static char **make_environment(const par_agent *agent, par_frame_texts env, char limits[2][40])
{
    static const char *const names[] = {"OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"};
    size_t n = 0, at = 0;
    int share = par_os_cores() / (int)(agent->n_children + 1);
    char **inherited = par_os_environment();
    while (inherited[n]) n++;
    char **list = malloc((n + env.n + 3) * sizeof *list);
    if (!list) return NULL;
    for (size_t i = 0; i < n; i++)
        if (!is_changed(inherited[i], env)) list[at++] = inherited[i];
    for (int i = 0; i < 2; i++) {
        if (is_set(names[i], env)) continue;
        snprintf(limits[i], 40, "%s=%d", names[i], share > 1 ? share : 1);
        list[at++] = limits[i];
    }
    for (const char *change; (change = par_frame_next_text(&env));)
        if (strchr(change, '=')) list[at++] = (char *)(uintptr_t)change;
    list[at] = NULL;
    return list;
}

static int open_outputs(par_agent_child *child, bool none, int fds[2], par_error *err)
{
    fds[0] = fds[1] = -1;
    if (none) return par_os_open("/dev/null", &fds[0], err);
    for (int i = 0; i < 2; i++) {
        int rc = par_os_pipe(&child->output[i].fd, &fds[i], err);
        if (rc != PAR_OK) return rc;
        child->output[i].credit = OUTPUT_WINDOW_BYTES;
    }
    return PAR_OK;
}

static int spawn(par_agent_child *child, const par_frame_start *start, int socket, const int output[2], par_error *err)
{
    const par_agent_options *options = child->agent->options;
    const char *program = *start->program ? start->program : options->program;
    const char *argv[] = {program, options->child_path, options->core_path, start->fingerprint, "hello",
                          NULL}; /* the agent is woken by it, and the bridge hears it */
    char limits[2][40];
    par_os_spawn_options spawn = {.program = program,
                                  .argv = (char *const *)(uintptr_t)argv,
                                  .cwd = *start->cwd ? start->cwd : NULL,
                                  .fds = {-1, output[0], output[1] >= 0 ? output[1] : output[0]},
                                  .n_fds = PAR_CHILD_SOCKET_FD + 1,
                                  .stops = true};
    spawn.fds[PAR_CHILD_SOCKET_FD] = socket;
    char **environment = make_environment(child->agent, start->env, limits);
    if (!environment) return par_error_set(err, PAR_E_NOMEM, "out of memory");
    spawn.environment = environment;
    int rc = par_os_spawn(&spawn, &child->pid, err);
    free(environment);
    return rc;
}

/* Its channel, its output and its process. What was made before a failure goes with the child. */
static int start_child(par_agent_child *child, const par_frame_start *start, par_error *err)
{
    par_channel *channel = NULL;
    int socket = -1, output[2];
    par_channel_owner owner = par_stream_owner(child->stream);
    int rc = open_outputs(child, start->flags & PAR_START_NO_OUTPUT, output, err);
    if (rc == PAR_OK) rc = par_channel_open(&channel, start->ring_bytes, &owner, &socket, err);
    if (rc == PAR_OK) rc = spawn(child, start, socket, output, err);
    if (rc == PAR_OK) rc = par_stream_bind(child->stream, channel, err);
    else par_channel_close(channel);
    par_os_close(socket);
    par_os_close(output[0]);
    par_os_close(output[1]);
    return rc;
}

/* --- what it writes --- */
static void end_output(par_agent_child *child, int i)
{
    par_agent_output *output = &child->output[i];
    par_loop_unwatch(&child->agent->loop, &output->source);
    par_os_close(output->fd);
    output->fd = -1;
}

static void on_output(par_source *source)
{
    par_agent_child *child = source->user;
    int i = source == &child->output[0].source ? 0 : 1;
    par_agent_output *output = &child->output[i];
    uint8_t bytes[OUTPUT_AT_ONCE];
    size_t most = output->credit < sizeof bytes ? output->credit : sizeof bytes;
    int n = par_os_read(output->fd, bytes, most);
    if (n == PAR_E_AGAIN) return;
    if (n <= 0) {
        end_output(child, i);
        return;
    }
    par_frame_writer w = par_frame_begin(&child->agent->mux->out, PAR_FRAME_OUTPUT, child->stream->id, (uint32_t)i + 1, 0);
    par_frame_bytes(&w, bytes, (size_t)n);
    par_frame_end(&w);
    output->credit -= (size_t)n;
    output->rest -= (size_t)n < output->rest ? (size_t)n : output->rest;
    if (output->credit == 0) par_loop_unwatch(&child->agent->loop, &output->source);
}

/* What a child printed before it sent a message goes out with that: who has received the message has the output too. One look at all
 * that the agent waits for costs less than one at each child's output. */
static void look_at_outputs(par_agent *agent)
{
    bool spoke = false;
    for (par_agent_child *child = agent->children; child; child = child->next) {
        if (child->spoken == child->stream->sent) continue;
        child->spoken = child->stream->sent;
        spoke = spoke || child->output[0].source.fd >= 0 || child->output[1].source.fd >= 0;
    }
    if (spoke) par_loop_look(&agent->loop);
}

static int watch_output(par_agent_child *child, int i, par_error *err)
{
    par_agent_output *output = &child->output[i];
    if (output->fd < 0 || output->source.fd >= 0) return PAR_OK;
    return par_loop_watch(&child->agent->loop, &output->source, output->fd, err);
}

void par_agent_child_output_credit(par_agent_child *child, uint32_t stream, size_t bytes)
{
    par_error err;
    par_agent_output *output = &child->output[stream - 1];
    output->credit += bytes;
    if (output->credit > OUTPUT_WINDOW_BYTES) output->credit = OUTPUT_WINDOW_BYTES;
    if (output->credit && watch_output(child, (int)stream - 1, &err) != PAR_OK) end_output(child, (int)stream - 1);
}

/* --- its process --- */
static void reap(par_agent_child *child)
{
    if (child->exit.ended) return;
    par_os_reap(child->pid, &child->exit);
    if (!child->exit.ended) return;
    child->exited_ns = par_os_now_ns();
    for (int i = 0; i < 2; i++) child->output[i].rest = PAR_OS_PIPE_BYTES;
    par_loop_unwatch(&child->agent->loop, &child->process);
    if (child->stream->channel) par_channel_peer_ended(child->stream->channel);
}

static void on_process(par_source *source) { reap(source->user); }

static void answer_started(par_agent_child *child, const par_error *err)
{
    par_frame_writer w = par_frame_begin(&child->agent->mux->out, PAR_FRAME_STARTED, child->stream->id, 0, 0);
    par_frame_u32(&w, err ? 0 : (uint32_t)child->pid);
    par_frame_text(&w, err ? err->text : "");
    par_frame_end(&w);
}

int par_agent_child_start(par_agent *agent, uint32_t stream, par_frame_start *start, par_error *err)
{
    par_agent_child *child = calloc(1, sizeof *child);
    if (!child) return par_error_set(err, PAR_E_NOMEM, "out of memory");
    child->agent = agent;
    child->process_fd = -1;
    child->process = (par_source){.fd = -1, .on_readable = on_process, .user = child};
    for (int i = 0; i < 2; i++)
        child->output[i] = (par_agent_output){.source = {.fd = -1, .on_readable = on_output, .user = child}, .fd = -1};
    int rc = par_stream_open(&child->stream, agent->mux, stream, child, err);
    if (rc != PAR_OK) {
        free(child);
        return rc;
    }
    child->next = agent->children;
    agent->children = child;
    agent->n_children++;
    if (start->flags & PAR_START_TRACE && par_trace_collect_open(err) == PAR_OK && !agent->trace_at_ns) agent->trace_at_ns = 1;
    rc = start_child(child, start, err);
    for (int i = 0; i < 2 && rc == PAR_OK; i++) rc = watch_output(child, i, err);
    answer_started(child, rc == PAR_OK ? NULL : err);
    if (rc != PAR_OK) {
        if (child->pid) par_os_kill(child->pid, SIGKILL);
        child->channel_over = true;
        if (!child->pid) child->exit = (par_os_exit){.ended = true, .status = -1};
        return PAR_OK;
    }
    child->process_fd = par_os_process_watch(child->pid);
    if (child->process_fd >= 0) par_loop_watch(&agent->loop, &child->process, child->process_fd, err);
    return PAR_OK;
}

void par_agent_child_signal(par_agent_child *child, int number)
{
    reap(child);
    bool there = !child->exit.ended && par_os_kill(child->pid, number) == PAR_OK;
    par_frame_put_empty(&child->agent->mux->out, PAR_FRAME_SIGNALLED, child->stream->id, there, 0);
}

void par_agent_child_close(par_agent_child *child)
{
    reap(child);
    if (!child->exit.ended) par_os_kill(child->pid, SIGKILL);
    par_stream_end(child->stream);
    child->channel_over = true;
    for (int i = 0; i < 2; i++) end_output(child, i);
}

void par_agent_child_channel_end(par_agent_child *child, int code)
{
    if (code != PAR_E_CLOSED && !child->exit.ended) par_os_kill(child->pid, SIGKILL);
    child->channel_over = true;
    if (child->stream->watched) par_selector_remove(child->agent->loop.selector, child->stream->channel);
    child->stream->watched = false;
}

/* --- the words of its pool --- */
uint64_t par_agent_child_age(const par_agent_child *child)
{
    if (!child->stream->channel) return 0;
    int64_t claimed_ns = par_tasks_claimed_ns(par_channel_words(child->stream->channel)), now_ns = par_os_now_ns();
    return claimed_ns > 0 && claimed_ns < now_ns ? (uint64_t)(now_ns - claimed_ns) : 0;
}

static void tell_words(par_agent_child *child)
{
    if (!child->is_worker || !child->stream->channel) return;
    _Atomic uint64_t *words = par_channel_words(child->stream->channel);
    par_frame_slot slot = {.age_ns = par_agent_child_age(child), .given = {child->given[0], child->given[1]}};
    for (int i = 0; i < 2; i++) slot.words[i] = atomic_load_explicit(&words[i], memory_order_seq_cst); /* as par_tasks_look */
    if (memcmp(slot.words, child->told, sizeof slot.words) == 0) return;
    if (par_frame_put_slot(&child->agent->mux->out, child->stream->id, 0, &slot) == PAR_OK)
        memcpy(child->told, slot.words, sizeof slot.words);
}

/* A worker announces its results each 4 ms, and then goes on: what it has said without a bell, and what it has claimed by then,
 * is looked for a little later. */
static int64_t watch_worker(par_agent_child *child, int64_t now_ns)
{
    if (!child->is_worker || !child->stream->channel || child->channel_over) return INT64_MAX;
    if (child->activity != child->stream->messages) {
        child->activity = child->stream->messages;
        child->look_at_ns = now_ns + QUIET_NS;
    } else if (child->look_at_ns && now_ns >= child->look_at_ns) {
        child->look_at_ns = 0;
        if (par_channel_pending(child->stream->channel)) par_stream_serve(child->stream);
        tell_words(child);
    }
    return child->look_at_ns ? child->look_at_ns : INT64_MAX;
}

/* --- the timeline --- */
/* The end of the last event that begins within the next piece. */
static size_t piece_of(const char *text, size_t len)
{
    if (len <= TRACE_PIECE_BYTES) return len;
    for (size_t n = TRACE_PIECE_BYTES; n > 0; n--)
        if (memcmp(text + n, PAR_TRACE_BETWEEN, 2) == 0) return n;
    return 0; /* an event that long is none of ours */
}

void par_agent_send_trace(par_agent *agent)
{
    par_buffer text = {0};
    if (!agent->trace_at_ns) return;
    agent->trace_at_ns = par_os_now_ns() + TRACE_NS;
    par_trace_collect(&text);
    for (size_t at = 0, n; at < text.len && (n = piece_of((const char *)text.data + at, text.len - at)) > 0; at += n) {
        par_frame_writer w = par_frame_begin(&agent->mux->out, PAR_FRAME_TRACE, 0, 0, 0);
        par_frame_bytes(&w, text.data + at, n);
        par_frame_end(&w);
    }
    par_buffer_fini(&text);
}

/* --- its end --- */
/* Nothing more comes from here that the child has written itself, however slowly that is read. */
static bool is_drained(const par_agent_output *output, bool late)
{
    if (output->fd < 0) return true;
    return late && (output->rest == 0 || par_os_wait_fd(output->fd, PAR_OS_READABLE, 0) == PAR_E_TIMEOUT);
}

static bool is_over(par_agent_child *child, int64_t now_ns)
{
    if (!child->exit.ended || !child->channel_over || child->stream->out.bytes) return false;
    bool late = now_ns - child->exited_ns > LAST_LINES_NS;
    return is_drained(&child->output[0], late) && is_drained(&child->output[1], late);
}

static void child_free(par_agent_child *child)
{
    par_agent_group_forget(child->agent, child->stream->id);
    for (int i = 0; i < 2; i++) end_output(child, i);
    par_loop_unwatch(&child->agent->loop, &child->process);
    par_os_close(child->process_fd);
    par_stream_free(child->stream);
    free(child);
}

static void tell_end(par_agent_child *child)
{
    tell_words(child);
    par_agent_send_trace(child->agent);
    par_frame_writer w = par_frame_begin(&child->agent->mux->out, PAR_FRAME_ENDED, child->stream->id, 0, 0);
    par_frame_u32(&w, (uint32_t)child->exit.status);
    par_frame_u32(&w, (uint32_t)child->exit.signal);
    par_frame_end(&w);
}

int64_t par_agent_children_tick(par_agent *agent, int64_t now_ns)
{
    if (agent->trace_at_ns && agent->children && now_ns >= agent->trace_at_ns) par_agent_send_trace(agent);
    int64_t next_ns = agent->trace_at_ns && agent->children ? agent->trace_at_ns : INT64_MAX;
    look_at_outputs(agent);
    for (par_agent_child **at = &agent->children; *at;) {
        par_agent_child *child = *at;
        if (!child->exit.ended && (child->channel_over || child->process_fd < 0)) reap(child);
        if (is_over(child, now_ns)) {
            tell_end(child);
            *at = child->next;
            agent->n_children--;
            child_free(child);
            continue;
        }
        int64_t then_ns = watch_worker(child, now_ns);
        if (then_ns < next_ns) next_ns = then_ns;
        if ((child->channel_over || child->exit.ended || child->process_fd < 0) && now_ns + LOOK_NS < next_ns) next_ns = now_ns + LOOK_NS;
        at = &child->next;
    }
    return next_ns;
}

void par_agent_children_end(par_agent *agent)
{
    for (par_agent_child *child = agent->children; child; child = child->next)
        if (!child->exit.ended) par_os_kill(child->pid, SIGKILL);
    while (agent->children) {
        par_agent_child *child = agent->children;
        agent->children = child->next;
        child_free(child);
    }
}
