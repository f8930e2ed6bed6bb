/* SPDX-License-Identifier: BSD-3-Clause */
#include "cmd/generic/target.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/must.h"

/* Waits until the socket is ready; -ETIMEDOUT after the timeout. */
static int wait_for(const struct target *t, short events)
{
    struct pollfd p = {.fd = t->fd, .events = events};
    int n;

    must(t->fd >= 0 && t->timeout > 0);
    do
        n = poll(&p, 1, t->timeout);
    while (n < 0 && errno == EINTR);
    return n > 0 ? 0 : n == 0 ? -ETIMEDOUT : -errno;
}

/* Waits for the result of a connect in progress. */
static int await_connection(const struct target *t)
{
    int error = wait_for(t, POLLOUT);
    socklen_t n = sizeof error;

    if (error != 0)
        return error;
    return getsockopt(t->fd, SOL_SOCKET, SO_ERROR, &error, &n) < 0 ? -errno : -error;
}

static int try_address(struct target *t, const struct addrinfo *a)
{
    int on = 1, error = 0;

    t->fd = socket(a->ai_family, a->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, a->ai_protocol);
    if (t->fd < 0)
        return -errno;
    if (connect(t->fd, a->ai_addr, a->ai_addrlen) < 0)
        error = errno == EINPROGRESS ? await_connection(t) : -errno;
    if (error == 0)
        setsockopt(t->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    else
        close(t->fd);
    return error;
}

int target_connect(struct target *t, const char *host, const char *port, int timeout)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM}, *addresses;
    int error = -EHOSTUNREACH;

    must(timeout > 0);
    *t = (struct target){.fd = -1, .timeout = timeout};
    if (getaddrinfo(host, port, &hints, &addresses) != 0)
        return error;
    for (const struct addrinfo *a = addresses; a != NULL && error != 0; a = a->ai_next)
        error = try_address(t, a);
    freeaddrinfo(addresses);
    return error;
}

void target_close(struct target *t)
{
    must(t->fd >= 0);
    close(t->fd);
    t->fd = -1;
}

int target_send(struct target *t, struct slice bytes)
{
    while (bytes.n > 0) {
        ssize_t n = send(t->fd, bytes.p, bytes.n, MSG_NOSIGNAL);
        int error;

        if (n >= 0) {
            bytes = slice_of(bytes.p + n, bytes.n - n);
        } else if (errno == EAGAIN) {
            error = wait_for(t, POLLOUT);
            if (error != 0)
                return error;
        } else if (errno != EINTR) {
            return -errno;
        }
    }
    return 0;
}

/* Receives more into the empty buffer. */
static int read_more(struct target *t)
{
    must(t->at == t->end);
    for (;;) {
        ssize_t n = recv(t->fd, t->buffer, sizeof t->buffer, 0);
        int error;

        if (n > 0) {
            t->at = 0;
            t->end = (size_t)n;
            return 0;
        }
        if (n == 0)
            return -ECONNRESET;
        if (errno == EINTR)
            continue;
        if (errno != EAGAIN)
            return -errno;
        error = wait_for(t, POLLIN);
        if (error != 0)
            return error;
    }
}

int target_read_line(struct target *t, char *line)
{
    size_t n = 0;

    for (;;) {
        char byte;
        int error = t->at < t->end ? 0 : read_more(t);

        if (error != 0)
            return error;
        byte = t->buffer[t->at++];
        if (byte == '\n')
            break;
        if (n == TARGET_LINE_MAX - 1)
            return -EMSGSIZE;
        line[n++] = byte;
    }
    if (n > 0 && line[n - 1] == '\r')
        n--;
    must(n < TARGET_LINE_MAX);
    line[n] = 0;
    return 0;
}
