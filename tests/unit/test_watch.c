/* SPDX-License-Identifier: BSD-3-Clause */
/* watch: the interest of WATCH, which records that a key has changed. */
#include <stdlib.h>

#include "base/mem.h"
#include "checks.h"
#include "store/watch.h"

static struct watch on(struct slice key, unsigned db)
{
    return (struct watch){.interest = {.kind = &interest_watch, .hash = key.n, .key = key, .db = db}};
}

static const struct event set_event = {.class = EVENT_STRING, .name = "set"};
static const struct event expired_event = {.class = EVENT_EXPIRED, .name = "expired"};
static const struct event group_event = {.class = EVENT_STREAM, .unwatched = true, .name = "xsetid"};

static void report(struct interest_set *l, unsigned db, struct slice key, const struct event *event)
{
    interest_report(l, db, key.n, key, event);
}

static void mark(struct interest_set *l, unsigned db, struct slice key)
{
    report(l, db, key, &set_event);
}

START_TEST(removing_a_key_that_had_expired_at_watch_is_no_change)
{
    struct interest_set l = {0};
    struct watch knew = on(SLICE("a"), 0), did_not = on(SLICE("a"), 0);

    knew.was_expired = true;
    interest_add(&l, &knew.interest);
    interest_add(&l, &did_not.interest);
    report(&l, 0, SLICE("a"), &expired_event);
    ck_assert(did_not.changed && !knew.changed);
    /* The key was removed: a later one is new. */
    report(&l, 0, SLICE("a"), &expired_event);
    ck_assert(knew.changed);
    mem_free(l.buckets);
}
END_TEST

START_TEST(overwriting_an_expired_key_is_a_change)
{
    struct interest_set l = {0};
    struct watch knew = on(SLICE("a"), 0);

    knew.was_expired = true;
    interest_add(&l, &knew.interest);
    mark(&l, 0, SLICE("a"));
    ck_assert(knew.changed);
    mem_free(l.buckets);
}
END_TEST

START_TEST(a_change_that_watch_ignores_marks_nothing)
{
    struct interest_set l = {0};
    struct watch w = on(SLICE("a"), 0);

    interest_add(&l, &w.interest);
    report(&l, 0, SLICE("a"), &group_event);
    ck_assert(!w.changed);
    mem_free(l.buckets);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("watch");
    TCase *tests = tcase_create("watch");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_test(tests, removing_a_key_that_had_expired_at_watch_is_no_change);
    tcase_add_test(tests, overwriting_an_expired_key_is_a_change);
    tcase_add_test(tests, a_change_that_watch_ignores_marks_nothing);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
