#include "cluster/zmq.h"

#include "os/library.h"

static bool load(void *library, par_zmq *zmq)
{
    const par_os_symbol all[] = {{"zmq_ctx_new", &zmq->ctx_new},
                                 {"zmq_ctx_term", &zmq->ctx_term},
                                 {"zmq_socket", &zmq->socket},
                                 {"zmq_close", &zmq->close},
                                 {"zmq_setsockopt", &zmq->setsockopt},
                                 {"zmq_getsockopt", &zmq->getsockopt},
                                 {"zmq_bind", &zmq->bind},
                                 {"zmq_connect", &zmq->connect},
                                 {"zmq_send", &zmq->send},
                                 {"zmq_recv", &zmq->recv},
                                 {"zmq_msg_init", &zmq->msg_init},
                                 {"zmq_msg_init_size", &zmq->msg_init_size},
                                 {"zmq_msg_data", &zmq->msg_data},
                                 {"zmq_msg_size", &zmq->msg_size},
                                 {"zmq_msg_send", &zmq->msg_send},
                                 {"zmq_msg_recv", &zmq->msg_recv},
                                 {"zmq_msg_close", &zmq->msg_close},
                                 {"zmq_msg_gets", &zmq->msg_gets},
                                 {"zmq_curve_keypair", &zmq->curve_keypair}};
    return par_os_library_symbols(library, all, sizeof all / sizeof *all);
}

const par_zmq *par_zmq_load(par_error *err)
{
    static par_zmq zmq; /* of the process: bridge and agent have one thread that loads it */
    static bool loaded;
    if (loaded) return &zmq;
    static const char *const names[] = {"libzmq.so.5", "libzmq.5.dylib", "libzmq.so", NULL};
    void *library = par_os_library_open(names);
    if (!library) {
        par_error_set(err, PAR_E_UNSUPPORTED,
                      "libzmq is missing, which carries connections of transport='tcp': install it (Debian: libzmq5)");
        return NULL;
    }
    loaded = load(library, &zmq);
    if (!loaded) par_error_set(err, PAR_E_UNSUPPORTED, "this libzmq is too old: 4.2 is needed");
    return loaded ? &zmq : NULL;
}
