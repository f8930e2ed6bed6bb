/* SPDX-License-Identifier: BSD-3-Clause */
/* intset: a sorted array of distinct integers in one run of bytes. */
#include <stdlib.h>

#include "checks.h"
#include "seed.h"
#include "types/intset.h"

#define MANY 300

START_TEST(the_bytes_are_those_of_redis)
{
    struct flat f = FLAT_EMPTY;

    intset_init(&f);
    ck_assert(intset_add(&f, 3));
    ck_assert(intset_add(&f, -1));
    ck_assert(slice_eq(flat_slice(&f), SLICE("\2\0\0\0\2\0\0\0\xff\xff\3\0")));
    ck_assert(intset_add(&f, 100000));
    ck_assert(slice_eq(flat_slice(&f), SLICE("\4\0\0\0\3\0\0\0\xff\xff\xff\xff\3\0\0\0\xa0\x86\1\0")));
    flat_fini(&f);
}
END_TEST

static int compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

static int64_t *twin_find(int64_t *twin, size_t n, int64_t v)
{
    for (size_t i = 0; i < n; i++)
        if (twin[i] == v)
            return &twin[i];
    return NULL;
}

/* Few distinct numbers of every width, so that they collide. */
static int64_t random_number(unsigned width)
{
    return ((int64_t)seed_below(400) - 200) * ((int64_t)1 << width);
}

static void run(unsigned width)
{
    struct flat f = FLAT_EMPTY;
    int64_t twin[MANY];
    size_t n = 0, at;

    intset_init(&f);
    for (int i = 0; i < 4000; i++) {
        int64_t v = random_number(seed_below(4) == 0 ? width : 0), *found = twin_find(twin, n, v);

        ck_assert(intset_find(&f, v, &at) == (found != NULL));
        if (n < MANY && seed_below(3) != 0) {
            ck_assert(intset_add(&f, v) == (found == NULL));
            if (found == NULL)
                twin[n++] = v;
        } else {
            ck_assert(intset_remove(&f, v) == (found != NULL));
            if (found != NULL)
                *found = twin[--n];
        }
        ck_assert_uint_eq(intset_count(&f), n);
        ck_assert(n == 0 || intset_is_valid(flat_slice(&f)));
    }
    qsort(twin, n, sizeof *twin, compare);
    for (size_t i = 0; i < n; i++)
        ck_assert_int_eq(intset_at(&f, i), twin[i]);
    flat_fini(&f);
}

START_TEST(random_changes_agree_with_a_plain_array)
{
    seed_start("intset");
    run(0);
    run(16);
    run(50);
}
END_TEST

START_TEST(unsorted_integers_and_wrong_lengths_are_invalid)
{
    ck_assert(intset_is_valid(SLICE("\2\0\0\0\2\0\0\0\1\0\2\0")));
    ck_assert(!intset_is_valid(SLICE("\2\0\0\0\2\0\0\0\2\0\1\0")));
    ck_assert(!intset_is_valid(SLICE("\2\0\0\0\2\0\0\0\2\0\2\0")));
    ck_assert(!intset_is_valid(SLICE("\2\0\0\0\2\0\0\0\1\0")));
    ck_assert(!intset_is_valid(SLICE("\2\0\0\0\1\0\0\0\1\0\2\0")));
    ck_assert(!intset_is_valid(SLICE("\3\0\0\0\1\0\0\0\1\0\2")));
    ck_assert(!intset_is_valid(SLICE("\2\0\0\0\0\0\0\0")));
    ck_assert(!intset_is_valid(SLICE("\2\0\0\0\xff\xff\xff\xff\1\0")));
    ck_assert(!intset_is_valid(SLICE("")));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("intset");
    TCase *tests = tcase_create("intset");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_test(tests, the_bytes_are_those_of_redis);
    tcase_add_test(tests, random_changes_agree_with_a_plain_array);
    tcase_add_test(tests, unsorted_integers_and_wrong_lengths_are_invalid);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
