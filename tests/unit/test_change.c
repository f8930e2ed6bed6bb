/* SPDX-License-Identifier: BSD-3-Clause */
/* change: CONFIG SET sets all of its options or none. */
#include "checks.h"
#include "config.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "conf/conf.h"

#define FAILED(option) "CONFIG SET failed (possibly related to argument '" option "') - "

static struct conf *conf;

static void set_up(void)
{
    conf = conf_new();
}

static void tear_down(void)
{
    conf_free(conf);
}

/* CONFIG SET of one or two options; returns the text of the reply. */
static const char *set2(const char *a, const char *x, const char *b, const char *y)
{
    static struct conf_error err;
    struct conf_pair pairs[2] = {{slice_str(a), slice_str(x)}, {slice_str(b ? b : ""), slice_str(y ? y : "")}};

    return conf_set(conf, pairs, b ? 2 : 1, false, &err) ? "OK" : err.text;
}

static const char *set(const char *name, const char *value)
{
    return set2(name, value, NULL, NULL);
}

static void must_be(enum option_id id, const char *value)
{
    char *is = conf_dup(conf, id);

    ck_assert_str_eq(is, value);
    mem_free(is);
}

START_TEST(a_value_that_was_set_can_be_read)
{
    ck_assert_str_eq(set("TIMEOUT", "100"), "OK");
    ck_assert_int_eq(OPT(conf_options(conf), timeout), 100);
    ck_assert_str_eq(set("maxmemory", "1kb"), "OK");
    must_be(OPT_maxmemory, "1024");
    ck_assert_str_eq(set("maxmemory-clients", "5%"), "OK");
    must_be(OPT_maxmemory_clients, "5%");
    ck_assert_str_eq(set("requirepass", "a b'\""), "OK");
    must_be(OPT_requirepass, "a b'\"");
    ck_assert_str_eq(set("bind", "10.0.0.1 -::1"), "OK");
    must_be(OPT_bind, "10.0.0.1 -::1");
    ck_assert_str_eq(set("bind", ""), "OK");
    must_be(OPT_bind, "");
    ck_assert_str_eq(set("shutdown-on-sigterm", "now nosave"), "OK");
    must_be(OPT_shutdown_on_sigterm, "nosave now");
    ck_assert_str_eq(set("lua-time-limit", "7"), "OK");
    must_be(OPT_busy_reply_threshold, "7");
    ck_assert_str_eq(set("hz", "1000"), "OK");
    must_be(OPT_hz, "500");
    ck_assert_str_eq(set("client-output-buffer-limit", "replica 1mb 2kb 3"), "OK");
    must_be(OPT_client_output_buffer_limit, "normal 0 0 0 slave 1048576 2048 3 pubsub 33554432 8388608 60");
}
END_TEST

START_TEST(if_an_option_is_set_by_two_names_the_last_value_wins)
{
    ck_assert_str_eq(set2("lua-time-limit", "7", "busy-reply-threshold", "5000"), "OK");
    must_be(OPT_busy_reply_threshold, "5000");
    ck_assert_str_eq(set2("busy-reply-threshold", "8", "lua-time-limit", "9"), "OK");
    must_be(OPT_busy_reply_threshold, "9");
}
END_TEST

START_TEST(the_number_of_a_string_option_counts_its_changes)
{
    int64_t before = OPT(conf_options(conf), requirepass);

    ck_assert_str_eq(set("requirepass", "x"), "OK");
    ck_assert_int_ne(OPT(conf_options(conf), requirepass), before);
    before = OPT(conf_options(conf), requirepass);
    ck_assert_str_eq(set("requirepass", "x"), "OK");
    ck_assert_int_eq(OPT(conf_options(conf), requirepass), before);
}
END_TEST

START_TEST(an_invalid_value_is_refused_with_the_text_of_redis)
{
    ck_assert_str_eq(set("port", "x"), FAILED("port") "argument couldn't be parsed into an integer");
    ck_assert_str_eq(set("port", " 1"), FAILED("port") "argument couldn't be parsed into an integer");
    ck_assert_str_eq(set("port", ""), FAILED("port") "argument couldn't be parsed into an integer");
    ck_assert_str_eq(set("port", "70000"), FAILED("port") "argument must be between 0 and 65535 inclusive");
    ck_assert_str_eq(set("maxclients", "0"),
                     FAILED("maxclients") "argument must be between 1 and 4294967295 inclusive");
    ck_assert_str_eq(set("proto-max-bulk-len", "1"),
                     FAILED("proto-max-bulk-len") "argument must be between 1048576 and 9223372036854775807 inclusive");
    ck_assert_str_eq(set("protected-mode", "1"), FAILED("protected-mode") "argument must be 'yes' or 'no'");
    ck_assert_str_eq(set("maxmemory", "1x"), FAILED("maxmemory") "argument must be a memory value");
    ck_assert_str_eq(set("maxmemory-clients", "-5"),
                     FAILED("maxmemory-clients") "argument must be a memory or percent value");
    ck_assert_str_eq(set("maxmemory-clients", "101%"),
                     FAILED("maxmemory-clients") "percentage argument must be less or equal to 100");
    ck_assert_str_eq(set("save", "1 2 3"), FAILED("save") "Invalid save parameters");
    ck_assert_str_eq(set("oom-score-adj-values", "1 2"), FAILED("oom-score-adj-values") "wrong number of arguments");
    ck_assert_str_eq(set("latency-tracking-info-percentiles", "101"),
                     FAILED("latency-tracking-info-percentiles") "latency-tracking-info-percentiles parameters should "
                                                                 "sit between [0.0,100.0]");
    ck_assert_str_eq(set("notify-keyspace-events", "xq"),
                     FAILED("notify-keyspace-events") "Invalid event class character. Use 'Ag$lshzxeKEtmdn'.");
    ck_assert_str_eq(set("shutdown-on-sigint", "save nosave"),
                     FAILED("shutdown-on-sigint") "shutdown options SAVE and NOSAVE can't be used simultaneously");
    ck_assert_ptr_nonnull(strstr(set("shutdown-on-sigint", "save force"), "there are no snapshots in Larder"));
    ck_assert_str_eq(set("shutdown-on-sigint", "nosave force"), "OK");
    ck_assert_str_eq(set("proc-title-template", "{x}"),
                     FAILED("proc-title-template") "template format is invalid or contains unknown variables");
}
END_TEST

START_TEST(unknown_immutable_protected_and_repeated_options_are_refused)
{
    ck_assert_str_eq(set("nosuch", "1"), "Unknown option or number of arguments for CONFIG SET - 'nosuch'");
    ck_assert_str_eq(set("loadmodule", "x"), "Unknown option or number of arguments for CONFIG SET - 'loadmodule'");
    ck_assert_str_eq(set("databases", "3"), FAILED("databases") "can't set immutable config");
    ck_assert_str_eq(set("dir", "/tmp"), FAILED("dir") "can't set protected config");
    ck_assert_str_eq(set2("timeout", "1", "TIMEOUT", "2"), FAILED("TIMEOUT") "duplicate parameter");
    must_be(OPT_timeout, "0");
}
END_TEST

START_TEST(a_protected_option_can_be_set_if_permitted)
{
    struct conf_pair pair = {SLICE("dir"), SLICE("/")};
    struct conf_error err;

    ck_assert(conf_set(conf, &pair, 1, true, &err));
    must_be(OPT_dir, "/");
}
END_TEST

START_TEST(unsupported_features_cannot_be_turned_on_but_set_to_their_default)
{
    ck_assert_str_eq(set("appendonly", "yes"),
                     FAILED("appendonly") "there is no append-only file in Larder; the only value accepted is 'no'");
    ck_assert_str_eq(set("save", "900 1"),
                     FAILED("save") "there are no snapshots in Larder; the only value accepted is ''");
    ck_assert_str_eq(set("appendonly", "no"), "OK");
    ck_assert_str_eq(set("save", ""), "OK");
    ck_assert_str_eq(set("notify-keyspace-events", ""), "OK");
    ck_assert_str_eq(set("min-slaves-to-write", "0"), "OK");
}
END_TEST

START_TEST(one_invalid_value_leaves_all_options_unchanged)
{
    ck_assert_str_eq(set2("timeout", "50", "maxclients", "x"),
                     FAILED("maxclients") "argument couldn't be parsed into an integer");
    must_be(OPT_timeout, "0");
    ck_assert_str_eq(set2("timeout", "50", "nosuch", "1"),
                     "Unknown option or number of arguments for CONFIG SET - 'nosuch'");
    must_be(OPT_timeout, "0");
}
END_TEST

START_TEST(only_a_password_may_hold_a_zero_byte)
{
    static const char *const names[] = {"timeout", "loglevel", "bind", "maxmemory", "proc-title-template"};
    struct conf_pair pair = {SLICE("requirepass"), SLICE("5\0")};
    struct buf value = BUF_EMPTY;
    struct conf_error err;

    ck_assert(conf_set(conf, &pair, 1, false, &err));
    conf_copy(conf, OPT_requirepass, &value);
    ck_assert(slice_eq(buf_slice(&value), pair.value));
    buf_fini(&value);
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
        pair.name = slice_str(names[i]);
        ck_assert(!conf_set(conf, &pair, 1, false, &err));
        ck_assert_ptr_nonnull(strstr(err.text, "a value may not contain a zero byte"));
    }
    must_be(OPT_timeout, "0");
}
END_TEST

/* A change function that counts its calls, records the timeout it saw, and refuses values above a limit. */
struct witness {
    int calls;
    int64_t saw;
    int64_t limit;
};

static bool witness_change(void *arg, struct conf *c, char *why, size_t size)
{
    struct witness *w = arg;

    w->calls++;
    w->saw = OPT(conf_options(c), timeout);
    if (w->saw <= w->limit)
        return true;
    snprintf(why, size, "try with %d", (int)w->limit);
    return false;
}

START_TEST(change_functions_are_called_once_after_the_values_are_set)
{
    struct witness w = {.limit = 100};

    conf_on_change(conf, OPT_timeout, witness_change, &w);
    conf_on_change(conf, OPT_maxclients, witness_change, &w);
    ck_assert_str_eq(set2("timeout", "7", "maxclients", "50"), "OK");
    ck_assert_int_eq(w.calls, 1);
    ck_assert_int_eq(w.saw, 7);
    ck_assert_str_eq(set("timeout", "7"), "OK");
    ck_assert_str_eq(set("port", "1"), "OK");
    ck_assert_int_eq(w.calls, 1);
}
END_TEST

START_TEST(if_a_change_function_refuses_all_values_are_reset_and_earlier_functions_called_again)
{
    struct witness willing = {.limit = 100};
    struct witness strict = {.limit = 5};

    conf_on_change(conf, OPT_maxclients, witness_change, &willing);
    conf_on_change(conf, OPT_timeout, witness_change, &strict);
    ck_assert_str_eq(set2("timeout", "7", "maxclients", "50"), FAILED("timeout") "try with 5");
    must_be(OPT_timeout, "0");
    must_be(OPT_maxclients, "10000");
    ck_assert_int_eq(willing.calls, 2);
    ck_assert_int_eq(willing.saw, 0);
    ck_assert_int_eq(strict.calls, 1);
}
END_TEST

static void *set_often(void *arg)
{
    const char *value = arg;
    struct conf_pair pair = {SLICE("requirepass"), slice_str(value)};
    struct conf_error err;

    for (int i = 0; i < 2000; i++) {
        char *seen;

        ck_assert(conf_set(conf, &pair, 1, false, &err));
        seen = conf_dup(conf, OPT_requirepass);
        ck_assert(strcmp(seen, "aaaaaaaaaaaaaaaa") == 0 || strcmp(seen, "b") == 0);
        mem_free(seen);
    }
    return NULL;
}

START_TEST(a_string_is_read_consistently_while_other_threads_set_it)
{
    pthread_t thread[2];

    ck_assert_int_eq(pthread_create(&thread[0], NULL, set_often, "aaaaaaaaaaaaaaaa"), 0);
    ck_assert_int_eq(pthread_create(&thread[1], NULL, set_often, "b"), 0);
    pthread_join(thread[0], NULL);
    pthread_join(thread[1], NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("change");
    TCase *tests = tcase_create("change");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, a_value_that_was_set_can_be_read);
    tcase_add_test(tests, if_an_option_is_set_by_two_names_the_last_value_wins);
    tcase_add_test(tests, the_number_of_a_string_option_counts_its_changes);
    tcase_add_test(tests, an_invalid_value_is_refused_with_the_text_of_redis);
    tcase_add_test(tests, unknown_immutable_protected_and_repeated_options_are_refused);
    tcase_add_test(tests, a_protected_option_can_be_set_if_permitted);
    tcase_add_test(tests, unsupported_features_cannot_be_turned_on_but_set_to_their_default);
    tcase_add_test(tests, one_invalid_value_leaves_all_options_unchanged);
    tcase_add_test(tests, only_a_password_may_hold_a_zero_byte);
    tcase_add_test(tests, change_functions_are_called_once_after_the_values_are_set);
    tcase_add_test(tests, if_a_change_function_refuses_all_values_are_reset_and_earlier_functions_called_again);
    tcase_add_test(tests, a_string_is_read_consistently_while_other_threads_set_it);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
