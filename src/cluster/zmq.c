#include "cluster/zmq.h"

#include "os/library.h"

static par_zmq zmq; /* of the process */
static const par_os_symbol symbols[] = {{"zmq_ctx_new", &zmq.ctx_new},
                                        {"zmq_ctx_term", &zmq.ctx_term},
                                        {"zmq_socket", &zmq.socket},
                                        {"zmq_close", &zmq.close},
                                        {"zmq_setsockopt", &zmq.setsockopt},
                                        {"zmq_getsockopt", &zmq.getsockopt},
                                        {"zmq_bind", &zmq.bind},
                                        {"zmq_connect", &zmq.connect},
                                        {"zmq_send", &zmq.send},
                                        {"zmq_recv", &zmq.recv},
                                        {"zmq_msg_init", &zmq.msg_init},
                                        {"zmq_msg_init_size", &zmq.msg_init_size},
                                        {"zmq_msg_data", &zmq.msg_data},
                                        {"zmq_msg_size", &zmq.msg_size},
                                        {"zmq_msg_send", &zmq.msg_send},
                                        {"zmq_msg_recv", &zmq.msg_recv},
                                        {"zmq_msg_close", &zmq.msg_close},
                                        {"zmq_msg_gets", &zmq.msg_gets},
                                        {"zmq_curve_keypair", &zmq.curve_keypair}};
static const char *const names[] = {"libzmq.so.5", "libzmq.5.dylib", "libzmq.so", NULL};
static const par_os_library library = {
    .names = names,
    .symbols = symbols,
    .n_symbols = sizeof symbols / sizeof *symbols,
    .missing = "libzmq is missing, which carries connections of transport='tcp': install it (Debian: libzmq5)",
    .too_old = "this libzmq is too old: 4.2 is needed",
};

const par_zmq *par_zmq_load(par_error *err)
{
    static bool loaded;
    return par_os_library_load(&library, &loaded, err) == PAR_OK ? &zmq : NULL;
}
