/* SPDX-License-Identifier: BSD-3-Clause */
#include "cmd/generic/target.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/must.h"
#include "proto/client_memory.h"

#define LOOK_MS 50 /* between two looks whether the server stops */

/* 0, or why a call may not wait any longer: -errno. */
static int check(const struct target_limit *limit)
{
    if (atomic_load_explicit(limit->stops, memory_order_relaxed))
        return -ECANCELED;
    return clock_mono_ms() < limit->deadline ? 0 : -ETIMEDOUT;
}

/* The time until the next look, ms. */
static int next_look(const struct target_limit *limit)
{
    int64_t left = limit->deadline - clock_mono_ms();

    return left <= 0 ? 0 : left < LOOK_MS ? (int)left : LOOK_MS;
}

/* ---- names ---- */

/* A name that a thread resolves. The last of the two that use it frees it. */
struct lookup {
    sem_t done;
    atomic_bool is_done; /* before `done` is posted, which thread sanitizers do not follow */
    atomic_int users;
    char *host, *port;
    int error;
    struct addrinfo *found;
};

static void lookup_leave(struct lookup *l)
{
    if (atomic_fetch_sub(&l->users, 1) != 1)
        return;
    if (l->error == 0)
        freeaddrinfo(l->found);
    sem_destroy(&l->done);
    mem_free(l->host);
    mem_free(l->port);
    mem_free(l);
}

static void lookup_run(struct lookup *l, int flags)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = flags};

    l->error = getaddrinfo(l->host, l->port, &hints, &l->found);
}

static void *lookup_main(void *arg)
{
    struct lookup *l = arg;

    lookup_run(l, 0);
    atomic_store(&l->is_done, true);
    sem_post(&l->done);
    lookup_leave(l);
    mem_thread_done();
    return NULL;
}

static bool lookup_wait(struct lookup *l, const struct target_limit *limit)
{
    while (check(limit) == 0) {
        int64_t until = clock_mono_ns() + (int64_t)next_look(limit) * 1000000;
        struct timespec t = {until / 1000000000, until % 1000000000};

        if (sem_clockwait(&l->done, CLOCK_MONOTONIC, &t) == 0)
            return atomic_load(&l->is_done);
    }
    return false;
}

/* Resolves what is no address. True: l->error and l->found are set. */
static bool lookup_in_thread(struct lookup *l, const struct target_limit *limit)
{
    pthread_attr_t detached;
    pthread_t thread;
    int error;

    atomic_store(&l->users, 2);
    pthread_attr_init(&detached);
    pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    error = pthread_create(&thread, &detached, lookup_main, l);
    pthread_attr_destroy(&detached);
    if (error == 0)
        return lookup_wait(l, limit);
    atomic_store(&l->users, 1);
    return false;
}

static struct target_addresses *copy_addresses(const struct addrinfo *found)
{
    struct target_addresses *to;
    unsigned n = 0;

    for (const struct addrinfo *a = found; a != NULL; a = a->ai_next)
        n++;
    to = client_memory_zalloc(sizeof *to + n * sizeof to->all[0]);
    for (const struct addrinfo *a = found; a != NULL; a = a->ai_next) {
        must(to->n < n && a->ai_addrlen <= sizeof to->all[0].address);
        to->all[to->n].length = a->ai_addrlen;
        memcpy(&to->all[to->n++].address, a->ai_addr, a->ai_addrlen);
    }
    return to;
}

struct target_addresses *target_resolve(struct slice host, struct slice port, const struct target_limit *limit)
{
    struct lookup *l = mem_zalloc(sizeof *l);
    int64_t begun = clock_mono_ms();
    struct target_addresses *to;
    bool known = true;

    l->host = mem_strndup(host.p, host.n);
    l->port = mem_strndup(port.p, port.n);
    sem_init(&l->done, 0, 0);
    atomic_init(&l->users, 1);
    lookup_run(l, AI_NUMERICHOST);
    if (l->error == EAI_NONAME)
        known = lookup_in_thread(l, limit);
    to = copy_addresses(known && l->error == 0 ? l->found : NULL);
    to->spent = clock_mono_ms() - begun;
    lookup_leave(l);
    return to;
}

/* ---- the connection ---- */

/* Waits until the socket is ready. */
static int wait_for(const struct target *t, short events)
{
    struct pollfd p = {.fd = t->fd, .events = events};
    int error;

    must(t->fd >= 0);
    while ((error = check(&t->limit)) == 0) {
        int n = poll(&p, 1, next_look(&t->limit));

        if (n > 0)
            return 0;
        if (n < 0 && errno != EINTR)
            return -errno;
    }
    return error;
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

static int try_address(struct target *t, const struct sockaddr *a, socklen_t n)
{
    int on = 1, error = 0;

    t->fd = socket(a->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (t->fd < 0)
        return -errno;
    if (connect(t->fd, a, n) < 0)
        error = errno == EINPROGRESS ? await_connection(t) : -errno;
    if (error == 0)
        setsockopt(t->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    else
        close(t->fd);
    return error;
}

int target_connect(struct target *t, const struct target_addresses *to, const struct target_limit *limit)
{
    int error = -EHOSTUNREACH;

    *t = (struct target){.fd = -1, .limit = *limit};
    for (unsigned i = 0; i < to->n && error != 0; i++)
        error = try_address(t, (const struct sockaddr *)&to->all[i].address, to->all[i].length);
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
    int error = 0;

    while (bytes.n > 0 && (error = check(&t->limit)) == 0) {
        ssize_t n = send(t->fd, bytes.p, bytes.n, MSG_NOSIGNAL);

        if (n >= 0)
            bytes = slice_of(bytes.p + n, bytes.n - n);
        else if (errno == EAGAIN)
            error = wait_for(t, POLLOUT);
        else if (errno != EINTR)
            error = -errno;
        if (error != 0)
            return error;
    }
    return error;
}

/* Receives more into the empty buffer. */
static int read_more(struct target *t)
{
    int error;

    must(t->at == t->end);
    while ((error = check(&t->limit)) == 0) {
        ssize_t n = recv(t->fd, t->buffer, sizeof t->buffer, 0);

        if (n > 0) {
            t->at = 0;
            t->end = (size_t)n;
            return 0;
        }
        if (n == 0)
            return -ECONNRESET;
        if (errno == EAGAIN)
            error = wait_for(t, POLLIN);
        else if (errno != EINTR)
            error = -errno;
        if (error != 0)
            return error;
    }
    return error;
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
