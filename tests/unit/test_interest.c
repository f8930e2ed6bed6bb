/* SPDX-License-Identifier: BSD-3-Clause */
/* interest: registrations for changes of keys. */
#include <stdlib.h>

#include "base/mem.h"
#include "checks.h"
#include "seed.h"
#include "store/watch.h"

static struct watch on(struct slice key, unsigned db)
{
    return (struct watch){.interest = {.kind = &interest_watch, .hash = key.n, .key = key, .db = db}};
}

static const struct event set_event = {.class = EVENT_STRING, .name = "set"};

static void mark(struct interest_set *l, unsigned db, struct slice key)
{
    interest_report(l, db, key.n, key, &set_event);
}

START_TEST(a_change_marks_exactly_the_watches_of_the_key)
{
    struct interest_set l = {0};
    struct watch a = on(SLICE("a"), 0), again = on(SLICE("a"), 0), b = on(SLICE("b"), 0);
    struct watch elsewhere = on(SLICE("a"), 1);

    interest_add(&l, &a.interest);
    interest_add(&l, &b.interest);
    interest_add(&l, &elsewhere.interest);
    interest_add(&l, &again.interest);
    mark(&l, 0, SLICE("a"));
    ck_assert(a.changed && again.changed && !b.changed && !elsewhere.changed);
    mark(&l, 1, SLICE("a"));
    ck_assert(elsewhere.changed && !b.changed);
    mem_free(l.buckets);
}
END_TEST

START_TEST(a_removed_watch_is_not_marked)
{
    struct interest_set l = {0};
    struct watch w = on(SLICE("a"), 0);

    interest_add(&l, &w.interest);
    interest_remove(&l, &w.interest);
    ck_assert_ptr_null(l.buckets);
    mark(&l, 0, SLICE("a"));
    ck_assert(!w.changed);
}
END_TEST

START_TEST(watches_are_added_and_removed_in_any_order)
{
    enum { MANY = 50 };
    struct interest_set l = {0};
    struct watch w[MANY];
    bool in[MANY] = {false};

    seed_start(__func__);
    for (unsigned n = 0; n < 10000; n++) {
        unsigned i = seed_below(MANY), count = 0, expected = 0;

        if (in[i]) {
            interest_remove(&l, &w[i].interest);
        } else {
            w[i] = on(SLICE("k"), i);
            w[i].interest.hash = i;
            interest_add(&l, &w[i].interest);
        }
        in[i] = !in[i];
        for (struct interest *x = interest_next(&l, NULL); x != NULL; x = interest_next(&l, x), count++)
            ck_assert(in[x->db]);
        for (unsigned j = 0; j < MANY; j++)
            expected += in[j];
        ck_assert_uint_eq(count, expected);
        ck_assert_uint_eq(l.n, expected);
    }
    mem_free(l.buckets);
}
END_TEST

/* A change examines one bucket. The test checks the number of buckets, because it cannot check the time. */
START_TEST(the_number_of_buckets_grows_with_the_watches)
{
    enum { MANY = 10000 };
    static struct watch w[MANY];
    struct interest_set l = {0};

    for (unsigned i = 0; i < MANY; i++) {
        w[i] = on(SLICE("k"), 0);
        w[i].interest.hash = i;
        interest_add(&l, &w[i].interest);
    }
    ck_assert_uint_ge(l.cap, MANY);
    interest_report(&l, 0, 4711, SLICE("k"), &set_event);
    for (unsigned i = 0; i < MANY; i++) {
        ck_assert(w[i].changed == (i == 4711));
        interest_remove(&l, &w[i].interest);
    }
    ck_assert_ptr_null(l.buckets);
}
END_TEST

START_TEST(interests_of_different_owners_are_distinct)
{
    struct interest_set l = {0};
    struct watch mine = on(SLICE("a"), 0), theirs = on(SLICE("a"), 0);

    mine.interest.owner = &mine;
    theirs.interest.owner = &theirs;
    ck_assert(!interest_exists(&l, &interest_watch, 0, 1, SLICE("a"), &mine));
    interest_add(&l, &theirs.interest);
    ck_assert(!interest_exists(&l, &interest_watch, 0, 1, SLICE("a"), &mine));
    interest_add(&l, &mine.interest);
    ck_assert(interest_exists(&l, &interest_watch, 0, 1, SLICE("a"), &mine) &&
              interest_exists(&l, &interest_watch, 0, 1, SLICE("a"), &theirs));
    ck_assert(!interest_exists(&l, &interest_watch, 1, 1, SLICE("a"), &mine) &&
              !interest_exists(&l, &interest_watch, 0, 1, SLICE("b"), &mine));
    mem_free(l.buckets);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("interest");
    TCase *tests = tcase_create("interest");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_test(tests, a_change_marks_exactly_the_watches_of_the_key);
    tcase_add_test(tests, a_removed_watch_is_not_marked);
    tcase_add_test(tests, watches_are_added_and_removed_in_any_order);
    tcase_add_test(tests, the_number_of_buckets_grows_with_the_watches);
    tcase_add_test(tests, interests_of_different_owners_are_distinct);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
