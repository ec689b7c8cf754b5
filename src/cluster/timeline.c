#include "cluster/timeline.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/decimal.h"
#include "trace/trace.h"

/* An event is read as JSON of the plain kind that ours is (objects in objects, strings of visible characters, numbers) and written again:
 * nothing that another machine says gets into the file unseen. */
typedef struct copier {
    const par_timeline *from;
    const char *at, *end;
    char *out;
    size_t room, len;
    bool names_process; /* the event gives a process its name */
    bool failed;
} copier;

static void put(copier *c, const char *text, size_t len)
{
    if (c->failed || c->len + len > c->room) {
        c->failed = true;
        return;
    }
    memcpy(c->out + c->len, text, len);
    c->len += len;
}

static void put_number(copier *c, const char *format, double value)
{
    char text[64];
    int n = par_decimal_print(text, sizeof text, format, value);
    put(c, text, n > 0 && n < (int)sizeof text ? (size_t)n : c->room + 1);
}

static bool next_is(const copier *c, char letter) { return !c->failed && c->at < c->end && *c->at == letter; }

static void copy_letter(copier *c, char letter)
{
    if (!next_is(c, letter)) c->failed = true;
    else put(c, c->at++, 1);
}

/* The string's inside. */
static void copy_text(copier *c)
{
    for (; c->at < c->end && *c->at != '"' && !c->failed; put(c, c->at++, 1)) {
        if (*c->at < 0x20 || *c->at > 0x7e) c->failed = true;
        if (*c->at != '\\') continue;
        put(c, c->at++, 1);
        if (c->at == c->end || !strchr("\"\\/bfnrtu", *c->at)) c->failed = true;
        if (c->failed) return;
    }
}

static void copy_string(copier *c, const char *before)
{
    copy_letter(c, '"');
    put(c, before, strlen(before));
    if (*before) put(c, " ", 1);
    copy_text(c);
    copy_letter(c, '"');
}

/* Reads a number. */
static double take_number(copier *c)
{
    char text[40];
    size_t n = 0;
    while (c->at < c->end && n < sizeof text - 1 && strchr("0123456789.-+eE", *c->at) && *c->at) text[n++] = *c->at++;
    text[n] = 0;
    char *rest;
    double value = par_decimal_read(text, &rest);
    if (n > 0 && !*rest && value > -1e18 && value < 1e18) return value;
    c->failed = true;
    return 0;
}

static void copy_number(copier *c, const char *key, bool outermost)
{
    double value = take_number(c);
    if (outermost && strcmp(key, "ts") == 0) put_number(c, "%.3f", value - (double)c->from->offset_ns / 1e3);
    else if (outermost && strcmp(key, "pid") == 0) put_number(c, "%.0f", value + (double)c->from->host * PAR_TIMELINE_PIDS);
    else if (value == (double)(int64_t)value) put_number(c, "%.0f", value);
    else put_number(c, "%.3f", value);
}

static void copy_object(copier *c, bool outermost);

static void copy_member(copier *c, bool outermost)
{
    char key[16] = "";
    size_t began = c->len + 1;
    copy_string(c, "");
    if (!c->failed && c->len - 1 - began < sizeof key) memcpy(key, c->out + began, c->len - 1 - began);
    copy_letter(c, ':');
    if (next_is(c, '{') && outermost) copy_object(c, false);
    else if (next_is(c, '"')) {
        bool is_name = strcmp(key, "name") == 0;
        const char *value = c->at;
        copy_string(c, is_name && !outermost && c->names_process ? c->from->name : "");
        if (is_name && outermost) c->names_process = c->at - value == 14 && memcmp(value, "\"process_name\"", 14) == 0;
    } else if (!c->failed) copy_number(c, key, outermost);
}

static void copy_object(copier *c, bool outermost)
{
    copy_letter(c, '{');
    while (!c->failed) {
        copy_member(c, outermost);
        if (!next_is(c, ',')) break;
        copy_letter(c, ',');
    }
    copy_letter(c, '}');
}

size_t par_timeline_event(const par_timeline *from, const char *text, size_t len, char *out, size_t room)
{
    copier c = {.from = from, .at = text, .end = text + len, .out = out, .room = room};
    copy_object(&c, true);
    return c.failed || c.at != c.end ? 0 : c.len;
}

bool par_timeline_take(const par_timeline *from, const char *text, size_t len)
{
    static const char between[] = PAR_TRACE_BETWEEN;
    const size_t width = sizeof between - 1;
    const char *end = text + len;
    bool good = true;
    while (good && text < end) {
        char out[PAR_TRACE_EVENT_MAX];
        good = (size_t)(end - text) > width && memcmp(text, between, width) == 0;
        if (!good) break;
        text += width;
        const char *stop = memchr(text, '\n', (size_t)(end - text));
        stop = stop ? stop - 1 : end; /* before the comma */
        size_t n = stop > text ? par_timeline_event(from, text, (size_t)(stop - text), out, sizeof out) : 0;
        good = n > 0;
        if (good) par_trace_put_event(out, n);
        text = stop;
    }
    par_trace_flush();
    return good;
}
