/* SPDX-License-Identifier: BSD-3-Clause */
/* conf: CONFIG GET and the other readers of the options. */
#include "checks.h"
#include "config.h"

#include <signal.h>
#include <stdlib.h>

#include "base/mem.h"
#include "conf/conf.h"

static void note(void *arg, struct slice name, struct slice value)
{
    buf_printf(arg, "%.*s=%.*s;", (int)name.n, name.p, (int)value.n, value.p);
}

/* Expects this result of CONFIG GET with up to three patterns. */
static void must_get(const char *a, const char *b, const char *c, const char *expected)
{
    const char *const text[] = {a, b, c};
    struct slice patterns[3];
    struct conf *conf = conf_new();
    struct buf got = BUF_EMPTY;
    size_t n = 0;
    size_t items = 0;

    for (; n < 3 && text[n]; n++)
        patterns[n] = slice_str(text[n]);
    for (const char *p = expected; *p; p++)
        items += *p == ';';
    ck_assert_uint_eq(conf_get(conf, patterns, n, NULL, NULL), items);
    ck_assert_uint_eq(conf_get(conf, patterns, n, note, &got), items);
    ck_assert_str_eq(buf_cstr(&got), expected);
    buf_fini(&got);
    conf_free(conf);
}

START_TEST(an_option_is_found_by_name_in_any_case_and_shown_as_requested)
{
    must_get("maxmemory", NULL, NULL, "maxmemory=0;");
    must_get("MaxMemory", NULL, NULL, "MaxMemory=0;");
    must_get("maxmemor", NULL, NULL, "");
    must_get("", NULL, NULL, "");
}
END_TEST

START_TEST(an_alias_is_found_separately)
{
    must_get("hash-max-ziplist-value", "hash-max-listpack-value", NULL,
             "hash-max-ziplist-value=64;hash-max-listpack-value=64;");
    must_get("hash-max-*-value", NULL, NULL, "hash-max-listpack-value=64;hash-max-ziplist-value=64;");
}
END_TEST

START_TEST(a_pattern_finds_all_matches_once)
{
    must_get("lfu-*", NULL, NULL, "lfu-log-factor=10;lfu-decay-time=1;");
    must_get("lfu-decay-time", "LFU-*", "lfu-log-factor", "lfu-decay-time=1;lfu-log-factor=10;");
    must_get("?ort", "[p]ort", NULL, "port=6379;");
}
END_TEST

START_TEST(hidden_options_are_found_by_their_full_name_only)
{
    must_get("watchdog-*", NULL, NULL, "");
    must_get("watchdog-period", NULL, NULL, "watchdog-period=0;");
}
END_TEST

START_TEST(directives_that_are_not_options_are_not_found)
{
    must_get("user", "loadmodule", "rename-*", "");
}
END_TEST

START_TEST(values_are_shown_as_in_redis)
{
    must_get("proto-max-bulk-len", "bind", "protected-mode",
             "proto-max-bulk-len=536870912;bind=127.0.0.1 -::1;protected-mode=yes;");
    must_get("client-output-buffer-limit", "unixsocketperm", "maxmemory-policy",
             "client-output-buffer-limit=normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60;"
             "unixsocketperm=0;maxmemory-policy=noeviction;");
    must_get("shutdown-on-sigint", "oom-score-adj-values", "latency-tracking-info-percentiles",
             "shutdown-on-sigint=default;oom-score-adj-values=0 200 800;latency-tracking-info-percentiles=50 99 99.9;");
}
END_TEST

START_TEST(secrets_are_recognized_by_name_and_alias)
{
    ck_assert(conf_is_secret(SLICE("REQUIREPASS")));
    ck_assert(conf_is_secret(SLICE("masterauth")));
    ck_assert(!conf_is_secret(SLICE("port")));
    ck_assert(!conf_is_secret(SLICE("nosuch")));
}
END_TEST

START_TEST(conf_word_returns_the_word_of_an_option)
{
    struct conf *c = conf_new();

    ck_assert_str_eq(conf_word(c, OPT_maxmemory_policy), "noeviction");
    ck_assert_str_eq(conf_word(c, OPT_io_engine), "auto");
    conf_free(c);
}
END_TEST

START_TEST(conf_word_of_an_option_without_words_fails_an_assertion)
{
    conf_word(conf_new(), OPT_port);
}
END_TEST

START_TEST(an_option_id_out_of_range_fails_an_assertion)
{
    conf_dup(conf_new(), OPTION_COUNT);
}
END_TEST

START_TEST(a_pointer_to_something_else_fails_an_assertion)
{
    static _Alignas(64) char bytes[1 << 16];

    conf_options((struct conf *)bytes);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("conf");
    TCase *tests = tcase_create("conf");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_test(tests, an_option_is_found_by_name_in_any_case_and_shown_as_requested);
    tcase_add_test(tests, an_alias_is_found_separately);
    tcase_add_test(tests, a_pattern_finds_all_matches_once);
    tcase_add_test(tests, hidden_options_are_found_by_their_full_name_only);
    tcase_add_test(tests, directives_that_are_not_options_are_not_found);
    tcase_add_test(tests, values_are_shown_as_in_redis);
    tcase_add_test(tests, secrets_are_recognized_by_name_and_alias);
    tcase_add_test(tests, conf_word_returns_the_word_of_an_option);
    tcase_add_test_raise_signal(tests, conf_word_of_an_option_without_words_fails_an_assertion, SIGABRT);
    tcase_add_test_raise_signal(tests, an_option_id_out_of_range_fails_an_assertion, SIGABRT);
    tcase_add_test_raise_signal(tests, a_pointer_to_something_else_fails_an_assertion, SIGABRT);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
