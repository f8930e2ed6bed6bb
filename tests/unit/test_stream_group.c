/* SPDX-License-Identifier: BSD-3-Clause */
/* stream_group: random changes of groups, consumers and nacks against plain arrays; and the progress of groups. */

#include "account.h"
#include "checks.h"
#include "seed.h"
#include "streams.h"
#include "types/stream_group.h"
#include "types/stream_progress.h"

#define NAMES 12
#define IDS   400

/* The twin: an owner of each id in each group. */
struct twin {
    bool has_group[NAMES];
    bool has_consumer[NAMES][NAMES];
    int owner[NAMES][IDS]; /* -1: none */
    uint64_t count[NAMES][IDS];
};

static const char *const names[NAMES] = {"", "a", "ab", "a\xff", "b", "group", "grouq", "10", "9", "Z", "zz", "~"};

static struct slice name_of(size_t i)
{
    return slice_str(names[i]);
}

static struct stream_id id_of(size_t i)
{
    return (struct stream_id){100 + i / 3, i % 3};
}

static void forget(struct twin *t, size_t g, int consumer)
{
    for (size_t i = 0; i < IDS; i++)
        if (consumer < 0 || t->owner[g][i] == consumer)
            t->owner[g][i] = -1;
}

static size_t owned(const struct twin *t, size_t g, int consumer)
{
    size_t n = 0;

    for (size_t i = 0; i < IDS; i++)
        n += t->owner[g][i] >= 0 && (consumer < 0 || t->owner[g][i] == consumer);
    return n;
}

/* ---- compared ---- */

static void is_consumer(const struct stream_consumer *c, const struct twin *t, size_t g, int k)
{
    struct stream_pending_walk w;
    const struct stream_nack *n;

    ck_assert_uint_eq(c->pending.count, owned(t, g, k));
    stream_pending_walk_begin(&w, &c->pending, STREAM_ID_MIN);
    for (size_t i = 0; i < IDS; i++) {
        if (t->owner[g][i] != k)
            continue;
        n = stream_pending_walk_next(&w);
        ck_assert_ptr_nonnull(n);
        ck_assert_int_eq(stream_id_compare(n->id, id_of(i)), 0);
        ck_assert_ptr_eq(n->consumer, c);
        ck_assert_uint_eq(n->delivery_count, t->count[g][i]);
    }
}

static void is_group(const struct stream_group *g, const struct twin *t, size_t number)
{
    size_t consumers = 0;

    ck_assert_uint_eq(g->pending.count, owned(t, number, -1));
    for (size_t k = 0; k < NAMES; k++) {
        struct stream_consumer *c = stream_consumer_find(g, name_of(k));

        ck_assert((c != NULL) == t->has_consumer[number][k]);
        if (c == NULL)
            continue;
        consumers++;
        is_consumer(c, t, number, (int)k);
    }
    ck_assert_uint_eq(stream_consumer_count(g), consumers);
    for (size_t i = 1; i < consumers; i++)
        ck_assert_int_lt(slice_cmp(stream_consumer_at(g, i - 1)->name, stream_consumer_at(g, i)->name), 0);
}

static void is_same(const struct stream *s, const struct twin *t)
{
    size_t groups = 0, nacks = 0;

    for (size_t i = 0; i < NAMES; i++) {
        const struct stream_group *g = stream_group_find(s, name_of(i));

        ck_assert((g != NULL) == t->has_group[i]);
        if (g == NULL)
            continue;
        groups++;
        nacks += g->pending.count;
        is_group(g, t, i);
    }
    ck_assert_uint_eq(stream_group_count(s), groups);
    ck_assert_uint_eq(stream_large_count(s), nacks);
    for (size_t i = 1; i < groups; i++)
        ck_assert_int_lt(slice_cmp(stream_group_at(s, i - 1)->name, stream_group_at(s, i)->name), 0);
}

/* ---- steps ---- */

static void change_group(struct stream *s, struct twin *t, size_t i)
{
    struct stream_group *g = stream_group_find(s, name_of(i));

    if (g != NULL && seed_below(2)) {
        ck_assert_ptr_null(stream_group_add(s, name_of(i), STREAM_ID_MIN, 0));
        return;
    }
    t->has_group[i] = g == NULL;
    memset(t->has_consumer[i], 0, sizeof t->has_consumer[i]);
    forget(t, i, -1);
    if (g != NULL)
        stream_group_remove(s, g);
    else
        ck_assert_ptr_nonnull(stream_group_add(s, name_of(i), id_of(0), STREAM_READ_UNKNOWN));
}

static void change_consumer(struct stream_group *g, struct twin *t, size_t i, size_t k)
{
    struct stream_consumer *c = stream_consumer_find(g, name_of(k));

    if (c == NULL) {
        c = stream_consumer_add(g, name_of(k), 5);
        ck_assert(c->seen_time == 5 && c->active_time == -1);
    } else {
        ck_assert_ptr_null(stream_consumer_add(g, name_of(k), 5));
        ck_assert_uint_eq(stream_consumer_remove(g, c), owned(t, i, (int)k));
        forget(t, i, (int)k);
    }
    t->has_consumer[i][k] = !t->has_consumer[i][k];
}

static void change_nack(struct stream_group *g, struct twin *t, size_t i, size_t k)
{
    struct stream_consumer *c = stream_consumer_find(g, name_of(k));
    size_t id = seed_below(IDS);
    struct stream_nack *n = stream_pending_find(&g->pending, id_of(id));

    ck_assert((n != NULL) == (t->owner[i][id] >= 0));
    if (n != NULL && seed_below(2)) {
        stream_nack_remove(g, n);
        t->owner[i][id] = -1;
        return;
    }
    if (c == NULL)
        return;
    if (n == NULL)
        n = stream_nack_add(g, c, id_of(id), 1000);
    else
        stream_nack_give(n, c);
    t->owner[i][id] = (int)k;
    t->count[i][id] = n->delivery_count = seed_below(100);
}

static void step(struct stream *s, struct twin *t)
{
    size_t i = seed_below(NAMES), k = seed_below(NAMES);
    struct stream_group *g = stream_group_find(s, name_of(i));
    uint64_t what = seed_below(100);

    if (what < 2 || (g == NULL && what < 50))
        change_group(s, t, i);
    else if (g != NULL && what < 8)
        change_consumer(g, t, i, k);
    else if (g != NULL)
        change_nack(g, t, i, k);
}

START_TEST(groups_and_their_copies_agree_with_arrays)
{
    static struct twin t;

    seed_start("groups_and_their_copies_agree_with_arrays");
    for (int round = 0; round < 30; round++) {
        size_t before = mem_used();
        struct stream *s = stream_new(), *copy;

        t = (struct twin){0};
        memset(t.owner, -1, sizeof t.owner);
        for (int i = 0; i < 5000; i++) {
            step(s, &t);
            account_check(before, stream_large_bytes(s));
            if (i % 500 == 0)
                is_same(s, &t);
        }
        copy = stream_copy(s);
        free_stream(s);
        account_check(before, stream_large_bytes(copy));
        is_same(copy, &t);
        free_stream(copy);
        account_check(before, 0);
    }
}
END_TEST

/* ---- how far a group is ---- */

static void add(struct stream *s, uint64_t ms)
{
    const struct slice pair[] = {SLICE("field"), SLICE("value")};

    stream_append(s, (struct stream_id){ms, 0}, pair, 1, &(struct value_limits){.entries = 100});
}

static int64_t lag_of(const struct stream *s, const struct stream_group *g)
{
    int64_t lag;

    return stream_progress_lag(s, g, &lag) ? lag : -1;
}

START_TEST(a_group_that_reads_from_the_beginning_counts_its_reads)
{
    struct stream *s = stream_new();
    struct stream_group *g = stream_group_add(s, SLICE("g"), STREAM_ID_MIN, STREAM_READ_UNKNOWN);

    ck_assert_int_eq(lag_of(s, g), 0);
    for (uint64_t i = 1; i <= 5; i++)
        add(s, i);
    ck_assert_int_eq(lag_of(s, g), 5);
    stream_progress_deliver(s, g, (struct stream_id){1, 0});
    ck_assert_int_eq(g->entries_read, 1);
    stream_progress_deliver(s, g, (struct stream_id){2, 0});
    ck_assert_int_eq(g->entries_read, 2);
    ck_assert_int_eq(lag_of(s, g), 3);
    stream_progress_deliver(s, g, (struct stream_id){1, 0}); /* again: this changes nothing */
    ck_assert_int_eq(g->entries_read, 2);
    ck_assert_uint_eq(g->last.ms, 2);
    free_stream(s);
}
END_TEST

/* XDEL of one id. */
static bool remove_one(struct stream *s, struct stream_id id)
{
    struct stream_emptied emptied = {0};
    bool removed = stream_remove(s, id, &emptied);

    stream_remove_emptied(s, &emptied);
    return removed;
}

START_TEST(deleted_entries_ahead_make_the_lag_unknown_until_they_are_passed)
{
    struct stream *s = stream_new();
    struct stream_group *g = stream_group_add(s, SLICE("g"), STREAM_ID_MIN, 0);

    for (uint64_t i = 1; i <= 5; i++)
        add(s, i);
    remove_one(s, (struct stream_id){3, 0});
    ck_assert_int_eq(lag_of(s, g), -1);
    stream_progress_deliver(s, g, (struct stream_id){1, 0});
    ck_assert_int_eq(g->entries_read, STREAM_READ_UNKNOWN);
    stream_progress_deliver(s, g, (struct stream_id){5, 0});
    ck_assert_int_eq(g->entries_read, 5);
    ck_assert_int_eq(lag_of(s, g), 0);
    free_stream(s);
}
END_TEST

START_TEST(after_a_trim_only_the_entries_that_are_left_count)
{
    struct stream_trim how = {.length = 1};
    struct stream *s = stream_new();
    struct stream_group *g = stream_group_add(s, SLICE("g"), STREAM_ID_MIN, 0);

    for (uint64_t i = 1; i <= 5; i++)
        add(s, i);
    stream_progress_deliver(s, g, (struct stream_id){1, 0});
    stream_trim(s, &how);
    ck_assert_int_eq(lag_of(s, g), 1);
    stream_progress_deliver(s, g, (struct stream_id){5, 0});
    ck_assert_int_eq(g->entries_read, 5);
    ck_assert_int_eq(lag_of(s, g), 0);
    remove_one(s, (struct stream_id){5, 0});
    ck_assert_int_eq(lag_of(s, g), 0);
    free_stream(s);
}
END_TEST

START_TEST(a_client_that_sets_entries_read_too_high_sees_no_negative_lag)
{
    struct stream *s = stream_new();
    struct stream_group *g = stream_group_add(s, SLICE("g"), (struct stream_id){1, 0}, INT64_MAX);

    add(s, 1);
    ck_assert_int_eq(lag_of(s, g), 0);
    add(s, 2);
    stream_progress_deliver(s, g, (struct stream_id){2, 0});
    ck_assert_int_eq(g->entries_read, 2);
    ck_assert_int_eq(lag_of(s, g), 0);
    free_stream(s);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("stream_group");
    TCase *tests = tcase_create("stream_group");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_test(tests, groups_and_their_copies_agree_with_arrays);
    tcase_add_test(tests, a_group_that_reads_from_the_beginning_counts_its_reads);
    tcase_add_test(tests, deleted_entries_ahead_make_the_lag_unknown_until_they_are_passed);
    tcase_add_test(tests, after_a_trim_only_the_entries_that_are_left_count);
    tcase_add_test(tests, a_client_that_sets_entries_read_too_high_sees_no_negative_lag);
    tcase_set_timeout(tests, 60);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
