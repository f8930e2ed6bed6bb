/* SPDX-License-Identifier: BSD-3-Clause */
/* engine: accepting and closing connections, on every engine that works here. */
#include <arpa/inet.h>
#include <netinet/in.h>

#include "engine_side.h"

static struct side a, b;

/* ---- TCP ---- */

static struct sockaddr_in address;

/* A listening socket on a free port, which is in `address`. */
static int listen_tcp(void)
{
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    address = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, size), 0);
    ck_assert_int_eq(listen(fd, 4096), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    return fd;
}

/* -1 if it is refused. */
static int connect_tcp(void)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    ck_assert_int_ge(fd, 0);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    close(fd);
    return -1;
}

START_TEST(a_reset_by_the_peer_is_reported_as_an_error)
{
    struct linger now = {.l_onoff = 1};
    int listener = listen_tcp(), peer;

    start_engine(_i);
    ck_assert_int_eq(engine_listen(&engine, listener), 0);
    peer = connect_tcp();
    UNTIL(accepted == 1);
    side_over(&a, 1, accepted_fd[0], peer);
    side_give(&a, 10);
    UNTIL(a.received == 10);
    setsockopt(peer, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(peer);
    a.peer = -1;
    UNTIL(a.ends == 1);
    ck_assert_int_eq(a.error, ECONNRESET);
    side_close(&a);
    engine_unlisten(&engine, listener);
    close(listener);
    engine_stop(&engine);
}
END_TEST

START_TEST(many_connections_are_accepted)
{
    int listener = listen_tcp();
    int peer[500];

    start_engine(_i);
    ck_assert_int_eq(engine_listen(&engine, listener), 0);
    for (unsigned i = 0; i < 500; i++) {
        peer[i] = connect_tcp();
        ck_assert_int_ge(peer[i], 0);
        if (i % 100 == 0)
            wait_engine(0);
    }
    UNTIL(accepted == 500);
    for (unsigned i = 0; i < 500; i++) {
        close(peer[i]);
        close(accepted_fd[i]);
    }
    engine_unlisten(&engine, listener);
    close(listener);
    engine_stop(&engine);
}
END_TEST

START_TEST(without_free_descriptors_it_accepts_later)
{
    int listener = listen_tcp(), peer, spare[1024];
    struct rlimit was, few;
    unsigned n = 0;

    start_engine(_i);
    peer = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    getrlimit(RLIMIT_NOFILE, &was);
    few = (struct rlimit){.rlim_cur = peer + 20, .rlim_max = was.rlim_max};
    setrlimit(RLIMIT_NOFILE, &few);
    ck_assert_int_eq(engine_listen(&engine, listener), 0);
    wait_engine(0);
    while (n < 1024 && (spare[n] = dup(peer)) >= 0)
        n++;
    ck_assert_int_eq(connect(peer, (struct sockaddr *)&address, sizeof address), 0);
    let_pass(250);
    ck_assert_uint_eq(accepted, 0);
    while (n > 0)
        close(spare[--n]);
    UNTIL(accepted == 1);
    ck_assert_int_ge(connect_tcp(), 0);
    UNTIL(accepted == 2);
    engine_unlisten(&engine, listener);
    engine_stop(&engine);
}
END_TEST

START_TEST(a_removed_listener_accepts_nothing)
{
    int listener = listen_tcp(), other;
    struct sockaddr_in first = address;

    start_engine(_i);
    ck_assert_int_eq(engine_listen(&engine, listener), 0);
    other = listen_tcp();
    ck_assert_int_eq(engine_listen(&engine, other), 0);
    ck_assert_int_ge(connect_tcp(), 0);
    UNTIL(accepted == 1);
    engine_unlisten(&engine, listener);
    close(listener);
    let_pass(3);
    ck_assert_int_ge(connect_tcp(), 0);
    UNTIL(accepted == 2);
    address = first;
    ck_assert_int_eq(connect_tcp(), -1);
    engine_unlisten(&engine, other);
    close(other);
    engine_stop(&engine);
}
END_TEST

/* ---- closing ---- */

/* Closes a in its current state; the peer must see the end, and the descriptor must be free. */
static void close_now(void)
{
    int fd = a.link.fd;
    char c;

    engine_close(&engine, &a.link);
    UNTIL(a.closes == 1);
    ck_assert_int_eq(fcntl(fd, F_GETFD), -1);
    while (recv(a.peer, &c, 1, 0) > 0)
        ;
    ck_assert_int_ne(errno, EAGAIN);
    close(a.peer);
}

START_TEST(a_link_can_close_before_any_event)
{
    start_engine(_i);
    side_open(&a, 1);
    close_now();
    engine_stop(&engine);
}
END_TEST

START_TEST(a_link_closes_while_it_receives)
{
    start_engine(_i);
    side_open(&a, 1);
    wait_engine(0);
    side_give(&a, 10);
    close_now();
    ck_assert_uint_eq(a.received, 0);
    engine_stop(&engine);
}
END_TEST

START_TEST(a_link_closes_while_it_is_paused)
{
    start_engine(_i);
    side_open(&a, 1);
    wait_engine(0);
    side_give(&a, 1000);
    engine_pause(&engine, &a.link);
    let_pass(_i);
    close_now();
    engine_stop(&engine);
}
END_TEST

static void pause_self(struct side *s)
{
    engine_pause(&engine, &s->link);
}

START_TEST(a_paused_link_closes_with_bytes_kept)
{
    start_engine(_i);
    side_open(&a, 1);
    a.on_received = pause_self;
    for (unsigned i = 0; i < 3; i++)
        side_give(&a, 65536);
    UNTIL(a.received > 0);
    let_pass(2);
    close_now();
    engine_stop(&engine);
}
END_TEST

START_TEST(a_link_closes_while_it_sends)
{
    start_engine(_i);
    side_open(&a, 1);
    side_send(&a, 8 << 20, 10000);
    let_pass(2);
    close_now();
    side_open(&a, 1);
    side_send(&a, 8 << 20, 10000);
    close_now(); /* before the send begins */
    engine_stop(&engine);
}
END_TEST

START_TEST(a_link_closes_while_it_sends_and_is_paused)
{
    start_engine(_i);
    side_open(&a, 1);
    wait_engine(0);
    side_send(&a, 8 << 20, 8 << 20);
    engine_pause(&engine, &a.link);
    side_give(&a, 65536);
    let_pass(2);
    engine_resume(&engine, &a.link);
    close_now();
    engine_stop(&engine);
}
END_TEST

static void close_self(struct side *s)
{
    engine_close(&engine, &s->link);
}

START_TEST(a_link_may_close_itself_in_every_callback)
{
    start_engine(_i);
    side_open(&a, 1);
    a.on_received = close_self;
    side_give(&a, 65536);
    UNTIL(a.closes == 1);
    close(a.peer);
    side_open(&a, 1);
    a.on_sent = close_self;
    side_send(&a, 10, 10);
    UNTIL(a.closes == 1);
    close(a.peer);
    side_open(&a, 1);
    a.on_ended = close_self;
    close(a.peer);
    UNTIL(a.closes == 1);
    engine_stop(&engine);
}
END_TEST

static void close_other(struct side *s)
{
    if (s == &a && b.closes == 0 && !b.link.closing)
        engine_close(&engine, &b.link);
    if (s == &b && a.closes == 0 && !a.link.closing)
        engine_close(&engine, &a.link);
}

START_TEST(a_link_may_close_another_with_undelivered_bytes)
{
    start_engine(_i);
    for (unsigned i = 0; i < 20; i++) {
        side_open(&a, 1);
        side_open(&b, 5);
        a.on_received = b.on_received = close_other;
        wait_engine(0);
        side_give(&a, 1000);
        side_give(&b, 1000);
        UNTIL(a.closes + b.closes == 1);
        let_pass(1);
        side_close(&a);
        side_close(&b);
    }
    engine_stop(&engine);
}
END_TEST

/* ---- the engine itself ---- */

static unsigned count_descriptors(void)
{
    unsigned n = 0;

    for (int fd = 0; fd < 1024; fd++)
        n += fcntl(fd, F_GETFD) >= 0;
    return n;
}

START_TEST(an_engine_leaves_no_descriptor_behind)
{
    unsigned before = count_descriptors();

    for (unsigned i = 0; i < 20; i++) {
        start_engine(_i);
        side_open(&a, 1);
        wait_engine(0);
        side_close(&a);
        engine_stop(&engine);
    }
    ck_assert_uint_eq(count_descriptors(), before);
}
END_TEST

static void add_tests(TCase *t, int n)
{
    tcase_add_loop_test(t, a_reset_by_the_peer_is_reported_as_an_error, 0, n);
    tcase_add_loop_test(t, many_connections_are_accepted, 0, n);
    tcase_add_loop_test(t, without_free_descriptors_it_accepts_later, 0, n);
    tcase_add_loop_test(t, a_removed_listener_accepts_nothing, 0, n);
    tcase_add_loop_test(t, a_link_can_close_before_any_event, 0, n);
    tcase_add_loop_test(t, a_link_closes_while_it_receives, 0, n);
    tcase_add_loop_test(t, a_link_closes_while_it_is_paused, 0, n);
    tcase_add_loop_test(t, a_paused_link_closes_with_bytes_kept, 0, n);
    tcase_add_loop_test(t, a_link_closes_while_it_sends, 0, n);
    tcase_add_loop_test(t, a_link_closes_while_it_sends_and_is_paused, 0, n);
    tcase_add_loop_test(t, a_link_may_close_itself_in_every_callback, 0, n);
    tcase_add_loop_test(t, a_link_may_close_another_with_undelivered_bytes, 0, n);
    tcase_add_loop_test(t, an_engine_leaves_no_descriptor_behind, 0, n);
}

int main(void)
{
    return run_tests("engine_life", add_tests);
}
