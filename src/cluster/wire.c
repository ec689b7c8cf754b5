#include "cluster/wire.h"

#include <stdlib.h>

static int64_t fd_write(par_wire *wire, const par_os_part *parts, int n) { return par_os_write_parts(wire->write_fd, parts, n); }
static int64_t fd_read(par_wire *wire, const par_os_part *parts, int n) { return par_os_read_parts(wire->read_fd, parts, n); }

static void fd_close(par_wire *wire)
{
    par_os_close(wire->read_fd);
    if (wire->write_fd != wire->read_fd) par_os_close(wire->write_fd);
    free(wire);
}

par_wire *par_wire_open(int read_fd, int write_fd)
{
    static const par_wire_kind kind = {fd_write, fd_read, fd_close};
    par_wire *wire = malloc(sizeof *wire);
    if (!wire) {
        par_os_close(read_fd);
        if (write_fd != read_fd) par_os_close(write_fd);
        return NULL;
    }
    *wire = (par_wire){.kind = &kind, .read_fd = read_fd, .write_fd = write_fd};
    return wire;
}
