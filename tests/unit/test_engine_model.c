/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * engine, model: random operations on a few links, inside and outside of callbacks, while their peers send, read, shut
 * down and close at random. Every byte that arrives must be the next one of its stream, and none may be missing at the
 * end.
 */
#include "engine_side.h"
#include "seed.h"

#define SIDES 12
#define STEPS 20000

static struct side sides[SIDES];
static bool is_open[SIDES]; /* the link is, or is about to be closed */
static bool peer_open[SIDES];
static bool peer_done[SIDES]; /* the peer sends no more */
static unsigned opened;

static void act(unsigned i);

static void act_inside(struct side *s)
{
    switch (seed_below(8)) {
    case 0:
        act(s - sides);
        break;
    case 1:
        act(seed_below(SIDES));
        break;
    default:
        break;
    }
}

static void open_one(unsigned i)
{
    side_open(&sides[i], opened++ * 2);
    sides[i].on_received = sides[i].on_ended = sides[i].on_sent = act_inside;
    is_open[i] = peer_open[i] = true;
    peer_done[i] = false;
}

static void send_some(struct side *s)
{
    static const size_t sizes[] = {1, 100, 5000, 70000, 1000000};
    size_t n = 1 + seed_below(sizes[seed_below(5)]);

    if (!s->is_sending)
        side_send(s, n, 1 + seed_below(n < 1000 ? n : 50000));
}

/* A random operation on the link. */
static void act(unsigned i)
{
    struct side *s = &sides[i];

    if (!is_open[i] || s->closes > 0 || s->link.closing)
        return;
    switch (seed_below(20)) {
    case 0 ... 4:
        engine_pause(&engine, &s->link);
        break;
    case 5 ... 11:
        engine_resume(&engine, &s->link);
        break;
    case 12 ... 18:
        send_some(s);
        break;
    default:
        if (seed_below(10) == 0)
            engine_close(&engine, &s->link);
        break;
    }
}

/* A random operation of its peer. */
static void act_peer(unsigned i)
{
    struct side *s = &sides[i];

    if (!peer_open[i])
        return;
    switch (seed_below(40)) {
    case 0 ... 24:
        if (!peer_done[i])
            side_give(s, 1 + seed_below(seed_below(4) ? 100 : 65536));
        break;
    case 25 ... 37:
        side_take(s, 1 + seed_below(65536));
        break;
    case 38:
        if (seed_below(20) == 0) {
            shutdown(s->peer, SHUT_WR);
            peer_done[i] = true;
        }
        break;
    default:
        if (seed_below(20) == 0) {
            close(s->peer);
            peer_open[i] = false;
        }
        break;
    }
}

/* Opens a new link in the place of one that has ended. */
static void replace(unsigned i)
{
    struct side *s = &sides[i];

    if (is_open[i] && s->closes == 0) {
        if (!s->link.closing && (s->ends > 0 || !peer_open[i]) && seed_below(4) == 0)
            engine_close(&engine, &s->link);
        return;
    }
    if (peer_open[i])
        close(s->peer);
    open_one(i);
}

/* Waits until all bytes of unbroken connections have arrived, and checks that they have. */
static void finish(unsigned i)
{
    struct side *s = &sides[i];

    if (is_open[i] && s->closes == 0 && !s->link.closing && peer_open[i]) {
        engine_resume(&engine, &s->link);
        for (unsigned waits = 0; s->received < s->given || s->taken < s->sent; waits++) {
            ck_assert_uint_lt(waits, 100000);
            if (side_take(s, 65536) == 0)
                wait_engine(WAIT_NS / 10);
        }
        UNTIL(!s->is_sending);
    }
    if (s->closes == 0 && !s->link.closing)
        engine_close(&engine, &s->link);
    UNTIL(s->closes == 1);
    if (peer_open[i])
        close(s->peer);
}

START_TEST(random_operations_neither_lose_nor_mix_bytes)
{
    seed_start(engines[_i]->name);
    start_engine(_i);
    for (unsigned i = 0; i < SIDES; i++)
        open_one(i);
    for (unsigned step = 0, steps = seed_rounds(STEPS); step < steps; step++) {
        act(seed_below(SIDES));
        act_peer(seed_below(SIDES));
        replace(seed_below(SIDES));
        if (seed_below(3) == 0)
            wait_engine(0);
    }
    for (unsigned i = 0; i < SIDES; i++)
        sides[i].on_received = sides[i].on_ended = sides[i].on_sent = NULL;
    for (unsigned i = 0; i < SIDES; i++)
        finish(i);
    engine_stop(&engine);
}
END_TEST

static void add_tests(TCase *t, int n)
{
    tcase_add_loop_test(t, random_operations_neither_lose_nor_mix_bytes, 0, n);
}

int main(void)
{
    return run_tests("engine_model", add_tests);
}
