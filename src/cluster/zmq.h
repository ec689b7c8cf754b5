/* What is used of libzmq, which is loaded when it is first needed: where the library is not, only connections over it cannot be had. */
#ifndef PAR_CLUSTER_ZMQ_H
#define PAR_CLUSTER_ZMQ_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

typedef struct par_zmq_message {
    _Alignas(8) unsigned char opaque[64];
} par_zmq_message;

typedef struct par_zmq {
    void *(*ctx_new)(void);
    int (*ctx_term)(void *context);
    void *(*socket)(void *context, int type);
    int (*close)(void *socket);
    int (*setsockopt)(void *socket, int option, const void *value, size_t len);
    int (*getsockopt)(void *socket, int option, void *value, size_t *len);
    int (*bind)(void *socket, const char *endpoint);
    int (*connect)(void *socket, const char *endpoint);
    int (*send)(void *socket, const void *bytes, size_t len, int flags);
    int (*recv)(void *socket, void *bytes, size_t room, int flags);
    int (*msg_init)(par_zmq_message *message);
    int (*msg_init_size)(par_zmq_message *message, size_t len);
    void *(*msg_data)(par_zmq_message *message);
    size_t (*msg_size)(const par_zmq_message *message);
    int (*msg_send)(par_zmq_message *message, void *socket, int flags);
    int (*msg_recv)(par_zmq_message *message, void *socket, int flags);
    int (*msg_close)(par_zmq_message *message);
    const char *(*msg_gets)(const par_zmq_message *message, const char *property);
    int (*curve_keypair)(char *public_key, char *secret_key);
} par_zmq;

/* As the library's interface numbers them. */
enum {
    PAR_ZMQ_REP = 4,
    PAR_ZMQ_DEALER = 5,
    PAR_ZMQ_ROUTER = 6,
    PAR_ZMQ_ROUTING_ID = 5,
    PAR_ZMQ_RCVMORE = 13,
    PAR_ZMQ_FD = 14,
    PAR_ZMQ_LINGER = 17,
    PAR_ZMQ_RECONNECT_IVL = 18,
    PAR_ZMQ_MAXMSGSIZE = 22,
    PAR_ZMQ_SNDHWM = 23,
    PAR_ZMQ_RCVHWM = 24,
    PAR_ZMQ_LAST_ENDPOINT = 32,
    PAR_ZMQ_ROUTER_MANDATORY = 33,
    PAR_ZMQ_IMMEDIATE = 39,
    PAR_ZMQ_IPV6 = 42,
    PAR_ZMQ_CURVE_SERVER = 47,
    PAR_ZMQ_CURVE_PUBLICKEY = 48,
    PAR_ZMQ_CURVE_SECRETKEY = 49,
    PAR_ZMQ_CURVE_SERVERKEY = 50,
    PAR_ZMQ_ZAP_DOMAIN = 55,
    PAR_ZMQ_HANDSHAKE_IVL = 66,
    PAR_ZMQ_HEARTBEAT_IVL = 75,
    PAR_ZMQ_HEARTBEAT_TIMEOUT = 77,
    PAR_ZMQ_DONTWAIT = 1,
    PAR_ZMQ_SNDMORE = 2
};

/* NULL: it cannot be loaded, and err says what to install. */
const par_zmq *par_zmq_load(par_error *err);

#endif
