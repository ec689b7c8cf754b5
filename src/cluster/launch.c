#include "cluster/launch.h"

int par_launch_put(par_buffer *out, const par_launch *launch)
{
    par_frame_writer w = {.out = out, .at = out->len};
    par_frame_text(&w, launch->name);
    par_frame_list(&w, launch->argv);
    par_frame_u32(&w, launch->timeout_ms);
    par_frame_text(&w, launch->address);
    par_frame_u32(&w, launch->first);
    par_frame_u32(&w, launch->last);
    par_frame_u32(&w, launch->plain);
    return w.failed;
}

int par_launch_get(par_launch *out, const uint8_t *body, size_t len, par_error *err)
{
    par_frame_reader reader = par_frame_open(body, len);
    *out = (par_launch){.name = par_frame_read_text(&reader, "name")};
    out->words = par_frame_read_list(&reader, "command");
    out->timeout_ms = par_frame_read_u32(&reader, "time limit");
    out->address = par_frame_read_text(&reader, "address");
    out->first = par_frame_read_u32(&reader, "first port");
    out->last = par_frame_read_u32(&reader, "last port");
    out->plain = par_frame_read_u32(&reader, "encryption") != 0;
    if (!reader.failed && (out->last > 65535 || out->first > out->last)) reader.failed = "ports";
    return par_frame_close(&reader, PAR_FRAME_HELLO, err);
}
