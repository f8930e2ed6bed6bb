/* SPDX-License-Identifier: BSD-3-Clause */
/* watch: who wants to know that a key has changed. */
#include <stdlib.h>

#include "base/mem.h"
#include "checks.h"
#include "seed.h"
#include "store/watch.h"

static struct watch on(struct slice key, unsigned db)
{
    return (struct watch){.hash = key.n, .key = key, .db = db};
}

static void mark(struct watch_list *l, unsigned db, struct slice key)
{
    watch_mark(l, db, key.n, key);
}

START_TEST(a_change_marks_all_watches_of_the_key_and_no_other)
{
    struct watch_list l = {0};
    struct watch a = on(SLICE("a"), 0), again = on(SLICE("a"), 0), b = on(SLICE("b"), 0);
    struct watch elsewhere = on(SLICE("a"), 1);

    watch_add(&l, &a);
    watch_add(&l, &b);
    watch_add(&l, &elsewhere);
    watch_add(&l, &again);
    mark(&l, 0, SLICE("a"));
    ck_assert(a.changed && again.changed && !b.changed && !elsewhere.changed);
    mark(&l, 1, SLICE("a"));
    ck_assert(elsewhere.changed && !b.changed);
    mem_free(l.buckets);
}
END_TEST

START_TEST(a_watch_that_was_taken_off_hears_nothing)
{
    struct watch_list l = {0};
    struct watch w = on(SLICE("a"), 0);

    watch_add(&l, &w);
    watch_remove(&l, &w);
    ck_assert_ptr_null(l.buckets);
    mark(&l, 0, SLICE("a"));
    ck_assert(!w.changed);
}
END_TEST

START_TEST(watches_come_and_go_in_any_order)
{
    enum { MANY = 50 };
    struct watch_list l = {0};
    struct watch w[MANY];
    bool in[MANY] = {false};

    seed_start(__func__);
    for (unsigned n = 0; n < 10000; n++) {
        unsigned i = seed_below(MANY), count = 0, expected = 0;

        if (in[i]) {
            watch_remove(&l, &w[i]);
        } else {
            w[i] = on(SLICE("k"), i);
            w[i].hash = i;
            watch_add(&l, &w[i]);
        }
        in[i] = !in[i];
        for (struct watch *x = watch_next(&l, NULL); x != NULL; x = watch_next(&l, x), count++)
            ck_assert(in[x->db]);
        for (unsigned j = 0; j < MANY; j++)
            expected += in[j];
        ck_assert_uint_eq(count, expected);
        ck_assert_uint_eq(l.n, expected);
    }
    mem_free(l.buckets);
}
END_TEST

/* Told by time in no test, but by the buckets: what a change looks at is one of them. */
START_TEST(many_watches_lie_in_many_buckets)
{
    enum { MANY = 10000 };
    static struct watch w[MANY];
    struct watch_list l = {0};

    for (unsigned i = 0; i < MANY; i++) {
        w[i] = on(SLICE("k"), 0);
        w[i].hash = i;
        watch_add(&l, &w[i]);
    }
    ck_assert_uint_ge(l.cap, MANY);
    watch_mark(&l, 0, 4711, SLICE("k"));
    for (unsigned i = 0; i < MANY; i++) {
        ck_assert(w[i].changed == (i == 4711));
        watch_remove(&l, &w[i]);
    }
    ck_assert_ptr_null(l.buckets);
}
END_TEST

START_TEST(an_owner_is_told_from_another)
{
    struct watch_list l = {0};
    struct watch mine = on(SLICE("a"), 0), theirs = on(SLICE("a"), 0);

    mine.owner = &mine;
    theirs.owner = &theirs;
    ck_assert(!watch_has(&l, 0, 1, SLICE("a"), &mine));
    watch_add(&l, &theirs);
    ck_assert(!watch_has(&l, 0, 1, SLICE("a"), &mine));
    watch_add(&l, &mine);
    ck_assert(watch_has(&l, 0, 1, SLICE("a"), &mine) && watch_has(&l, 0, 1, SLICE("a"), &theirs));
    ck_assert(!watch_has(&l, 1, 1, SLICE("a"), &mine) && !watch_has(&l, 0, 1, SLICE("b"), &mine));
    mem_free(l.buckets);
}
END_TEST

START_TEST(the_end_of_a_key_is_no_change_to_who_saw_it_expired)
{
    struct watch_list l = {0};
    struct watch knew = on(SLICE("a"), 0), did_not = on(SLICE("a"), 0);

    knew.was_expired = true;
    watch_add(&l, &knew);
    watch_add(&l, &did_not);
    watch_expired(&l, 0, 1, SLICE("a"));
    ck_assert(did_not.changed && !knew.changed);
    /* It is gone now; what comes is new. */
    watch_expired(&l, 0, 1, SLICE("a"));
    ck_assert(knew.changed);
    mem_free(l.buckets);
}
END_TEST

START_TEST(writing_over_an_expired_key_is_a_change)
{
    struct watch_list l = {0};
    struct watch knew = on(SLICE("a"), 0);

    knew.was_expired = true;
    watch_add(&l, &knew);
    mark(&l, 0, SLICE("a"));
    ck_assert(knew.changed);
    mem_free(l.buckets);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("watch");
    TCase *tests = tcase_create("watch");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_test(tests, a_change_marks_all_watches_of_the_key_and_no_other);
    tcase_add_test(tests, a_watch_that_was_taken_off_hears_nothing);
    tcase_add_test(tests, watches_come_and_go_in_any_order);
    tcase_add_test(tests, many_watches_lie_in_many_buckets);
    tcase_add_test(tests, an_owner_is_told_from_another);
    tcase_add_test(tests, the_end_of_a_key_is_no_change_to_who_saw_it_expired);
    tcase_add_test(tests, writing_over_an_expired_key_is_a_change);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
