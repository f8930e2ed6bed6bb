/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * engine_side: both ends of a connection, for tests of the engines.
 *
 * Role:    a side is a link and the descriptor of its peer. Each direction carries a stream of bytes computed from
 *          their position, so every byte is checked when it arrives.
 * Threads: one.
 * Used by: test_engine, test_engine_life, test_engine_model.
 */
#ifndef LARDER_TESTS_ENGINE_SIDE_H
#define LARDER_TESTS_ENGINE_SIDE_H

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "checks.h"
#include "net/engine.h"

#define WAIT_NS   (10 * 1000000)
#define WAITS_MAX 3000 /* then the test fails */

struct side {
    struct link link; /* first: a link is its side */
    int peer;
    unsigned seed;
    uint64_t given, received; /* bytes to the engine */
    uint64_t sent, taken;     /* bytes from it */
    bool is_sending;
    unsigned sents, ends, closes;
    int error; /* of the last end */
    void (*on_received)(struct side *s);
    void (*on_ended)(struct side *s);
    void (*on_sent)(struct side *s);
};

static struct engine engine;
static unsigned begins, flushes, look_aheads;
static bool has_begun; /* in this engine_wait */
static void (*flush_hook)(void);
static int accepted_fd[4096];
static unsigned accepted;

static inline char stream_byte(unsigned seed, uint64_t at)
{
    return (char)((at + seed) * 131 + (at >> 8) * 17 + (at >> 16));
}

static inline void stream_fill(unsigned seed, uint64_t at, char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        p[i] = stream_byte(seed, at + i);
}

static inline void stream_check(unsigned seed, uint64_t at, const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (p[i] != stream_byte(seed, at + i))
            ck_abort_msg("byte %llu of the stream is not what was sent", (unsigned long long)(at + i));
}

/* ---- the handler ---- */

static void on_begin(void *worker)
{
    ck_assert_ptr_eq(worker, &engine);
    begins++;
    has_begun = true;
}

static void on_flush(void *worker)
{
    ck_assert_ptr_eq(worker, &engine);
    ck_assert(has_begun);
    flushes++;
    if (flush_hook != NULL)
        flush_hook();
}

static void on_accepted(void *worker, int listener, int fd)
{
    ck_assert(has_begun);
    ck_assert_ptr_eq(worker, &engine);
    ck_assert_int_ge(listener, 0);
    ck_assert_int_ne(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
    accepted_fd[accepted++] = fd;
}

/* The number of bytes for this link in the first `count` arrivals. */
static uint64_t arrived(const struct arrival *a, unsigned count, const struct link *l)
{
    uint64_t n = 0;

    for (unsigned i = 0; i < count; i++)
        n += a[i].link == l ? a[i].n : 0;
    return n;
}

/* These are the next bytes of each link, unless it is paused before they are delivered. */
static void on_look_ahead(void *worker, const struct arrival *a, unsigned count)
{
    ck_assert_ptr_eq(worker, &engine);
    ck_assert(has_begun && count >= 2 && count <= ENGINE_BATCH);
    for (unsigned i = 0; i < count; i++) {
        struct side *s = (struct side *)a[i].link;

        ck_assert(!s->link.closing && s->closes == 0 && s->ends == 0);
        stream_check(s->seed, s->received + arrived(a, i, a[i].link), a[i].p, a[i].n);
    }
    look_aheads++;
}

static void on_received(struct link *l, const char *p, size_t n)
{
    struct side *s = (struct side *)l;

    ck_assert(has_begun);
    ck_assert(l->receiving && !l->closing && s->closes == 0 && s->ends == 0);
    ck_assert_uint_gt(n, 0);
    stream_check(s->seed, s->received, p, n);
    s->received += n;
    if (s->on_received != NULL)
        s->on_received(s);
}

static void on_ended(struct link *l, int error)
{
    struct side *s = (struct side *)l;

    ck_assert(!l->closing && s->closes == 0);
    s->ends++;
    s->error = error;
    if (s->on_ended != NULL)
        s->on_ended(s);
}

static void on_sent(struct link *l)
{
    struct side *s = (struct side *)l;

    ck_assert(s->is_sending && !l->closing && l->sending == NULL && l->send_bytes == 0);
    s->is_sending = false;
    s->sents++;
    if (s->on_sent != NULL)
        s->on_sent(s);
}

/* The memory of the link may be freed now: overwrites it, so that later uses fail. */
static void on_closed(struct link *l)
{
    struct side *s = (struct side *)l;

    ck_assert(l->closing);
    ck_assert_uint_eq(s->closes, 0);
    memset(l, 0xdb, sizeof *l);
    s->closes = 1;
}

static const struct engine_handler handler = {
    .begin = on_begin,
    .flush = on_flush,
    .accepted = on_accepted,
    .look_ahead = on_look_ahead,
    .received = on_received,
    .ended = on_ended,
    .sent = on_sent,
    .closed = on_closed,
};

/* ---- the engine ---- */

static const struct engine_ops *engines[2];

/* Finds the engines that work here; returns their number. */
static inline int engines_find(void)
{
    int n = 0;

    engines[n++] = &engine_libev;
#ifdef HAVE_IO_URING
    char why[200];

    if (engine_io_uring_works(why, sizeof why))
        engines[n++] = &engine_io_uring;
    else
        printf("io_uring does not work here and is not tested: %s\n", why);
#endif
    return n;
}

static inline void start_engine(int which)
{
    char why[200] = "";
    int error = engine_start(&engine, engines[which], &handler, &engine, why, sizeof why);

    ck_assert_msg(error == 0, "%s: %s", engines[which]->name, why);
}

static inline void wait_engine(int64_t ns)
{
    unsigned before = begins;

    has_begun = false;
    engine_wait(&engine, ns);
    ck_assert_uint_ne(begins, before);
}

/* Waits until x holds. */
#define UNTIL(x)                                                         \
    do {                                                                 \
        unsigned waits_ = 0;                                             \
        while (!(x)) {                                                   \
            ck_assert_msg(waits_++ < WAITS_MAX, "never came true: " #x); \
            wait_engine(WAIT_NS);                                        \
        }                                                                \
    } while (0)

/* Gives the engine time to do something wrong. */
static inline void let_pass(unsigned waits)
{
    while (waits-- > 0)
        wait_engine(WAIT_NS / 10);
}

/* ---- sides ---- */

static inline void set_nonblocking(int fd)
{
    ck_assert_int_eq(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
}

/* The link and its peer are the two descriptors. */
static inline void side_over(struct side *s, unsigned seed, int fd, int peer)
{
    *s = (struct side){.peer = peer, .seed = seed};
    set_nonblocking(fd);
    set_nonblocking(peer);
    engine_open(&engine, &s->link, fd);
}

static inline void side_open(struct side *s, unsigned seed)
{
    int fd[2];

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd), 0);
    side_over(s, seed, fd[0], fd[1]);
}

/* The peer sends up to n bytes; returns how many the kernel took. */
static inline size_t side_give(struct side *s, size_t n)
{
    char b[65536];
    ssize_t did;

    if (n > sizeof b)
        n = sizeof b;
    stream_fill(s->seed, s->given, b, n);
    did = send(s->peer, b, n, MSG_NOSIGNAL);
    if (did < 0)
        return 0;
    s->given += did;
    return did;
}

/* The peer reads up to n bytes; returns how many there were. */
static inline size_t side_take(struct side *s, size_t n)
{
    char b[65536];
    ssize_t did = recv(s->peer, b, n < sizeof b ? n : sizeof b, 0);

    if (did <= 0)
        return 0;
    stream_check(s->seed + 1, s->taken, b, did);
    s->taken += did;
    return did;
}

/* A chain of the next n bytes of the stream, in pieces of `piece` bytes. */
static inline struct chunk *side_chain(struct side *s, size_t n, size_t piece)
{
    struct chunk *first = NULL, **at = &first;

    while (n > 0) {
        size_t len = n < piece ? n : piece;
        struct chunk *c = mem_alloc(sizeof *c + len);

        *c = (struct chunk){.p = c->data, .len = len, .cap = len};
        stream_fill(s->seed + 1, s->sent, c->data, len);
        s->sent += len;
        n -= len;
        *at = c;
        at = &c->next;
    }
    return first;
}

static inline void side_send(struct side *s, size_t n, size_t piece)
{
    struct chunk *c = side_chain(s, n, piece);

    ck_assert(!s->is_sending);
    s->is_sending = true;
    engine_send(&engine, &s->link, c, n);
}

/* Closes the link, waits for the end of it, and closes the peer. */
static inline void side_close(struct side *s)
{
    if (s->closes == 0 && !s->link.closing)
        engine_close(&engine, &s->link);
    UNTIL(s->closes == 1);
    close(s->peer);
}

/* ---- the suite ---- */

/* Runs the tests that `add` adds, each of them with the engines 0 .. n-1. -> the exit status of main */
static inline int run_tests(const char *name, void (*add)(TCase *t, int n))
{
    Suite *suite = suite_create(name);
    TCase *tests = tcase_create(name);
    SRunner *runner = srunner_create(suite);
    struct rlimit files;
    int failed;

    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max < 8192 ? files.rlim_max : 8192;
    setrlimit(RLIMIT_NOFILE, &files);
    tcase_set_timeout(tests, 300);
    add(tests, engines_find());
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
