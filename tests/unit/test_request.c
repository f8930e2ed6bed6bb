/* SPDX-License-Identifier: BSD-3-Clause */
/* request: finds the command and the key of a parsed request, and prefetches. */
#include "checks.h"
#include "config.h"

#include "requests.h"

START_TEST(preparing_finds_the_command_and_hashes_its_only_key)
{
    struct sent s;

    prepare(&s, "get k");
    ck_assert_ptr_eq(s.request.cmd, command_find(SLICE("GET")));
    ck_assert_int_eq(s.request.key, 1);
    ck_assert_uint_eq(s.hash[1], hash_bytes(SLICE("k")));
    prepare(&s, "object encoding k");
    ck_assert_str_eq(command_full_name(s.request.cmd), "object|encoding");
    ck_assert_int_eq(s.request.key, 2);
    ck_assert_uint_eq(s.hash[2], hash_bytes(SLICE("k")));
}
END_TEST

START_TEST(preparing_finds_no_key_in_commands_without_a_single_one)
{
    static const char *const requests[] = {"PING",         "GET",      "DEL a",         "DEL a b", "RENAME a b",
                                           "MSETEX 1 a 1", "NOSUCH a", "CLIENT NOSUCH", "CLIENT"};
    struct sent s;

    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        prepare(&s, requests[i]);
        ck_assert_msg(s.request.key == 0, "%s", requests[i]);
    }
    ck_assert_ptr_eq(s.request.cmd, command_find(SLICE("CLIENT")));
    prepare(&s, "CLIENT NOSUCH");
    ck_assert_ptr_null(s.request.cmd);
    prepare(&s, "NOSUCH a");
    ck_assert_ptr_null(s.request.cmd);
}
END_TEST

START_TEST(prefetching_changes_nothing_and_needs_no_table)
{
    static const char *const texts[] = {"GET k1", "GET k2", "PING", "NOSUCH", "SET k3 v", "DEL k1 k1"};
    struct sent s[6];
    struct request requests[6];

    put(0, 1, 1); /* expired: a real look-up would remove it */
    quiesce_enter(0);
    for (session.db = 0; session.db < 4; session.db++) {
        for (unsigned i = 0; i < 6; i++) {
            prepare(&s[i], texts[i]);
            requests[i] = s[i].request;
        }
        request_prefetch(&runner, requests, 6);
    }
    request_prefetch(&runner, requests, 0);
    quiesce_leave(0);
    ck_assert(is_there(0, 1));
    ck_assert_uint_eq(keyspace_size(ks, 0), 1);
    expect_out("", "");
    for (unsigned i = 0; i < SHARDS; i++)
        ck_assert_ptr_null(shard_table(&ks->shards[i], 3));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("request");
    TCase *tests = tcase_create("request");

    tcase_add_test(tests, preparing_finds_the_command_and_hashes_its_only_key);
    tcase_add_test(tests, preparing_finds_no_key_in_commands_without_a_single_one);
    tcase_add_test(tests, prefetching_changes_nothing_and_needs_no_table);
    return run_suite(suite, tests);
}
