/* SPDX-License-Identifier: BSD-3-Clause */
/* catalog: the table of commands as COMMAND and the documentation present it. */
#include "checks.h"
#include "config.h"

#include <stdlib.h>

#include "base/buf.h"
#include "run/catalog.h"

/* The names of the bits, each followed by a space. */
static const char *names_of(const struct catalog_name *table, uint32_t bits)
{
    static struct buf b;

    b.len = 0;
    for (; table->name; table++) {
        if (bits & table->bit)
            buf_printf(&b, "%s ", table->name);
    }
    return buf_cstr(&b);
}

static const char *categories(const char *name)
{
    return names_of(catalog_categories, catalog_categories_of(catalog_find(slice_str(name))));
}

START_TEST(commands_are_found_by_their_full_name_in_any_case)
{
    ck_assert_str_eq(command_full_name(catalog_find(SLICE("get"))), "get");
    ck_assert_str_eq(command_full_name(catalog_find(SLICE("Client|Kill"))), "client|kill");
    ck_assert_ptr_null(catalog_find(SLICE("kill")));
    ck_assert_ptr_null(catalog_find(SLICE("client|nosuch")));
    ck_assert_ptr_null(catalog_find(SLICE("get|kill")));
    ck_assert_ptr_null(catalog_find(SLICE("|")));
    ck_assert_ptr_null(catalog_find(SLICE("")));
}
END_TEST

START_TEST(a_request_for_a_container_finds_the_subcommand)
{
    const struct slice kill[] = {SLICE("client"), SLICE("KILL"), SLICE("x")}, get[] = {SLICE("get"), SLICE("kill")};

    ck_assert_str_eq(command_full_name(catalog_find_request(kill, 3)), "client|kill");
    ck_assert_str_eq(command_full_name(catalog_find_request(kill, 1)), "client");
    ck_assert_str_eq(command_full_name(catalog_find_request(get, 2)), "get");
    ck_assert_ptr_null(catalog_find_request(&get[1], 1));
}
END_TEST

START_TEST(categories_follow_from_group_and_flags)
{
    ck_assert_str_eq(categories("get"), "read string fast ");
    ck_assert_str_eq(categories("set"), "write string slow ");
    ck_assert_str_eq(categories("del"), "keyspace write slow ");
    ck_assert_str_eq(categories("multi"), "fast transaction ");
    ck_assert_str_eq(categories("client|kill"), "admin slow dangerous connection ");
    ck_assert_str_eq(categories("time"), "fast ");
}
END_TEST

START_TEST(a_block_may_add_categories_and_a_container_has_none)
{
    ck_assert_str_eq(categories("info"), "slow dangerous ");
    ck_assert_str_eq(categories("role"), "admin fast dangerous ");
    ck_assert_str_eq(categories("client"), "slow ");
    ck_assert_str_eq(categories("sort_ro"), "read set sortedset list slow dangerous "); /* without that of its group */
}
END_TEST

START_TEST(categories_are_known_by_name)
{
    ck_assert_uint_ne(catalog_category(SLICE("dangerous")), 0);
    ck_assert_uint_eq(catalog_category(SLICE("DANGEROUS")), catalog_category(SLICE("dangerous")));
    ck_assert_uint_eq(catalog_category(SLICE("danger")), 0);
}
END_TEST

/* A command that has only these keys. */
static void expect_range(const struct command *cmd, int first, int last, int step, bool movable)
{
    struct catalog_range r = catalog_range_of(cmd);

    ck_assert_int_eq(r.first, first);
    ck_assert_int_eq(r.last, last);
    ck_assert_int_eq(r.step, step);
    ck_assert_int_eq(!!(catalog_flags_of(cmd) & CMD_MOVABLEKEYS), movable);
}

START_TEST(a_single_range_is_reported_unchanged)
{
    const struct command none = {.name = "NONE"};
    const struct command pairs = {.keys = CMD_KEYS(1, -1, 2, KEY_OW)};

    expect_range(&none, 0, 0, 0, false);
    expect_range(&pairs, 1, -1, 2, false);
}
END_TEST

START_TEST(adjacent_ranges_are_joined)
{
    const struct command rename = {.keys = {{.flags = KEY_RW, .first = 1, .last = 1, .step = 1},
                                            {.flags = KEY_OW, .first = 2, .last = 2, .step = 1}}};
    const struct command bitop = {.keys = {{.flags = KEY_OW, .first = 2, .last = 2, .step = 1},
                                           {.flags = KEY_RO, .first = 3, .last = -1, .step = 1}}};

    expect_range(&rename, 1, 2, 1, false);
    expect_range(&bitop, 2, -1, 1, false);
}
END_TEST

START_TEST(keys_outside_a_range_are_movable)
{
    const struct command counted = {.keys = {{.flags = KEY_RO, .find = KEYS_NUMBER, .first = 1, .step = 1}}};
    const struct command store = {.keys = {{.flags = KEY_OW, .first = 1, .last = 1, .step = 1},
                                           {.flags = KEY_RO, .find = KEYS_NUMBER, .first = 2, .step = 1}}};
    const struct command part = {.keys = CMD_KEYS(1, 1, 1, KEY_RO | KEY_INCOMPLETE)};
    const struct command word = {.keys = {{.flags = KEY_RO, .keyword = "STREAMS", .first = 1, .last = -1, .step = 1}}};
    const struct command pattern = {
        .keys = {{.flags = KEY_RO, .first = 1, .last = 1, .step = 1}, {.flags = KEY_RO, .unknown = true}}};

    expect_range(&counted, 0, 0, 0, true);
    expect_range(&store, 1, 1, 1, true);
    expect_range(&part, 1, 1, 1, true);
    expect_range(&word, 0, 0, 0, true);
    expect_range(&pattern, 1, 1, 1, true);
}
END_TEST

static void count_visits(void *arg, const struct command *cmd)
{
    ck_assert(!(cmd->flags & CMD_HIDDEN));
    ++*(size_t *)arg;
}

START_TEST(every_command_is_visited_once_and_counted)
{
    size_t all = 0, of_client = 0;

    catalog_each(NULL, count_visits, &all);
    catalog_each(catalog_find(SLICE("client")), count_visits, &of_client);
    ck_assert_uint_eq(all, catalog_count(NULL));
    ck_assert_uint_eq(of_client, catalog_count(catalog_find(SLICE("client"))));
    ck_assert_uint_gt(all, of_client);
    ck_assert_uint_gt(of_client, 10);
    ck_assert_uint_eq(catalog_count(catalog_find(SLICE("get"))), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("catalog");
    TCase *tests = tcase_create("catalog");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(tests, commands_init, NULL);
    tcase_add_test(tests, commands_are_found_by_their_full_name_in_any_case);
    tcase_add_test(tests, a_request_for_a_container_finds_the_subcommand);
    tcase_add_test(tests, categories_follow_from_group_and_flags);
    tcase_add_test(tests, a_block_may_add_categories_and_a_container_has_none);
    tcase_add_test(tests, categories_are_known_by_name);
    tcase_add_test(tests, a_single_range_is_reported_unchanged);
    tcase_add_test(tests, adjacent_ranges_are_joined);
    tcase_add_test(tests, keys_outside_a_range_are_movable);
    tcase_add_test(tests, every_command_is_visited_once_and_counted);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
