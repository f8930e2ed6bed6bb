/* SPDX-License-Identifier: BSD-3-Clause */
/* balance: which worker gets a new connection. */
#include "checks.h"
#include "config.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/clock.h"
#include "base/mem.h"
#include "net/balance.h"

#define WORKERS 4

static struct instance instance;
static struct workers workers;

static void set_up(void)
{
    instance.conf = conf_new();
    instance.options = conf_options(instance.conf);
    workers = (struct workers){.count = WORKERS, .instance = &instance};
    workers.all = mem_aligned_zero(64, WORKERS * sizeof *workers.all);
    balance_init(&workers);
}

static void tear_down(void)
{
    balance_fini(&workers);
    mem_free(workers.all);
    conf_free(instance.conf);
}

static void set(const char *name, const char *value)
{
    struct conf_pair pair = {slice_str(name), slice_str(value)};
    struct conf_error error;

    ck_assert_msg(conf_set(instance.conf, &pair, 1, true, &error), "%s %s", name, value);
}

/* The number of the worker that gets the connection. */
static unsigned chosen(int fd)
{
    return balance_choose(&workers, fd) - workers.all;
}

/* Of a+b+c+d connections the workers must get a, b, c and d. */
static void expect_shares(unsigned a, unsigned b, unsigned c, unsigned d)
{
    unsigned got[WORKERS] = {0};

    for (unsigned i = 0; i < a + b + c + d; i++)
        got[chosen(-1)]++;
    ck_assert_uint_eq(got[0], a);
    ck_assert_uint_eq(got[1], b);
    ck_assert_uint_eq(got[2], c);
    ck_assert_uint_eq(got[3], d);
}

static void set_loads(unsigned a, unsigned b, unsigned c, unsigned d)
{
    const unsigned loads[WORKERS] = {a, b, c, d};

    for (unsigned i = 0; i < WORKERS; i++)
        atomic_store(&workers.all[i].conn_count, loads[i]);
}

START_TEST(the_default_is_round_robin)
{
    set_loads(9, 0, 0, 0);
    for (unsigned i = 0; i < 3 * WORKERS; i++)
        ck_assert_uint_eq(chosen(-1), i % WORKERS);
}
END_TEST

START_TEST(a_worker_in_a_long_batch_gets_no_connection_unless_all_are)
{
    set_loads(0, 3, 2, 9);
    atomic_store(&workers.all[0].busy_since, clock_mono_ms() - 1000);
    for (unsigned i = 0; i < 3; i++) {
        ck_assert_uint_eq(chosen(-1), 2); /* instead of 0 */
        for (unsigned j = 1; j < WORKERS; j++)
            ck_assert_uint_eq(chosen(-1), j);
    }
    set("connection-balance", "least-connections");
    ck_assert_uint_eq(chosen(-1), 2);
    for (unsigned i = 0; i < WORKERS; i++)
        atomic_store(&workers.all[i].busy_since, clock_mono_ms() - 1000);
    ck_assert_uint_eq(chosen(-1), 0);
    atomic_store(&workers.all[1].busy_since, 0);
    ck_assert_uint_eq(chosen(-1), 1);
}
END_TEST

START_TEST(connections_are_distributed_by_the_weights)
{
    set("connection-balance", "weighted");
    set("worker-weights", "5 1 2 4");
    for (unsigned round = 0; round < 3; round++)
        expect_shares(5, 1, 2, 4);
}
END_TEST

START_TEST(equal_weights_give_round_robin)
{
    set("connection-balance", "weighted");
    set("worker-weights", "3 3 3 3");
    for (unsigned i = 0; i < 3; i++)
        expect_shares(1, 1, 1, 1);
}
END_TEST

START_TEST(a_worker_that_is_not_listed_has_weight_1)
{
    set("connection-balance", "weighted");
    expect_shares(1, 1, 1, 1);
    set("worker-weights", "3 2");
    expect_shares(3, 2, 1, 1);
}
END_TEST

START_TEST(weights_beyond_the_last_worker_are_ignored)
{
    set("connection-balance", "weighted");
    set("worker-weights", "1 1 1 2 900");
    expect_shares(1, 1, 1, 2);
}
END_TEST

START_TEST(new_weights_apply_from_the_next_connection)
{
    set("connection-balance", "weighted");
    set("worker-weights", "1 1 1 1000");
    for (unsigned i = 0; i < 10; i++)
        ck_assert_uint_eq(chosen(-1), 3);
    set("worker-weights", "6 1 1 1");
    expect_shares(6, 1, 1, 1);
}
END_TEST

START_TEST(the_worker_with_fewest_connections_is_chosen)
{
    set("connection-balance", "least-connections");
    set_loads(3, 2, 1, 2);
    ck_assert_uint_eq(chosen(-1), 2);
    set_loads(3, 2, 4, 5);
    ck_assert_uint_eq(chosen(-1), 1);
    set_loads(0, 2, 4, 5);
    ck_assert_uint_eq(chosen(-1), 0);
    set_loads(9, 9, 9, 8);
    ck_assert_uint_eq(chosen(-1), 3);
}
END_TEST

/* The worker that gets a client of 127.0.0.number. A connected datagram socket has a peer address without a peer. */
static unsigned chosen_for(unsigned number, unsigned port)
{
    struct sockaddr_in peer = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK - 1 + number), .sin_port = htons(port)};
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    unsigned got;

    ck_assert_int_eq(connect(fd, (struct sockaddr *)&peer, sizeof peer), 0);
    got = chosen(fd);
    close(fd);
    ck_assert_uint_lt(got, WORKERS);
    return got;
}

START_TEST(an_address_is_always_assigned_to_the_same_worker)
{
    set("connection-balance", "source-hash");
    for (unsigned number = 1; number <= 20; number++) {
        unsigned first = chosen_for(number, 5000);

        for (unsigned port = 5001; port < 5005; port++)
            ck_assert_uint_eq(chosen_for(number, port), first);
    }
}
END_TEST

START_TEST(many_addresses_use_all_workers)
{
    bool got[WORKERS] = {false};

    set("connection-balance", "source-hash");
    for (unsigned number = 1; number <= 250; number++)
        got[chosen_for(number, 5000)] = true;
    for (unsigned i = 0; i < WORKERS; i++)
        ck_assert(got[i]);
}
END_TEST

START_TEST(the_method_may_change_at_any_time)
{
    set_loads(5, 5, 0, 5);
    ck_assert_uint_eq(chosen(-1), 0);
    set("connection-balance", "least-connections");
    ck_assert_uint_eq(chosen(-1), 2);
    set("connection-balance", "round-robin");
    ck_assert_uint_eq(chosen(-1), 1);
}
END_TEST

START_TEST(the_total_is_that_of_all_workers)
{
    ck_assert_int_eq(balance_total(&workers), 0);
    set_loads(1, 20, 300, 4000);
    ck_assert_int_eq(balance_total(&workers), 4321);
    set_loads(UINT32_MAX, UINT32_MAX, 0, 0);
    ck_assert_int_eq(balance_total(&workers), 2 * (int64_t)UINT32_MAX);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("balance");
    TCase *tests = tcase_create("balance");
    SRunner *runner = srunner_create(suite);
    int failed;

    hash_init();
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, the_default_is_round_robin);
    tcase_add_test(tests, a_worker_in_a_long_batch_gets_no_connection_unless_all_are);
    tcase_add_test(tests, connections_are_distributed_by_the_weights);
    tcase_add_test(tests, equal_weights_give_round_robin);
    tcase_add_test(tests, a_worker_that_is_not_listed_has_weight_1);
    tcase_add_test(tests, weights_beyond_the_last_worker_are_ignored);
    tcase_add_test(tests, new_weights_apply_from_the_next_connection);
    tcase_add_test(tests, the_worker_with_fewest_connections_is_chosen);
    tcase_add_test(tests, an_address_is_always_assigned_to_the_same_worker);
    tcase_add_test(tests, many_addresses_use_all_workers);
    tcase_add_test(tests, the_method_may_change_at_any_time);
    tcase_add_test(tests, the_total_is_that_of_all_workers);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
