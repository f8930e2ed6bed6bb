/* SPDX-License-Identifier: BSD-3-Clause */
/* engine: receiving, sending and waking, on every engine that works here. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#include "engine_side.h"

#define THOUSAND 1000

static struct side a, b, many[THOUSAND];

/* ---- receiving ---- */

START_TEST(bytes_from_the_peer_are_received)
{
    start_engine(_i);
    side_open(&a, 1);
    ck_assert_uint_eq(side_give(&a, 5), 5);
    UNTIL(a.received == 5);
    ck_assert_uint_eq(side_give(&a, 50000), 50000);
    UNTIL(a.received == 50005);
    side_close(&a);
    engine_stop(&engine);
}
END_TEST

START_TEST(a_wait_without_timeout_handles_ready_events)
{
    start_engine(_i);
    side_open(&a, 1);
    wait_engine(0);
    for (unsigned i = 1; i <= 10; i++) {
        side_give(&a, 1);
        for (unsigned waits = 0; a.received < i; waits++) {
            ck_assert_uint_lt(waits, 10);
            wait_engine(0);
        }
    }
    side_close(&a);
    engine_stop(&engine);
}
END_TEST

START_TEST(more_bytes_than_all_buffers_hold_arrive_in_order)
{
    start_engine(_i);
    for (unsigned i = 0; i < 64; i++) {
        int size = 1 << 20;

        side_open(&many[i], i);
        setsockopt(many[i].peer, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
        while (side_give(&many[i], 65536) > 0)
            ;
        ck_assert_uint_gt(many[i].given, 65536);
    }
    for (unsigned i = 0; i < 64; i++) {
        UNTIL(many[i].received == many[i].given);
        side_close(&many[i]);
    }
    engine_stop(&engine);
}
END_TEST

START_TEST(the_end_is_reported_once_and_after_the_bytes)
{
    start_engine(_i);
    side_open(&a, 1);
    side_give(&a, 3000);
    shutdown(a.peer, SHUT_WR);
    UNTIL(a.ends == 1);
    ck_assert_uint_eq(a.received, 3000);
    ck_assert_int_eq(a.error, 0);
    let_pass(5);
    ck_assert_uint_eq(a.ends, 1);
    side_close(&a);
    engine_stop(&engine);
}
END_TEST

START_TEST(replies_can_be_sent_after_the_peer_has_shut_down_its_side)
{
    start_engine(_i);
    side_open(&a, 1);
    shutdown(a.peer, SHUT_WR);
    UNTIL(a.ends == 1);
    side_send(&a, 10000, 3000);
    UNTIL(a.sents == 1);
    while (side_take(&a, 65536) > 0)
        ;
    ck_assert_uint_eq(a.taken, 10000);
    side_close(&a);
    engine_stop(&engine);
}
END_TEST

/* ---- pausing ---- */

START_TEST(a_paused_link_receives_nothing_and_loses_nothing)
{
    start_engine(_i);
    side_open(&a, 1);
    side_give(&a, 100);
    UNTIL(a.received == 100);
    engine_pause(&engine, &a.link);
    while (side_give(&a, 65536) > 0)
        wait_engine(0);
    let_pass(5);
    ck_assert_uint_eq(a.received, 100);
    engine_resume(&engine, &a.link);
    UNTIL(a.received == a.given);
    side_give(&a, 7);
    UNTIL(a.received == a.given);
    side_close(&a);
    engine_stop(&engine);
}
END_TEST

START_TEST(the_peer_of_a_paused_link_is_blocked)
{
    start_engine(_i);
    side_open(&a, 1);
    wait_engine(0);
    engine_pause(&engine, &a.link);
    for (unsigned i = 0; i < 50; i++) {
        while (side_give(&a, 65536) > 0)
            ;
        wait_engine(0);
    }
    ck_assert_uint_lt(a.given, 8u << 20);
    engine_resume(&engine, &a.link);
    UNTIL(a.received == a.given);
    side_close(&a);
    engine_stop(&engine);
}
END_TEST

static void pause_self(struct side *s)
{
    engine_pause(&engine, &s->link);
}

START_TEST(a_link_may_pause_itself_while_it_receives)
{
    uint64_t last = 0;

    start_engine(_i);
    side_open(&a, 1);
    a.on_received = pause_self;
    while (side_give(&a, 65536) > 0)
        ;
    while (a.received < a.given) {
        UNTIL(a.received > last);
        last = a.received;
        let_pass(1);
        ck_assert_uint_eq(a.received, last);
        engine_resume(&engine, &a.link);
    }
    side_close(&a);
    engine_stop(&engine);
}
END_TEST

START_TEST(a_pause_followed_by_a_resume_changes_nothing)
{
    start_engine(_i);
    side_open(&a, 1);
    for (unsigned i = 0; i < 1000; i++) {
        engine_pause(&engine, &a.link);
        if (i % 3 == 0)
            wait_engine(0);
        engine_resume(&engine, &a.link);
        if (i % 7 == 0)
            engine_pause(&engine, &a.link);
        engine_resume(&engine, &a.link);
        side_give(&a, i % 5 + 1);
        if (i % 2 == 0)
            wait_engine(0);
    }
    UNTIL(a.received == a.given);
    side_close(&a);
    engine_stop(&engine);
}
END_TEST

START_TEST(the_end_of_a_paused_link_is_reported_after_its_bytes)
{
    start_engine(_i);
    side_open(&a, 1);
    a.on_received = pause_self;
    side_give(&a, 65536);
    shutdown(a.peer, SHUT_WR);
    while (a.received < 65536) {
        ck_assert_uint_eq(a.ends, 0);
        engine_resume(&engine, &a.link);
        wait_engine(WAIT_NS);
    }
    engine_resume(&engine, &a.link);
    UNTIL(a.ends == 1);
    side_close(&a);
    engine_stop(&engine);
}
END_TEST

static void serve_others(struct side *s)
{
    engine_pause(&engine, &s->link);
    side_give(&b, 1000);
    for (unsigned waits = 0; b.received < b.given; waits++) {
        ck_assert_uint_lt(waits, 1000);
        engine_wait(&engine, 0);
    }
    engine_resume(&engine, &s->link);
}

START_TEST(a_callback_may_call_engine_wait)
{
    start_engine(_i);
    side_open(&a, 1);
    side_open(&b, 7);
    a.on_received = serve_others;
    for (unsigned i = 0; i < 20; i++) {
        side_give(&a, 65536);
        UNTIL(a.received == a.given);
    }
    ck_assert_uint_eq(b.received % 1000, 0);
    ck_assert_uint_gt(b.received, 0);
    side_close(&a);
    side_close(&b);
    engine_stop(&engine);
}
END_TEST

/* ---- sending ---- */

START_TEST(bytes_that_are_sent_arrive)
{
    start_engine(_i);
    side_open(&a, 1);
    for (unsigned i = 1; i <= 100; i++) {
        side_send(&a, i * 7, i % 3 ? i * 7 : 11);
        UNTIL(a.sents == i);
        while (side_take(&a, 65536) > 0)
            ;
        ck_assert_uint_eq(a.taken, a.sent);
    }
    side_close(&a);
    engine_stop(&engine);
}
END_TEST

static void send_from_link(size_t n, size_t piece)
{
    side_send(&a, n, piece);
    for (unsigned waits = 0; a.taken < a.sent; waits++) {
        ck_assert_uint_lt(waits, 1000000);
        if (side_take(&a, waits % 65537) == 0)
            wait_engine(0);
    }
    UNTIL(!a.is_sending);
    ck_assert_uint_eq(a.link.send_bytes, 0);
}

START_TEST(long_chains_reach_a_slow_reader_in_order)
{
    int small = 4096;

    start_engine(_i);
    side_open(&a, 1);
    setsockopt(a.link.fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
    send_from_link(5 << 20, 5 << 20);
    send_from_link(3 << 20, 16384);
    send_from_link(300000, 7);
    send_from_link(1, 1);
    ck_assert_uint_eq(a.sents, 4);
    side_close(&a);
    engine_stop(&engine);
}
END_TEST

START_TEST(send_bytes_counts_what_is_not_sent_yet)
{
    start_engine(_i);
    side_open(&a, 1);
    side_send(&a, 8 << 20, 1 << 20);
    let_pass(3);
    ck_assert_uint_gt(a.link.send_bytes, 0);
    ck_assert_ptr_nonnull(a.link.sending);
    while (side_take(&a, 65536) > 0)
        ;
    let_pass(3);
    ck_assert_uint_lt(a.link.send_bytes, 8 << 20);
    ck_assert(a.is_sending);
    side_close(&a);
    engine_stop(&engine);
}
END_TEST

static void send_again(struct side *s)
{
    if (s->sents < 20)
        side_send(s, 10, 4);
}

START_TEST(the_next_chain_may_be_sent_from_the_sent_callback)
{
    start_engine(_i);
    side_open(&a, 1);
    a.on_sent = send_again;
    side_send(&a, 10, 10);
    UNTIL(a.sents == 20);
    while (side_take(&a, 65536) > 0)
        ;
    ck_assert_uint_eq(a.taken, 200);
    side_close(&a);
    engine_stop(&engine);
}
END_TEST

START_TEST(many_long_chains_are_sent_at_once)
{
    start_engine(_i);
    for (unsigned i = 0; i < 300; i++) {
        side_open(&many[i], i);
        side_send(&many[i], 60 * 100, 100);
    }
    for (unsigned i = 0; i < 300; i++) {
        while (many[i].taken < many[i].sent)
            if (side_take(&many[i], 65536) == 0)
                wait_engine(0);
        side_close(&many[i]);
    }
    engine_stop(&engine);
}
END_TEST

START_TEST(sending_to_a_peer_that_is_gone_ends_the_link)
{
    start_engine(_i);
    side_open(&a, 1);
    engine_pause(&engine, &a.link); /* so that the end of receiving is not reported first */
    wait_engine(0);
    close(a.peer);
    a.peer = -1;
    side_send(&a, 1000, 100);
    UNTIL(a.ends == 1);
    ck_assert_int_eq(a.error, EPIPE);
    ck_assert_uint_eq(a.sents, 0);
    side_close(&a);
    engine_stop(&engine);
}
END_TEST

/* ---- many ---- */

static void echo(struct side *s)
{
    if (!s->is_sending)
        side_send(s, 32, 32);
}

START_TEST(a_thousand_links_are_served)
{
    uint64_t sum;

    start_engine(_i);
    for (unsigned i = 0; i < THOUSAND; i++) {
        side_open(&many[i], i);
        many[i].on_received = echo;
    }
    for (unsigned round = 0; round < 5; round++) {
        for (unsigned i = 0; i < THOUSAND; i++)
            side_give(&many[i], 32);
        do {
            wait_engine(WAIT_NS);
            sum = 0;
            for (unsigned i = 0; i < THOUSAND; i++) {
                side_take(&many[i], 1000);
                sum += many[i].taken;
            }
        } while (sum < (round + 1) * 32 * (uint64_t)THOUSAND);
    }
    for (unsigned i = 0; i < THOUSAND; i++)
        engine_close(&engine, &many[i].link);
    for (unsigned i = 0; i < THOUSAND; i++) {
        UNTIL(many[i].closes == 1);
        ck_assert_uint_eq(many[i].received, many[i].given);
        close(many[i].peer);
    }
    engine_stop(&engine);
}
END_TEST

static unsigned since_flush, most_since_flush;

static void count_event(struct side *s)
{
    (void)s;
    if (++since_flush > most_since_flush)
        most_since_flush = since_flush;
}

/* Closes a link that may have undelivered bytes. */
static void forget_count(void)
{
    since_flush = 0;
    if (flushes % 2 && many[flushes].closes == 0 && !many[flushes].link.closing)
        engine_close(&engine, &many[flushes].link);
}

START_TEST(many_events_are_handled_in_batches)
{
    start_engine(_i);
    flush_hook = forget_count;
    for (unsigned i = 0; i < THOUSAND; i++) {
        side_open(&many[i], i);
        many[i].on_received = count_event;
        side_give(&many[i], 32);
    }
    for (unsigned i = 0; i < 1000; i++) {
        since_flush = 0;
        wait_engine(WAIT_NS / 100);
    }
    ck_assert_uint_le(most_since_flush, ENGINE_BATCH);
    for (unsigned i = 0; i < THOUSAND; i++)
        side_close(&many[i]);
    engine_stop(&engine);
}
END_TEST

/* ---- waking ---- */

#define WAKES 20000

static _Atomic unsigned rung, heard;

static void *ring_bell(void *arg)
{
    (void)arg;
    for (unsigned i = 1; i <= WAKES; i++) {
        atomic_store(&rung, i);
        engine_wake(&engine);
        while (atomic_load(&heard) < i)
            ;
    }
    return NULL;
}

START_TEST(a_wake_from_another_thread_is_never_lost)
{
    pthread_t thread;

    start_engine(_i);
    ck_assert_int_eq(pthread_create(&thread, NULL, ring_bell, NULL), 0);
    while (atomic_load(&heard) < WAKES) {
        wait_engine(-1);
        atomic_store(&heard, atomic_load(&rung));
    }
    pthread_join(thread, NULL);
    engine_stop(&engine);
}
END_TEST

START_TEST(a_wake_before_the_wait_ends_it)
{
    start_engine(_i);
    engine_wake(&engine);
    engine_wake(&engine);
    wait_engine(-1);
    engine_wake(&engine);
    wait_engine(-1);
    engine_stop(&engine);
}
END_TEST

static void add_tests(TCase *t, int n)
{
    tcase_add_loop_test(t, bytes_from_the_peer_are_received, 0, n);
    tcase_add_loop_test(t, a_wait_without_timeout_handles_ready_events, 0, n);
    tcase_add_loop_test(t, more_bytes_than_all_buffers_hold_arrive_in_order, 0, n);
    tcase_add_loop_test(t, the_end_is_reported_once_and_after_the_bytes, 0, n);
    tcase_add_loop_test(t, replies_can_be_sent_after_the_peer_has_shut_down_its_side, 0, n);
    tcase_add_loop_test(t, a_paused_link_receives_nothing_and_loses_nothing, 0, n);
    tcase_add_loop_test(t, the_peer_of_a_paused_link_is_blocked, 0, n);
    tcase_add_loop_test(t, a_link_may_pause_itself_while_it_receives, 0, n);
    tcase_add_loop_test(t, a_pause_followed_by_a_resume_changes_nothing, 0, n);
    tcase_add_loop_test(t, the_end_of_a_paused_link_is_reported_after_its_bytes, 0, n);
    tcase_add_loop_test(t, a_callback_may_call_engine_wait, 0, n);
    tcase_add_loop_test(t, bytes_that_are_sent_arrive, 0, n);
    tcase_add_loop_test(t, long_chains_reach_a_slow_reader_in_order, 0, n);
    tcase_add_loop_test(t, send_bytes_counts_what_is_not_sent_yet, 0, n);
    tcase_add_loop_test(t, the_next_chain_may_be_sent_from_the_sent_callback, 0, n);
    tcase_add_loop_test(t, many_long_chains_are_sent_at_once, 0, n);
    tcase_add_loop_test(t, sending_to_a_peer_that_is_gone_ends_the_link, 0, n);
    tcase_add_loop_test(t, a_thousand_links_are_served, 0, n);
    tcase_add_loop_test(t, many_events_are_handled_in_batches, 0, n);
    tcase_add_loop_test(t, a_wake_from_another_thread_is_never_lost, 0, n);
    tcase_add_loop_test(t, a_wake_before_the_wait_ends_it, 0, n);
}

int main(void)
{
    return run_tests("engine", add_tests);
}
