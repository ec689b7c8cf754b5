#include "cluster/ticket.h"

#include <stdio.h>
#include <string.h>

#include "cluster/frame.h"

int par_ticket_put(par_buffer *out, const par_ticket *ticket)
{
    par_frame_writer w = {.out = out, .at = out->len};
    par_frame_text(&w, ticket->endpoint);
    par_frame_text(&w, ticket->server_key);
    par_frame_text(&w, ticket->public_key);
    par_frame_text(&w, ticket->secret_key);
    par_frame_text(&w, ticket->number);
    return w.failed;
}

static void take(char *out, size_t room, par_frame_reader *reader, const char *field)
{
    const char *text = par_frame_read_text(reader, field);
    if (strlen(text) >= room && !reader->failed) reader->failed = field;
    snprintf(out, room, "%s", text);
}

int par_ticket_get(par_ticket *out, const uint8_t *bytes, size_t len, par_error *err)
{
    par_frame_reader reader = par_frame_open(bytes, len);
    *out = (par_ticket){0};
    take(out->endpoint, sizeof out->endpoint, &reader, "endpoint");
    take(out->server_key, sizeof out->server_key, &reader, "server key");
    take(out->public_key, sizeof out->public_key, &reader, "public key");
    take(out->secret_key, sizeof out->secret_key, &reader, "secret key");
    take(out->number, sizeof out->number, &reader, "number");
    return par_frame_close(&reader, PAR_FRAME_HELLO, err);
}
