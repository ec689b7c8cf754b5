/* Connections between machines. */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "os/fault.h"
#include "os/os.h"
#include "os/system.h"

#define UNHEARD_MS 5000 /* what is sent and not acknowledged for so long ends the connection */

/* The first address that a text or a name means. */
static int resolve(const char *address, unsigned port, int type, struct addrinfo **out, par_error *err)
{
    char service[8];
    struct addrinfo hints = {.ai_socktype = type};
    snprintf(service, sizeof service, "%u", port);
    int rc = getaddrinfo(address, service, &hints, out);
    return rc == 0 ? PAR_OK : par_error_set(err, PAR_E_INVALID, "there is no address %s: %s", address, gai_strerror(rc));
}

static int prepare(int fd, par_error *err)
{
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
#ifdef TCP_USER_TIMEOUT
    unsigned ms = UNHEARD_MS;
    setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof ms);
#endif
    return par_os_stream_prepare(fd, err);
}

static int open_socket(const struct addrinfo *to, int *fd, par_error *err)
{
    *fd = par_os_make_socket(to->ai_family, to->ai_socktype);
    if (*fd < 0) return par_error_system(err, "cannot make a socket");
    int rc = prepare(*fd, err);
    if (rc != PAR_OK) close(*fd);
    return rc;
}

static unsigned port_of(int fd)
{
    struct sockaddr_storage name = {0};
    socklen_t len = sizeof name;
    if (getsockname(fd, (struct sockaddr *)&name, &len) != 0) return 0;
    if (name.ss_family == AF_INET6) return ntohs(((const struct sockaddr_in6 *)(const void *)&name)->sin6_port);
    return ntohs(((const struct sockaddr_in *)(const void *)&name)->sin_port);
}

static int listen_at(const struct addrinfo *at, int *fd, par_error *err)
{
    int on = 1, rc = open_socket(at, fd, err);
    if (rc != PAR_OK) return rc;
    setsockopt(*fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (PAR_TRY(bind(*fd, at->ai_addr, at->ai_addrlen)) == 0 && PAR_TRY(listen(*fd, SOMAXCONN)) == 0) return PAR_OK;
    par_error_system(err, "cannot listen");
    close(*fd);
    return err->code;
}

int par_os_listen(const char *address, unsigned port, int *fd, unsigned *actual, par_error *err)
{
    struct addrinfo *at;
    int rc = resolve(address, port, SOCK_STREAM, &at, err);
    if (rc != PAR_OK) return rc;
    rc = listen_at(at, fd, err);
    freeaddrinfo(at);
    if (rc == PAR_OK) *actual = port_of(*fd);
    return rc;
}

static void name_of(const struct sockaddr *who, socklen_t len, char *out, size_t room)
{
    char host[64] = "?", service[8] = "?";
    getnameinfo(who, len, host, sizeof host, service, sizeof service, NI_NUMERICHOST | NI_NUMERICSERV);
    snprintf(out, room, "%s port %s", host, service);
}

int par_os_accept(int listen_fd, int *fd, char *from, size_t room, par_error *err)
{
    struct sockaddr_storage who = {0};
    socklen_t len = sizeof who;
    *fd = par_os_take_connection(listen_fd, (struct sockaddr *)&who, &len);
    if (*fd < 0) {
        bool none = errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR || errno == ECONNABORTED;
        return none ? PAR_E_AGAIN : par_error_system(err, "cannot accept a connection");
    }
    name_of((struct sockaddr *)&who, len, from, room);
    int rc = prepare(*fd, err);
    if (rc != PAR_OK) close(*fd);
    return rc;
}

static int await_connected(int fd, int64_t deadline_ns)
{
    int events;
    do events = par_os_wait_fd(fd, PAR_OS_WRITABLE, deadline_ns);
    while (events == PAR_E_INTERRUPTED);
    if (events == PAR_E_TIMEOUT) return ETIMEDOUT;
    if (events == PAR_E_SYSTEM) return errno;
    int error = 0;
    socklen_t len = sizeof error;
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0 ? error : errno;
}

int par_os_connect(const char *address, unsigned port, int64_t deadline_ns, int *fd, par_error *err)
{
    struct addrinfo *to;
    int rc = resolve(address, port, SOCK_STREAM, &to, err);
    if (rc != PAR_OK) return rc;
    rc = open_socket(to, fd, err);
    if (rc == PAR_OK) {
        int error = PAR_TRY(connect(*fd, to->ai_addr, to->ai_addrlen)) == 0 ? 0 : errno;
        if (error == EINPROGRESS || error == EINTR) error = await_connected(*fd, deadline_ns);
        errno = error;
        if (error) {
            rc = par_error_system(err, "cannot connect to %s port %u", address, port);
            close(*fd);
        }
    }
    freeaddrinfo(to);
    return rc;
}

/* Nothing is sent: the system only looks up the way. */
int par_os_address_to(const char *host, char *out, size_t room, par_error *err)
{
    struct addrinfo *to;
    struct sockaddr_storage name = {0};
    socklen_t len = sizeof name;
    int rc = resolve(host, 9, SOCK_DGRAM, &to, err);
    if (rc != PAR_OK) return rc;
    int fd = par_os_make_socket(to->ai_family, SOCK_DGRAM);
    if (fd < 0 || PAR_TRY(connect(fd, to->ai_addr, to->ai_addrlen)) != 0 || getsockname(fd, (struct sockaddr *)&name, &len) != 0 ||
        getnameinfo((struct sockaddr *)&name, len, out, (socklen_t)room, NULL, 0, NI_NUMERICHOST) != 0)
        rc = par_error_system(err, "no address of this machine leads to %s", host);
    if (fd >= 0) close(fd);
    freeaddrinfo(to);
    return rc;
}
