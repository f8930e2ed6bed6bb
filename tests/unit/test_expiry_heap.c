/* SPDX-License-Identifier: BSD-3-Clause */
/* expiry_heap: items ordered by the time at which they expire. */
#include <stdbool.h>
#include <stdlib.h>

#include "account.h"
#include "checks.h"
#include "seed.h"
#include "types/expiry_heap.h"

struct item {
    int64_t due;
    uint32_t position;
    bool is_in;
};

static void note_place(void *item, uint32_t position)
{
    ((struct item *)item)->position = position;
}

START_TEST(the_earliest_is_first)
{
    struct item items[] = {{.due = 30}, {.due = 10}, {.due = 20}};
    struct expiry_heap *h = expiry_heap_new(note_place);
    int64_t due = 0;

    ck_assert_ptr_null(expiry_heap_first(h, &due));
    for (int i = 0; i < 3; i++)
        expiry_heap_add(h, items[i].due, &items[i]);
    ck_assert_ptr_eq(expiry_heap_first(h, &due), &items[1]);
    ck_assert_int_eq(due, 10);
    expiry_heap_update(h, items[1].position, 40);
    ck_assert_ptr_eq(expiry_heap_first(h, &due), &items[2]);
    expiry_heap_remove(h, items[2].position);
    ck_assert_ptr_eq(expiry_heap_first(h, &due), &items[0]);
    ck_assert_uint_eq(expiry_heap_count(h), 2);
    expiry_heap_free(h);
}
END_TEST

START_TEST(an_item_may_move_in_memory)
{
    struct item before = {0}, after;
    struct expiry_heap *h = expiry_heap_new(note_place);
    int64_t due;

    expiry_heap_add(h, 5, &before);
    after = before;
    expiry_heap_set_item(h, after.position, &after);
    ck_assert_ptr_eq(expiry_heap_first(h, &due), &after);
    expiry_heap_free(h);
}
END_TEST

#define ITEMS 700

/* The earliest time of the items in the heap, and how many are due. */
static size_t twin_due(const struct item *items, int64_t now, int64_t *earliest)
{
    size_t n = 0;

    *earliest = INT64_MAX;
    for (int i = 0; i < ITEMS; i++) {
        if (!items[i].is_in)
            continue;
        n += items[i].due <= now;
        if (items[i].due < *earliest)
            *earliest = items[i].due;
    }
    return n;
}

static void check_all(const struct expiry_heap *h, const struct item *items)
{
    int64_t now = (int64_t)seed_below(1200), first = INT64_MAX, earliest;
    size_t due = twin_due(items, now, &earliest);

    ck_assert_uint_eq(expiry_heap_count_due(h, now), due);
    expiry_heap_first(h, &first);
    ck_assert_int_eq(first, earliest);
    for (int i = 0; i < ITEMS; i++)
        if (items[i].is_in)
            ck_assert_int_eq(expiry_heap_time(h, items[i].position), items[i].due);
}

START_TEST(random_changes_keep_the_position_of_every_item)
{
    struct item *items = calloc(ITEMS, sizeof *items);
    size_t count = 0, before = mem_used();
    struct expiry_heap *h = expiry_heap_new(note_place);

    seed_start(__func__);
    for (int round = 0; round < 60000; round++) {
        struct item *it = &items[seed_below(ITEMS)];
        bool growing = round / 5000 % 2 == 0;

        if (!it->is_in) {
            if (!growing && seed_below(3) != 0)
                continue;
            it->due = (int64_t)seed_below(1000);
            expiry_heap_add(h, it->due, it);
            it->is_in = true;
            count++;
        } else if (seed_below(growing ? 10 : 2) == 0) {
            expiry_heap_remove(h, it->position);
            it->is_in = false;
            count--;
        } else {
            it->due = (int64_t)seed_below(1000);
            expiry_heap_update(h, it->position, it->due);
        }
        ck_assert_uint_eq(expiry_heap_count(h), count);
        account_check(before, expiry_heap_bytes(h));
        if (round % 100 == 0)
            check_all(h, items);
    }
    expiry_heap_free(h);
    account_check(before, 0);
    free(items);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("expiry_heap");
    TCase *tests = tcase_create("expiry_heap");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_test(tests, the_earliest_is_first);
    tcase_add_test(tests, an_item_may_move_in_memory);
    tcase_add_test(tests, random_changes_keep_the_position_of_every_item);
    tcase_set_timeout(tests, 60);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
