#include "cluster/launcher.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define LAST_LINES 20

const char *par_launcher_last_lines(const par_launcher *launcher)
{
    const char *end = launcher->said + launcher->said_len, *at = end;
    int lines = 0;
    while (at > launcher->said && lines <= LAST_LINES)
        if (*--at == '\n' && at + 1 < end) lines++;
    return lines > LAST_LINES ? at + 1 : at;
}

bool par_launcher_ended(par_launcher *launcher)
{
    if (launcher->pid && !launcher->exit.ended) par_os_reap(launcher->pid, &launcher->exit);
    return !launcher->pid || launcher->exit.ended;
}

void par_launcher_signal(par_launcher *launcher, int number)
{
    if (!par_launcher_ended(launcher)) par_os_kill(launcher->pid, number);
}

void par_launcher_close_pipes(par_launcher *launcher)
{
    par_os_close(launcher->in);
    par_os_close(launcher->out);
    launcher->in = launcher->out = -1;
}

static void close_err(par_launcher *launcher)
{
    par_loop_unwatch(launcher->loop, &launcher->err_source);
    par_os_close(launcher->err);
    launcher->err = -1;
}

void par_launcher_heard(par_launcher *launcher, const void *bytes, size_t len)
{
    size_t most = PAR_STDERR_KEEP_BYTES, skip = len > most ? len - most : 0;
    len -= skip;
    size_t over = launcher->said_len + len > most ? launcher->said_len + len - most : 0;
    memmove(launcher->said, launcher->said + over, launcher->said_len - over);
    launcher->said_len -= over;
    for (size_t i = 0; i < len; i++) { /* it is a text for people */
        char c = ((const char *)bytes)[skip + i];
        launcher->said[launcher->said_len++] = c ? c : '?';
    }
    launcher->said[launcher->said_len] = 0;
}

static void on_err(par_source *source)
{
    par_launcher *launcher = source->user;
    char bytes[1024];
    int n = par_os_read(launcher->err, bytes, sizeof bytes);
    if (n == PAR_E_AGAIN) return;
    if (n <= 0) {
        close_err(launcher);
        return;
    }
    par_launcher_heard(launcher, bytes, (size_t)n);
}

/* As a shell reads it. */
static void append_word(par_buffer *text, const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@%_+=:,./-";
    if (*word && !word[strspn(word, plain)]) {
        par_buffer_append(text, word, strlen(word));
        return;
    }
    par_buffer_append(text, "'", 1);
    for (; *word; word++) par_buffer_append(text, *word == '\'' ? "'\\''" : word, *word == '\'' ? 4 : 1);
    par_buffer_append(text, "'", 1);
}

static char *join(par_frame_texts words)
{
    par_buffer text = {0};
    for (const char *word; (word = par_frame_next_text(&words));) {
        if (text.len) par_buffer_append(&text, " ", 1);
        append_word(&text, word);
    }
    par_buffer_append(&text, "", 1);
    return (char *)text.data;
}

static int spawn(par_launcher *launcher, par_frame_texts words, par_error *err)
{
    const char *list[PAR_FRAME_LIST_MAX + 1];
    int n = 0, fds[3] = {-1, -1, -1};
    for (const char *word; (word = par_frame_next_text(&words));) list[n++] = word;
    list[n] = NULL;
    if (n == 0) return par_error_set(err, PAR_E_INVALID, "the command that starts its agent is empty");
    int rc = par_os_pipe_out(&launcher->in, &fds[0], err);
    if (rc == PAR_OK) rc = par_os_pipe(&launcher->out, &fds[1], err);
    if (rc == PAR_OK) rc = par_os_stream_prepare(launcher->out, err);
    if (rc == PAR_OK) rc = par_os_pipe(&launcher->err, &fds[2], err);
    par_os_spawn_options options = {
        .program = list[0], .argv = (char *const *)(uintptr_t)list, .fds = {fds[0], fds[1], fds[2]}, .n_fds = 3};
    if (rc == PAR_OK) rc = par_os_spawn(&options, &launcher->pid, err);
    for (int i = 0; i < 3; i++) par_os_close(fds[i]);
    return rc;
}

int par_launcher_start(par_launcher *launcher, par_loop *loop, par_frame_texts words, par_error *err)
{
    *launcher = (par_launcher){.loop = loop, .command = join(words), .in = -1, .out = -1, .err = -1, .err_source = {-1, on_err, launcher}};
    if (!launcher->command) return par_error_set(err, PAR_E_NOMEM, "out of memory");
    int rc = spawn(launcher, words, err);
    return rc == PAR_OK ? par_loop_watch(loop, &launcher->err_source, launcher->err, err) : rc;
}

void par_launcher_close(par_launcher *launcher)
{
    if (!launcher->loop) return; /* it was never begun */
    par_launcher_signal(launcher, SIGKILL);
    par_launcher_close_pipes(launcher);
    close_err(launcher);
    free(launcher->command);
    *launcher = (par_launcher){.in = -1, .out = -1, .err = -1};
}
