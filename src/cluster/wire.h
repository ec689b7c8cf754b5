/* A connection between two machines: bytes, both ways, in order, without waiting. What the bytes mean is none of its business.
 *
 * There are two kinds: a pair of descriptors (wire.c: the pipes of ssh), and libzmq (wire_zmq.c). A wire belongs to one thread. */
#ifndef PAR_CLUSTER_WIRE_H
#define PAR_CLUSTER_WIRE_H

#include "os/os.h"

typedef struct par_wire par_wire;

typedef struct par_wire_kind {
    /* Takes from the parts, in their order, what it can: bytes; PAR_E_AGAIN, PAR_E_CLOSED, PAR_E_SYSTEM. */
    int64_t (*write)(par_wire *wire, const par_os_part *parts, int n);
    /* Fills the parts with what has come: bytes; PAR_E_AGAIN, PAR_E_CLOSED (nothing comes any more), PAR_E_SYSTEM. */
    int64_t (*read)(par_wire *wire, const par_os_part *parts, int n);
    /* Says nothing more after what was written. Frees the wire. */
    void (*close)(par_wire *wire);
} par_wire_kind;

struct par_wire {
    const par_wire_kind *kind;
    int read_fd;  /* readable when read may do something; -1: whoever made the wire says when */
    int write_fd; /* writable when write may do something after PAR_E_AGAIN; -1: as above */
};

static inline int64_t par_wire_write(par_wire *wire, const par_os_part *parts, int n) { return wire->kind->write(wire, parts, n); }
static inline int64_t par_wire_read(par_wire *wire, const par_os_part *parts, int n) { return wire->kind->read(wire, parts, n); }
static inline void par_wire_close(par_wire *wire)
{
    if (wire) wire->kind->close(wire);
}

/* Over two descriptors (which may be one socket twice), which are the wire's from now on. NULL: no memory, and they are closed. */
par_wire *par_wire_open(int read_fd, int write_fd);

#endif
