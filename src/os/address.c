#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "os/os.h"

/* Fills one entry; false for what is no internet address or belongs to an interface that is down. */
static bool take_address(par_os_address *out, const struct ifaddrs *from)
{
    if (!from->ifa_addr || !(from->ifa_flags & IFF_UP)) return false;
    const void *bytes;
    out->family = from->ifa_addr->sa_family == AF_INET ? 4 : 6;
    if (from->ifa_addr->sa_family == AF_INET) bytes = &((const struct sockaddr_in *)(const void *)from->ifa_addr)->sin_addr;
    else if (from->ifa_addr->sa_family == AF_INET6) bytes = &((const struct sockaddr_in6 *)(const void *)from->ifa_addr)->sin6_addr;
    else return false;
    out->loopback = (from->ifa_flags & IFF_LOOPBACK) != 0;
    snprintf(out->interface, sizeof out->interface, "%s", from->ifa_name);
    return inet_ntop(from->ifa_addr->sa_family, bytes, out->ip, sizeof out->ip) != NULL;
}

int par_os_addresses(par_os_address *out, int max, par_error *err)
{
    struct ifaddrs *list;
    int n = 0;
    if (getifaddrs(&list) != 0) return par_error_system(err, "cannot list the addresses of this machine");
    for (struct ifaddrs *at = list; at && n < max; at = at->ifa_next)
        if (take_address(&out[n], at)) n++;
    freeifaddrs(list);
    return n;
}

size_t par_os_hostname(char *out, size_t room)
{
    if (room == 0 || gethostname(out, room) != 0) return 0;
    out[room - 1] = 0; /* a name that was cut need not be terminated */
    return strlen(out);
}
