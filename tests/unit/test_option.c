/* SPDX-License-Identifier: BSD-3-Clause */
/* option: the table of options is complete and consistent. */
#include "checks.h"
#include "config.h"

#include <ctype.h>
#include <stdlib.h>

#include "conf/conf.h"
#include "conf/kind.h"
#include "conf/option.h"

START_TEST(every_option_has_a_name_a_kind_a_default_and_documentation)
{
    for (int i = 0; i < OPTION_COUNT; i++) {
        const struct option *o = &option_table[i];

        ck_assert_ptr_nonnull(o->name);
        ck_assert_ptr_nonnull(o->kind);
        ck_assert_ptr_nonnull(o->initial);
        ck_assert_msg(o->doc && o->doc[strlen(o->doc) - 1] == '.', "%s: doc is not a sentence", o->name);
        ck_assert_msg((o->effect == EFFECT_ABSENT) == (o->absent != NULL), "%s: reason", o->name);
    }
}
END_TEST

START_TEST(no_two_options_share_a_name_or_an_alias)
{
    for (int i = 0; i < OPTION_COUNT; i++) {
        ck_assert_msg(option_find(slice_str(option_table[i].name)) == (enum option_id)i, "%s", option_table[i].name);
        if (option_table[i].alias)
            ck_assert_msg(option_find(slice_str(option_table[i].alias)) == (enum option_id)i, "%s",
                          option_table[i].alias);
    }
}
END_TEST

START_TEST(names_are_lower_case_words_with_dashes)
{
    for (int i = 0; i < OPTION_COUNT; i++) {
        for (const char *p = option_table[i].name; *p; p++)
            ck_assert_msg(islower((unsigned char)*p) || *p == '-' || *p == '_', "%s", option_table[i].name);
    }
}
END_TEST

START_TEST(the_text_of_every_default_reads_back_as_the_same_value)
{
    for (int i = 0; i < OPTION_COUNT; i++) {
        const struct option *o = &option_table[i];
        struct setting first = {0, NULL};
        struct setting second = {0, NULL};
        struct words w = WORDS_EMPTY;
        struct buf line = BUF_EMPTY;
        char why[OPTION_WHY_MAX];

        option_default(o, &first);
        option_default(o, &second);
        option_write(o, &first, &line);
        ck_assert_ptr_null(words_split(&w, buf_slice(&line)));
        ck_assert_msg(option_parse(o, &w, &second, why), "%s '%s': %s", o->name, buf_cstr(&line), why);
        ck_assert_msg(option_same(o, &first, &second), "%s", o->name);
        words_fini(&w);
        buf_fini(&line);
        setting_fini(&first);
        setting_fini(&second);
    }
}
END_TEST

START_TEST(environment_names_may_have_underscores_for_dashes)
{
    ck_assert_int_eq(option_find_env(SLICE("MAXMEMORY_POLICY")), OPT_maxmemory_policy);
    ck_assert_int_eq(option_find_env(SLICE("SERVER_CPULIST")), OPT_server_cpulist);
    ck_assert_int_eq(option_find_env(SLICE("TRACES")), OPTION_COUNT);
}
END_TEST

START_TEST(memory_has_units_of_1000_and_1024)
{
    static const struct {
        const char *text;
        uint64_t bytes;
    } cases[] = {
        {"0", 0},
        {"12", 12},
        {"12b", 12},
        {"1k", 1000},
        {"1kb", 1024},
        {"2M", 2000000},
        {"2MB", 2097152},
        {"3g", 3000000000u},
        {"3Gb", 3221225472u},
        {"18446744073709551615", UINT64_MAX},
    };
    static const char *const bad[] = {
        "", "gb", "-1", "1tb", "x", "1.5gb", "1 kb", "18446744073709551616", "18014398509481984kb"};
    uint64_t v;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        ck_assert_msg(kind_parse_memory(cases[i].text, &v), "%s", cases[i].text);
        ck_assert_uint_eq(v, cases[i].bytes);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        ck_assert_msg(!kind_parse_memory(bad[i], &v), "%s", bad[i]);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("option");
    TCase *tests = tcase_create("option");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_test(tests, every_option_has_a_name_a_kind_a_default_and_documentation);
    tcase_add_test(tests, no_two_options_share_a_name_or_an_alias);
    tcase_add_test(tests, names_are_lower_case_words_with_dashes);
    tcase_add_test(tests, the_text_of_every_default_reads_back_as_the_same_value);
    tcase_add_test(tests, environment_names_may_have_underscores_for_dashes);
    tcase_add_test(tests, memory_has_units_of_1000_and_1024);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
