/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/hash.h"

union any {
    struct sockaddr sa;
    struct sockaddr_in in4;
    struct sockaddr_in6 in6;
    struct sockaddr_un un;
    struct sockaddr_storage storage;
};

static void to_text(const union any *a, char text[ADDRESS_MAX])
{
    char host[INET6_ADDRSTRLEN];

    switch (a->sa.sa_family) {
    case AF_INET:
        inet_ntop(AF_INET, &a->in4.sin_addr, host, sizeof host);
        snprintf(text, ADDRESS_MAX, "%s:%d", host, ntohs(a->in4.sin_port));
        break;
    case AF_INET6:
        inet_ntop(AF_INET6, &a->in6.sin6_addr, host, sizeof host);
        snprintf(text, ADDRESS_MAX, "[%s]:%d", host, ntohs(a->in6.sin6_port));
        break;
    case AF_UNIX:
        snprintf(text, ADDRESS_MAX, "%.*s:0", (int)sizeof a->un.sun_path, a->un.sun_path);
        break;
    default: /* the peer has disconnected already */
        snprintf(text, ADDRESS_MAX, "?:0");
    }
}

static bool is_loopback(const union any *a)
{
    switch (a->sa.sa_family) {
    case AF_INET:
        return ntohl(a->in4.sin_addr.s_addr) >> 24 == 127;
    case AF_INET6:
        return IN6_IS_ADDR_LOOPBACK(&a->in6.sin6_addr) ||
               (IN6_IS_ADDR_V4MAPPED(&a->in6.sin6_addr) && a->in6.sin6_addr.s6_addr[12] == 127);
    default:
        return a->sa.sa_family == AF_UNIX;
    }
}

bool address_of_peer(int fd, char peer[ADDRESS_MAX], char local[ADDRESS_MAX], bool *is_local)
{
    union any a = {0}, b = {0};
    socklen_t an = sizeof a, bn = sizeof b;

    getpeername(fd, &a.sa, &an);
    getsockname(fd, &b.sa, &bn);
    to_text(&b, local);
    /* The client's end of a unix socket has no name: show the server's. */
    if (b.sa.sa_family == AF_UNIX)
        a = b;
    to_text(&a, peer);
    *is_local = is_loopback(&a);
    return b.sa.sa_family == AF_UNIX;
}

uint64_t address_hash(int fd)
{
    union any a = {0};
    socklen_t n = sizeof a;

    getpeername(fd, &a.sa, &n);
    if (a.sa.sa_family == AF_INET)
        return hash_bytes(slice_of(&a.in4.sin_addr, sizeof a.in4.sin_addr));
    if (a.sa.sa_family == AF_INET6)
        return hash_bytes(slice_of(&a.in6.sin6_addr, sizeof a.in6.sin6_addr));
    return 0;
}

void address_prepare(int fd, int64_t keepalive)
{
    int one = 1, idle = keepalive > INT16_MAX ? INT16_MAX : (int)keepalive;
    int interval = idle / 3 > 0 ? idle / 3 : 1, probes = 3;

    /* All of these fail on a unix socket, which needs none of them. */
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (idle > 0) {
        setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof one);
        setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
        setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof interval);
        setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof probes);
    }
}
