/* SPDX-License-Identifier: BSD-3-Clause */
/* agenda: which items are due when. */
#include <stdbool.h>
#include <stdlib.h>

#include "account.h"
#include "checks.h"
#include "seed.h"
#include "types/agenda.h"

struct item {
    int64_t moment;
    uint32_t place;
    bool is_in;
};

static void note_place(void *item, uint32_t place)
{
    ((struct item *)item)->place = place;
}

START_TEST(the_earliest_is_first)
{
    struct item items[] = {{.moment = 30}, {.moment = 10}, {.moment = 20}};
    struct agenda *a = agenda_new(note_place);
    int64_t moment = 0;

    ck_assert_ptr_null(agenda_first(a, &moment));
    for (int i = 0; i < 3; i++)
        agenda_add(a, items[i].moment, &items[i]);
    ck_assert_ptr_eq(agenda_first(a, &moment), &items[1]);
    ck_assert_int_eq(moment, 10);
    agenda_change(a, items[1].place, 40);
    ck_assert_ptr_eq(agenda_first(a, &moment), &items[2]);
    agenda_remove(a, items[2].place);
    ck_assert_ptr_eq(agenda_first(a, &moment), &items[0]);
    ck_assert_uint_eq(agenda_count(a), 2);
    agenda_free(a);
}
END_TEST

START_TEST(an_item_may_move_in_memory)
{
    struct item before = {0}, after;
    struct agenda *a = agenda_new(note_place);
    int64_t moment;

    agenda_add(a, 5, &before);
    after = before;
    agenda_renew(a, after.place, &after);
    ck_assert_ptr_eq(agenda_first(a, &moment), &after);
    agenda_free(a);
}
END_TEST

#define ITEMS 700

/* The least moment among those that are in, and how many are due. */
static size_t twin_due(const struct item *items, int64_t now, int64_t *least)
{
    size_t n = 0;

    *least = INT64_MAX;
    for (int i = 0; i < ITEMS; i++) {
        if (!items[i].is_in)
            continue;
        n += items[i].moment <= now;
        if (items[i].moment < *least)
            *least = items[i].moment;
    }
    return n;
}

static void check_all(const struct agenda *a, const struct item *items)
{
    int64_t now = (int64_t)seed_below(1200), moment = INT64_MAX, least;
    size_t due = twin_due(items, now, &least);

    ck_assert_uint_eq(agenda_due(a, now), due);
    agenda_first(a, &moment);
    ck_assert_int_eq(moment, least);
    for (int i = 0; i < ITEMS; i++)
        if (items[i].is_in)
            ck_assert_int_eq(agenda_moment(a, items[i].place), items[i].moment);
}

START_TEST(random_changes_keep_every_item_in_its_place)
{
    struct item *items = calloc(ITEMS, sizeof *items);
    size_t count = 0, before = mem_used();
    struct agenda *a = agenda_new(note_place);

    seed_start(__func__);
    for (int round = 0; round < 60000; round++) {
        struct item *it = &items[seed_below(ITEMS)];
        bool growing = round / 5000 % 2 == 0;

        if (!it->is_in) {
            if (!growing && seed_below(3) != 0)
                continue;
            it->moment = (int64_t)seed_below(1000);
            agenda_add(a, it->moment, it);
            it->is_in = true;
            count++;
        } else if (seed_below(growing ? 10 : 2) == 0) {
            agenda_remove(a, it->place);
            it->is_in = false;
            count--;
        } else {
            it->moment = (int64_t)seed_below(1000);
            agenda_change(a, it->place, it->moment);
        }
        ck_assert_uint_eq(agenda_count(a), count);
        account_check(before, agenda_bytes(a));
        if (round % 100 == 0)
            check_all(a, items);
    }
    agenda_free(a);
    account_check(before, 0);
    free(items);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("agenda");
    TCase *tests = tcase_create("agenda");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_test(tests, the_earliest_is_first);
    tcase_add_test(tests, an_item_may_move_in_memory);
    tcase_add_test(tests, random_changes_keep_every_item_in_its_place);
    tcase_set_timeout(tests, 60);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
