/* SPDX-License-Identifier: BSD-3-Clause */
/* stream_pending: random changes against a plain array, and walks meanwhile. */

#include "account.h"
#include "base/mem.h"
#include "checks.h"
#include "seed.h"
#include "types/stream_pending.h"

#define IDS 3000

/* A nack for each possible id, and which of them are in the set. */
struct twin {
    struct stream_nack nacks[IDS];
    bool is_in[IDS];
    size_t count;
};

static void twin_init(struct twin *t)
{
    *t = (struct twin){0};
    for (uint64_t i = 0; i < IDS; i++)
        t->nacks[i].id = (struct stream_id){i / 7, i % 7 == 6 ? UINT64_MAX : i % 7};
}

static size_t twin_next(const struct twin *t, size_t i)
{
    while (i < IDS && !t->is_in[i])
        i++;
    return i;
}

static void change(struct stream_pending *p, struct twin *t, size_t i, bool add)
{
    if (t->is_in[i] == add)
        return;
    t->is_in[i] = add;
    t->count += add ? 1 : -1;
    if (add)
        stream_pending_add(p, &t->nacks[i]);
    else
        stream_pending_remove(p, &t->nacks[i]);
}

static void is_same(const struct stream_pending *p, struct twin *t, size_t from)
{
    struct stream_pending_walk w;
    size_t first = twin_next(t, 0), last = IDS;

    while (last > 0 && !t->is_in[last - 1])
        last--;
    ck_assert_uint_eq(p->count, t->count);
    ck_assert_ptr_eq(stream_pending_first(p), first == IDS ? NULL : &t->nacks[first]);
    ck_assert_ptr_eq(stream_pending_last(p), last == 0 ? NULL : &t->nacks[last - 1]);
    ck_assert_ptr_eq(stream_pending_find(p, t->nacks[from].id), t->is_in[from] ? &t->nacks[from] : NULL);
    stream_pending_walk_begin(&w, p, t->nacks[from].id);
    for (size_t i = twin_next(t, from); i < IDS; i = twin_next(t, i + 1))
        ck_assert_ptr_eq(stream_pending_walk_next(&w), &t->nacks[i]);
    ck_assert_ptr_null(stream_pending_walk_next(&w));
    ck_assert_ptr_null(stream_pending_walk_next(&w));
}

START_TEST(random_changes_agree_with_an_array)
{
    static struct twin t;
    size_t bytes = 0, before = mem_used();
    struct stream_pending p;

    seed_start("random_changes_agree_with_an_array");
    twin_init(&t);
    stream_pending_init(&p, &bytes);
    for (int step = 0; step < 200000; step++) {
        bool grows = step / 20000 % 2 == 0;

        change(&p, &t, seed_below(IDS), seed_below(10) < (grows ? 8u : 2u));
        if (seed_below(200) == 0)
            is_same(&p, &t, seed_below(IDS));
        if (seed_below(50) == 0)
            account_check(before, bytes);
    }
    stream_pending_fini(&p);
    ck_assert_uint_eq(bytes, 0);
}
END_TEST

START_TEST(a_walk_continues_after_its_last_nack_whatever_changes)
{
    static struct twin t;
    struct stream_pending p;
    struct stream_pending_walk w;
    const struct stream_nack *n;
    size_t bytes = 0;

    seed_start("a_walk_continues_after_its_last_nack_whatever_changes");
    for (int round = 0; round < 200; round++) {
        size_t at = 0;

        twin_init(&t);
        stream_pending_init(&p, &bytes);
        for (size_t i = 0; i < IDS; i++)
            change(&p, &t, i, seed_below(3) == 0);
        stream_pending_walk_begin(&w, &p, STREAM_ID_MIN);
        while ((n = stream_pending_walk_next(&w)) != NULL) {
            size_t i = (size_t)(n - t.nacks);

            ck_assert_uint_eq(i, twin_next(&t, at));
            at = i + 1;
            if (seed_below(2))
                change(&p, &t, i, false);
            if (seed_below(4) == 0)
                change(&p, &t, seed_below(IDS), seed_below(2));
        }
        ck_assert_uint_eq(twin_next(&t, at), IDS);
        stream_pending_fini(&p);
    }
}
END_TEST

START_TEST(the_maximum_id_ends_a_walk)
{
    struct stream_nack last = {.id = STREAM_ID_MAX};
    struct stream_pending p;
    struct stream_pending_walk w;
    size_t bytes = 0;

    stream_pending_init(&p, &bytes);
    stream_pending_add(&p, &last);
    stream_pending_walk_begin(&w, &p, STREAM_ID_MIN);
    ck_assert_ptr_eq(stream_pending_walk_next(&w), &last);
    ck_assert_ptr_null(stream_pending_walk_next(&w));
    stream_pending_fini(&p);
}
END_TEST

START_TEST(ids_in_order_fill_their_chunks_and_removals_free_memory)
{
    enum { N = 100000 };
    struct stream_nack *nacks = mem_zalloc(N * sizeof *nacks);
    struct stream_pending p;
    size_t bytes = 0;

    stream_pending_init(&p, &bytes);
    for (uint64_t i = 0; i < N; i++) {
        nacks[i].id.ms = i + 1;
        stream_pending_add(&p, &nacks[i]);
    }
    ck_assert_uint_le(bytes, 9 * N);
    for (size_t i = 0; i < N; i++)
        if (i % 100 != 0)
            stream_pending_remove(&p, &nacks[i]);
    ck_assert_uint_le(bytes, 32 * N / 100);
    stream_pending_fini(&p);
    mem_free(nacks);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("stream_pending");
    TCase *tests = tcase_create("stream_pending");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_test(tests, random_changes_agree_with_an_array);
    tcase_add_test(tests, a_walk_continues_after_its_last_nack_whatever_changes);
    tcase_add_test(tests, the_maximum_id_ends_a_walk);
    tcase_add_test(tests, ids_in_order_fill_their_chunks_and_removals_free_memory);
    tcase_set_timeout(tests, 60);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
