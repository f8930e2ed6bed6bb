/* SPDX-License-Identifier: BSD-3-Clause */
/* row: random insertions and removals against a plain array. */
#include <string.h>

#include "checks.h"
#include "seed.h"
#include "types/row.h"

#define MOST 1000

struct twin {
    uint64_t numbers[MOST];
    size_t count;
};

static void insert(struct row *r, struct twin *t, size_t i)
{
    uint64_t v = seed_u64();

    memmove(&t->numbers[i + 1], &t->numbers[i], (t->count - i) * sizeof v);
    t->numbers[i] = v;
    t->count++;
    *(uint64_t *)row_insert(r, i, sizeof v) = v;
}

static void take(struct row *r, struct twin *t, size_t i, size_t n)
{
    memmove(&t->numbers[i], &t->numbers[i + n], (t->count - i - n) * sizeof *t->numbers);
    t->count -= n;
    row_remove(r, i, n, sizeof *t->numbers);
}

static void is_same(const struct row *r, const struct twin *t)
{
    ck_assert_uint_eq(r->used, t->count);
    for (size_t i = 0; i < t->count; i++)
        ck_assert_uint_eq(*(uint64_t *)row_at(r, i, sizeof(uint64_t)), t->numbers[i]);
}

START_TEST(a_row_is_what_an_array_is)
{
    static struct twin t;
    struct row r = {0};

    seed_start("a_row_is_what_an_array_is");
    for (int step = 0; step < 20000; step++) {
        size_t i = seed_below(4) != 0 ? seed_below(t.count + 1) : seed_below(2) ? 0 : t.count;

        if (t.count < MOST && seed_below(100) < (step / 2000 % 2 ? 40 : 60))
            insert(&r, &t, i);
        else if (i < t.count)
            take(&r, &t, i, 1 + seed_below(seed_below(20) == 0 ? t.count - i : 1));
        is_same(&r, &t);
    }
    row_fini(&r, sizeof(uint64_t));
}
END_TEST

START_TEST(one_record_has_room_for_one)
{
    struct row r = {0};

    row_insert(&r, 0, 64);
    ck_assert_uint_eq(r.room, 1);
    row_insert(&r, 0, 64);
    row_insert(&r, 0, 64);
    ck_assert_uint_le(r.room, 4);
    row_fini(&r, 64);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("row");
    TCase *tests = tcase_create("row");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_test(tests, a_row_is_what_an_array_is);
    tcase_add_test(tests, one_record_has_room_for_one);
    tcase_set_timeout(tests, 60);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
