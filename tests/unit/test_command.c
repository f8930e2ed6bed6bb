/* SPDX-License-Identifier: BSD-3-Clause */
/* command: a command is data. */
#include "checks.h"
#include "config.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "run/command.h"

#define ARGS_MAX 16

/* Blocks as in the files of a command family. */

CMD(probe, .name = "PROBE", .arity = 1, .group = "generic", .since = "1.0.0", .cost = "O(1)", .flags = CMD_FAST,
    .summary = "Is in the table.", .syntax = "")
{
    (void)c;
}

CMD_CONTAINER(box, .name = "BOX", .arity = -2, .group = "generic", .since = "1.0.0", .summary = "Has a subcommand.");

CMD(box_probe, .name = "PROBE", .parent = "BOX", .arity = 2, .group = "generic", .since = "1.0.0", .cost = "O(1)",
    .flags = CMD_FAST, .summary = "Is a subcommand.", .syntax = "")
{
    (void)c;
}

/* ---- the table ---- */

static const struct command *found(const char *name)
{
    const struct command *cmd = command_find(slice_str(name));

    ck_assert_msg(cmd != NULL, "%s", name);
    return cmd;
}

static const struct command *found_sub(const char *parent, const char *name)
{
    const struct command *cmd = command_find_sub(found(parent), slice_str(name));

    ck_assert_msg(cmd != NULL, "%s %s", parent, name);
    return cmd;
}

START_TEST(a_block_is_in_the_table_without_a_list)
{
    ck_assert_ptr_eq(found("PROBE"), &command_probe);
    ck_assert_ptr_eq(found("BOX"), &command_box);
    ck_assert_ptr_eq(found_sub("BOX", "PROBE"), &command_box_probe);
    ck_assert(command_probe.run == cmd_probe);
    ck_assert(command_box.run == NULL);
}
END_TEST

START_TEST(a_command_is_found_by_its_full_name_in_any_case)
{
    char longer[200];

    ck_assert_ptr_eq(found("get"), found("GET"));
    ck_assert_ptr_eq(found("GeTsEt"), found("getset"));
    ck_assert_ptr_ne(found("get"), found("getset"));
    ck_assert_ptr_null(command_find(SLICE("ge")));
    ck_assert_ptr_null(command_find(SLICE("ge\x14"))); /* T without its two upper bits */
    ck_assert_ptr_null(command_find(SLICE("getsett")));
    ck_assert_ptr_null(command_find(SLICE("get ")));
    ck_assert_ptr_null(command_find(SLICE("get\0")));
    ck_assert_ptr_null(command_find(SLICE("")));
    memset(longer, 'g', sizeof longer);
    ck_assert_ptr_null(command_find(slice_of(longer, sizeof longer)));
}
END_TEST

START_TEST(a_subcommand_is_found_only_under_its_parent)
{
    ck_assert_ptr_eq(found_sub("client", "KiLl"), found_sub("CLIENT", "kill"));
    ck_assert_ptr_null(command_find(SLICE("kill")));
    ck_assert_ptr_null(command_find_sub(found("get"), SLICE("kill")));
    ck_assert_ptr_null(command_find_sub(found("config"), SLICE("kill")));
    ck_assert_ptr_null(command_find_sub(found("client"), SLICE("get")));
    ck_assert_ptr_null(command_find_sub(found("client"), SLICE("no\revict"))); /* only letters have a case */
    ck_assert_ptr_ne(found_sub("client", "help"), found_sub("config", "help"));
    ck_assert_ptr_ne(found_sub("box", "probe"), found("probe"));
}
END_TEST

START_TEST(a_full_name_is_in_lower_case_with_a_bar)
{
    ck_assert_str_eq(command_full_name(found("GET")), "get");
    ck_assert_str_eq(command_full_name(found_sub("CLIENT", "NO-EVICT")), "client|no-evict");
    ck_assert_str_eq(command_full_name(&command_box), "box");
    ck_assert_str_eq(command_full_name(&command_box_probe), "box|probe");
}
END_TEST

START_TEST(each_command_has_a_unique_number)
{
    unsigned n = commands_count();

    ck_assert_uint_gt(n, 100);
    for (unsigned i = 0; i < n; i++)
        ck_assert_uint_eq(command_number(command_by_number(i)), i);
    ck_assert_ptr_eq(command_by_number(command_number(&command_probe)), &command_probe);
    ck_assert_ptr_eq(command_by_number(command_number(&command_box_probe)), &command_box_probe);
}
END_TEST

START_TEST(a_number_out_of_range_aborts)
{
    command_by_number(commands_count());
}
END_TEST

START_TEST(every_command_is_found_by_its_names)
{
    for (unsigned i = 0; i < commands_count(); i++) {
        const struct command *cmd = command_by_number(i);

        if (cmd->parent == NULL)
            ck_assert_ptr_eq(found(cmd->name), cmd);
        else
            ck_assert_ptr_eq(found_sub(cmd->parent, cmd->name), cmd);
    }
}
END_TEST

START_TEST(the_table_knows_which_commands_have_subcommands)
{
    ck_assert(command_has_subs(found("client")));
    ck_assert(command_has_subs(found("command"))); /* it also has a body */
    ck_assert(command_has_subs(&command_box));
    ck_assert(!command_has_subs(found("get")));
    ck_assert(!command_has_subs(&command_box_probe));
}
END_TEST

START_TEST(building_the_table_again_changes_nothing)
{
    unsigned n = commands_count(), number = command_number(&command_probe);

    commands_init();
    ck_assert_uint_eq(commands_count(), n);
    ck_assert_uint_eq(command_number(&command_probe), number);
}
END_TEST

/* ---- keys ---- */

/* The words of a request. */
static int split(char *request, struct slice argv[ARGS_MAX])
{
    int argc = 0;

    for (char *at, *word = strtok_r(request, " ", &at); word != NULL; word = strtok_r(NULL, " ", &at)) {
        ck_assert_int_lt(argc, ARGS_MAX);
        argv[argc++] = slice_str(word);
    }
    return argc;
}

/* Expects these words as the keys of the request, or "?" if the arguments are invalid. */
static void expect_keys(const struct command *cmd, const char *request, const char *expected)
{
    struct slice argv[ARGS_MAX];
    int positions[ARGS_MAX], n;
    struct buf words = BUF_EMPTY;
    char copy[200];

    snprintf(copy, sizeof copy, "%s", request);
    n = command_keys(cmd, argv, split(copy, argv), positions, ARGS_MAX);
    if (n < 0)
        buf_add_char(&words, '?');
    for (int i = 0; i < n; i++) {
        if (i > 0)
            buf_add_char(&words, ' ');
        buf_add_slice(&words, argv[positions[i]]);
    }
    ck_assert_msg(strcmp(buf_cstr(&words), expected) == 0, "%s: %s", request, buf_cstr(&words));
    buf_fini(&words);
}

START_TEST(key_positions_match_the_documentation)
{
    expect_keys(found("ping"), "PING k", "");
    expect_keys(found("get"), "GET k", "k");
    expect_keys(found("del"), "DEL a b c", "a b c");
    expect_keys(found("mset"), "MSET a 1 b 2", "a b");
    expect_keys(found("rename"), "RENAME a b", "a b");
    expect_keys(found("bitop"), "BITOP AND d a b", "d a b");
    expect_keys(found("msetex"), "MSETEX 2 a 1 b 2 EX 5", "a b");
    expect_keys(found_sub("object", "encoding"), "OBJECT ENCODING k", "k");
}
END_TEST

START_TEST(a_range_has_steps_and_may_end_before_the_last_argument)
{
    static const struct command all = {.keys = CMD_KEYS(1, -1, 1, KEY_RO)};
    static const struct command but_last = {.keys = CMD_KEYS(1, -2, 1, KEY_RO)};
    static const struct command third = {.keys = CMD_KEYS(2, -1, 3, KEY_RO)};
    static const struct command few = {.keys = CMD_KEYS(1, 2, 1, KEY_RO)};

    expect_keys(&all, "X a b c", "a b c");
    expect_keys(&but_last, "X a b 0", "a b");
    expect_keys(&but_last, "X 0", "");
    expect_keys(&third, "X - a - - b - -", "a b");
    expect_keys(&few, "X a b -", "a b");
    expect_keys(&few, "X a", "?");
}
END_TEST

START_TEST(the_keys_of_several_specifications_are_joined)
{
    static const struct command two = {.keys = {{.flags = KEY_OW, .first = 1, .last = 1, .step = 1},
                                                {.flags = KEY_RO, .find = KEYS_NUMBER, .first = 2, .step = 1}}};

    expect_keys(&two, "ZUNIONSTORE d 2 a b WEIGHTS 1 2", "d a b");
    expect_keys(&two, "ZUNIONSTORE d 3 a b", "?");
}
END_TEST

static const struct command eval = {.keys = {{.flags = KEY_RW, .find = KEYS_NUMBER, .first = 2, .step = 1}}};
static const struct command pairs = {.keys = {{.flags = KEY_OW, .find = KEYS_NUMBER, .first = 1, .step = 2}}};

START_TEST(a_number_argument_gives_the_number_of_keys)
{
    static const struct command later = {
        .keys = {{.flags = KEY_RO, .find = KEYS_NUMBER, .first = 1, .step = 1, .after = 1}}};

    expect_keys(&eval, "EVAL s 2 a b c", "a b");
    expect_keys(&eval, "EVAL s 0 a", "");
    expect_keys(&eval, "EVAL s 0", "");
    expect_keys(&pairs, "MSETEX 2 a 1 b 2 NX", "a b");
    expect_keys(&later, "X 2 - a b c", "a b");
}
END_TEST

START_TEST(an_impossible_number_of_keys_is_invalid)
{
    expect_keys(&eval, "EVAL s", "?");
    expect_keys(&eval, "EVAL s x a", "?");
    expect_keys(&eval, "EVAL s -1 a", "?");
    expect_keys(&eval, "EVAL s 2 a", "?");
    expect_keys(&eval, "EVAL s 9223372036854775807 a", "?");
    expect_keys(&pairs, "MSETEX 2 a 1", "?");
    expect_keys(&pairs, "MSETEX 4611686018427387905 a 1", "?");
}
END_TEST

START_TEST(keys_may_follow_a_word_in_any_case)
{
    static const struct command from_begin = {
        .keys = {{.flags = KEY_OW, .keyword = "STORE", .first = 2, .last = 0, .step = 1}}};
    static const struct command from_end = {
        .keys = {{.flags = KEY_RW, .keyword = "KEYS", .first = -2, .last = -1, .step = 1}}};

    expect_keys(&from_begin, "X - store a b", "a");
    expect_keys(&from_begin, "X STORE - store a b", "a"); /* the first STORE is before `first` */
    expect_keys(&from_begin, "X - - -", "");
    expect_keys(&from_begin, "X - STORE", "?");
    expect_keys(&from_end, "MIGRATE KEYS - KEYS a b", "a b");
    expect_keys(&from_end, "MIGRATE a b KEYS", ""); /* after the position where the search begins */
}
END_TEST

START_TEST(a_limit_excludes_arguments_that_are_not_keys)
{
    static const struct command streams = {
        .keys = {{.flags = KEY_RO, .keyword = "STREAMS", .first = 1, .last = -1, .step = 1, .limit = 2}}};

    expect_keys(&streams, "XREAD COUNT 2 STREAMS a b 0 0", "a b");
    expect_keys(&streams, "XREAD STREAMS a 0", "a");
}
END_TEST

static int last_argument(const struct slice *argv, int argc, int *positions, int max)
{
    (void)max;
    if (slice_is(argv[1], "none"))
        return -1;
    positions[0] = argc - 1;
    return 1;
}

START_TEST(a_function_can_find_the_keys)
{
    static const struct command cmd = {.keys = CMD_KEYS(1, -1, 1, KEY_RO), .find_keys = last_argument};

    expect_keys(&cmd, "X a b c", "c");
    expect_keys(&cmd, "X none c", "?");
}
END_TEST

START_TEST(all_keys_are_counted_even_if_they_do_not_fit)
{
    const struct slice argv[] = {SLICE("DEL"), SLICE("a"), SLICE("b"), SLICE("c")};
    int positions[] = {-7, -7, -7};

    ck_assert_int_eq(command_keys(found("del"), argv, 4, positions, 2), 3);
    ck_assert_int_eq(positions[0], 1);
    ck_assert_int_eq(positions[1], 2);
    ck_assert_int_eq(positions[2], -7);
    ck_assert_int_eq(command_keys(found("del"), argv, 4, NULL, 0), 3);
}
END_TEST

static void add_table_tests(TCase *tests)
{
    tcase_add_test(tests, a_block_is_in_the_table_without_a_list);
    tcase_add_test(tests, a_command_is_found_by_its_full_name_in_any_case);
    tcase_add_test(tests, a_subcommand_is_found_only_under_its_parent);
    tcase_add_test(tests, a_full_name_is_in_lower_case_with_a_bar);
    tcase_add_test(tests, each_command_has_a_unique_number);
    tcase_add_test_raise_signal(tests, a_number_out_of_range_aborts, SIGABRT);
    tcase_add_test(tests, every_command_is_found_by_its_names);
    tcase_add_test(tests, the_table_knows_which_commands_have_subcommands);
    tcase_add_test(tests, building_the_table_again_changes_nothing);
}

static void add_key_tests(TCase *tests)
{
    tcase_add_test(tests, key_positions_match_the_documentation);
    tcase_add_test(tests, a_range_has_steps_and_may_end_before_the_last_argument);
    tcase_add_test(tests, the_keys_of_several_specifications_are_joined);
    tcase_add_test(tests, a_number_argument_gives_the_number_of_keys);
    tcase_add_test(tests, an_impossible_number_of_keys_is_invalid);
    tcase_add_test(tests, keys_may_follow_a_word_in_any_case);
    tcase_add_test(tests, a_limit_excludes_arguments_that_are_not_keys);
    tcase_add_test(tests, a_function_can_find_the_keys);
    tcase_add_test(tests, all_keys_are_counted_even_if_they_do_not_fit);
}

int main(void)
{
    Suite *suite = suite_create("command");
    TCase *tests = tcase_create("command");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(tests, commands_init, NULL);
    add_table_tests(tests);
    add_key_tests(tests);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
