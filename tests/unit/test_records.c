/* SPDX-License-Identifier: BSD-3-Clause */
/* records: random insertions and removals against a plain array. */
#include <string.h>

#include "checks.h"
#include "seed.h"
#include "types/records.h"

#define MAX 1000

struct twin {
    uint64_t numbers[MAX];
    size_t count;
};

static void insert(struct records *r, struct twin *t, size_t i)
{
    uint64_t v = seed_u64();

    memmove(&t->numbers[i + 1], &t->numbers[i], (t->count - i) * sizeof v);
    t->numbers[i] = v;
    t->count++;
    *(uint64_t *)records_insert(r, i, sizeof v) = v;
}

static void take(struct records *r, struct twin *t, size_t i, size_t n)
{
    memmove(&t->numbers[i], &t->numbers[i + n], (t->count - i - n) * sizeof *t->numbers);
    t->count -= n;
    records_remove(r, i, n, sizeof *t->numbers);
}

static void is_same(const struct records *r, const struct twin *t)
{
    ck_assert_uint_eq(r->used, t->count);
    for (size_t i = 0; i < t->count; i++)
        ck_assert_uint_eq(*(uint64_t *)records_at(r, i, sizeof(uint64_t)), t->numbers[i]);
}

START_TEST(random_changes_agree_with_an_array)
{
    static struct twin t;
    struct records r = {0};

    seed_start("random_changes_agree_with_an_array");
    for (int step = 0; step < 20000; step++) {
        size_t i = seed_below(4) != 0 ? seed_below(t.count + 1) : seed_below(2) ? 0 : t.count;

        if (t.count < MAX && seed_below(100) < (step / 2000 % 2 ? 40 : 60))
            insert(&r, &t, i);
        else if (i < t.count)
            take(&r, &t, i, 1 + seed_below(seed_below(20) == 0 ? t.count - i : 1));
        is_same(&r, &t);
    }
    records_fini(&r, sizeof(uint64_t));
}
END_TEST

START_TEST(the_first_record_allocates_room_for_one)
{
    struct records r = {0};

    records_insert(&r, 0, 64);
    ck_assert_uint_eq(r.room, 1);
    records_insert(&r, 0, 64);
    records_insert(&r, 0, 64);
    ck_assert_uint_le(r.room, 4);
    records_fini(&r, 64);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("records");
    TCase *tests = tcase_create("records");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_test(tests, random_changes_agree_with_an_array);
    tcase_add_test(tests, the_first_record_allocates_room_for_one);
    tcase_set_timeout(tests, 60);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
