/* SPDX-License-Identifier: BSD-3-Clause */
/* list: a sequence in one listpack or in an array of them. */
#include <stdlib.h>

#include "account.h"
#include "checks.h"
#include "seed.h"
#include "types/list.h"
#include "types/list_large.h"

/* ---- a naive twin: an array of strings ---- */

#define TWIN_MAX 20000

struct text {
    char *p;
    size_t n;
};

static struct text twin[TWIN_MAX];
static size_t twin_count;

static struct text copied(struct slice s)
{
    struct text t = {malloc(s.n + 1), s.n};

    memcpy(t.p, s.p, s.n);
    return t;
}

static void twin_insert(size_t i, struct slice s)
{
    memmove(&twin[i + 1], &twin[i], (twin_count - i) * sizeof *twin);
    twin[i] = copied(s);
    twin_count++;
}

static void twin_remove(size_t i)
{
    free(twin[i].p);
    twin_count--;
    memmove(&twin[i], &twin[i + 1], (twin_count - i) * sizeof *twin);
}

static struct slice twin_at(size_t i)
{
    return slice_of(twin[i].p, twin[i].n);
}

static void twin_clear(void)
{
    while (twin_count > 0)
        twin_remove(twin_count - 1);
}

/* ---- what must hold of any list ---- */

static struct value new_list(int fill)
{
    return value_new((struct value_limits){.fill = fill});
}

static void end_list(struct value *v)
{
    if (v->form == VALUE_LARGE)
        list_large_free(v->large);
    mem_free(v->flat.p);
}

static bool same(struct slice a, struct slice b)
{
    return slice_eq(a, b);
}

/* Walks in both directions equal the twin. */
static void compare(const struct value *v)
{
    struct list_walk w;
    bool agree = true;
    struct slice s;

    ck_assert_uint_eq(list_count(v), twin_count);
    ck_assert(value_is_empty(v) == (twin_count == 0));
    list_walk_begin(&w, v, 0);
    for (size_t i = 0; i < twin_count && agree; i++)
        agree = w.index == (int64_t)i && list_walk_next(&w, &s) && same(s, twin_at(i));
    ck_assert(agree);
    ck_assert(!list_walk_next(&w, &s));
    list_walk_begin(&w, v, -1);
    for (size_t i = twin_count; i-- > 0 && agree;)
        agree = list_walk_back(&w, &s) && same(s, twin_at(i));
    ck_assert(agree);
    ck_assert(!list_walk_back(&w, &s));
}

/* A chunk of several elements may exceed the limit: by the lengths around the last element when a flat list becomes
 * large, and far by replacements. */
static void check_chunks(const struct value *v, size_t bytes, size_t count)
{
    const struct list_large *l = v->large;
    bool sound = true;
    size_t all = 0, n;

    if (v->form != VALUE_LARGE)
        return;
    ck_assert_uint_ge(l->chunks.used, 1);
    for (size_t i = 0; i < l->chunks.used && sound; i++) {
        const struct list_chunk *c = list_large_chunk(l, i);
        struct flat f = list_chunk_flat(c);

        sound = listpack_is_valid(flat_slice(&f), &n) && n == c->count && n > 0 &&
                (n == 1 || (!c->plain && c->bytes <= (LIST_OVERFULL + 1) * bytes && n <= count)) &&
                c->begin + c->bytes <= c->room;
        all += n;
    }
    ck_assert(sound);
    ck_assert_uint_eq(all, l->count);
}

/* ---- a random list and its model ---- */

/* A number, a short string, or sometimes a long one. Borrowed until the next call. */
static struct slice random_element(void)
{
    static char p[12000];
    uint64_t kind = seed_below(100);
    size_t n;

    if (kind < 30)
        return slice_of(p, num_format_i64(p, (int64_t)(seed_u64() >> seed_below(64))));
    n = kind < 60 ? seed_below(3) : kind < 98 ? seed_below(100) : kind < 99 ? seed_below(1000) : seed_below(sizeof p);
    memset(p, (int)('a' + seed_below(3)), n);
    return slice_of(p, n);
}

static void random_push(struct value *v)
{
    struct slice s = random_element();
    bool front = seed_below(2);

    list_push(v, front, s);
    twin_insert(front ? 0 : twin_count, s);
}

static void random_set(struct value *v)
{
    struct slice s = random_element();
    int64_t index = (int64_t)seed_below(2 * twin_count + 2) - (int64_t)twin_count - 1;
    int64_t at = index < 0 ? index + (int64_t)twin_count : index;
    bool there = at >= 0 && at < (int64_t)twin_count;

    ck_assert(list_set(v, index, s) == there);
    if (there) {
        free(twin[at].p);
        twin[at] = copied(s);
    }
}

static void random_insert(struct value *v)
{
    struct text s = copied(random_element());
    struct slice pivot = seed_below(4) ? twin_at(seed_below(twin_count)) : random_element();
    bool behind = seed_below(2);
    size_t i = 0;

    while (i < twin_count && !same(twin_at(i), pivot))
        i++;
    ck_assert(list_insert(v, behind, pivot, slice_of(s.p, s.n)) == (i < twin_count));
    if (i < twin_count)
        twin_insert(i + behind, slice_of(s.p, s.n));
    free(s.p);
}

static void random_remove(struct value *v)
{
    size_t start = seed_below(twin_count);
    size_t n = 1 + seed_below(seed_below(10) ? 3 : twin_count - start);

    if (n > twin_count - start)
        n = twin_count - start;
    if (seed_below(2))
        start = seed_below(2) ? 0 : twin_count - n;
    list_remove(v, start, n);
    while (n-- > 0)
        twin_remove(start);
}

static void random_remove_equal(struct value *v)
{
    struct text s = copied(seed_below(4) ? twin_at(seed_below(twin_count)) : random_element());
    size_t n = seed_below(3) ? 1 + seed_below(3) : SIZE_MAX, gone = 0;
    bool last = seed_below(2);

    for (size_t i = 0, at = last ? twin_count : 0; i < twin_count + gone && gone < n; i++) {
        at -= last;
        if (same(twin_at(at), slice_of(s.p, s.n))) {
            twin_remove(at);
            gone++;
        } else {
            at += !last;
        }
    }
    ck_assert_uint_eq(list_remove_equal(v, slice_of(s.p, s.n), n, last), gone);
    free(s.p);
}

static void random_rotate(struct value *v)
{
    bool from = seed_below(2), to = seed_below(2);
    struct text s = copied(twin_at(from ? 0 : twin_count - 1));

    list_rotate(v, from, to);
    twin_remove(from ? 0 : twin_count - 1);
    twin_insert(to ? 0 : twin_count, slice_of(s.p, s.n));
    free(s.p);
}

static void random_find(const struct value *v)
{
    struct slice s = seed_below(4) ? twin_at(seed_below(twin_count)) : random_element();
    struct listpack_word word = listpack_word(s);
    bool back = seed_below(2);
    uint64_t most = seed_below(2) ? seed_below(twin_count + 2) : UINT64_MAX, left = most, looked = 0;
    struct list_walk w;
    int64_t index;

    list_walk_begin(&w, v, back ? -1 : 0);
    for (size_t i = 0; i < twin_count && looked < most; i++) {
        size_t at = back ? twin_count - 1 - i : i;

        looked++;
        if (!same(twin_at(at), s))
            continue;
        ck_assert(list_walk_find(&w, back, &word, &left, &index));
        ck_assert_int_eq(index, (int64_t)at);
        ck_assert_uint_eq(left, most - looked);
    }
    ck_assert(!list_walk_find(&w, back, &word, &left, &index));
}

/* grow: how many of a hundred changes add elements. */
static void random_step(struct value *v, unsigned grow)
{
    static void (*const changes[])(struct value * v) = {
        random_set, random_remove, random_remove_equal, random_rotate, random_remove,
    };

    if (twin_count == 0 || seed_below(100) < grow) {
        if (twin_count > 0 && seed_below(3) == 0)
            random_insert(v);
        else
            random_push(v);
        return;
    }
    changes[seed_below(sizeof changes / sizeof *changes)](v);
}

static void model(int fill, size_t bytes, size_t count)
{
    struct value v = new_list(fill);
    size_t before = mem_used();

    for (unsigned step = 0; step < 2000; step++) {
        random_step(&v, step / 500 % 2 ? 55 : 90);
        account_check_value(before, &v, list_large_bytes);
        if (step % 10 == 0) {
            check_chunks(&v, bytes, count);
            if (twin_count > 0)
                random_find(&v);
            compare(&v);
        }
    }
    while (twin_count > 0) {
        random_remove(&v);
        account_check_value(before, &v, list_large_bytes);
        check_chunks(&v, bytes, count);
    }
    compare(&v);
    end_list(&v);
    account_check(before, 0);
}

START_TEST(random_changes_agree_with_an_array)
{
    static const struct {
        int fill;
        size_t bytes, count;
    } limits[] = {
        {-1, 4096, SIZE_MAX}, {-2, 8192, SIZE_MAX}, {-5, 65536, SIZE_MAX}, {-9, 65536, SIZE_MAX}, {0, 8192, 1},
        {1, 8192, 1},         {2, 8192, 2},         {5, 8192, 5},          {128, 8192, 128},
    };

    seed_start("random_changes_agree_with_an_array");
    model(limits[_i].fill, limits[_i].bytes, limits[_i].count);
    twin_clear();
}
END_TEST

/* ---- forms ---- */

static void push_times(struct value *v, size_t n, struct slice s)
{
    while (n-- > 0)
        list_push(v, false, s);
}

START_TEST(a_list_is_flat_up_to_the_limit_and_large_beyond_it)
{
    struct value v = new_list(3);

    push_times(&v, 3, SLICE("x"));
    ck_assert_int_eq(v.form, VALUE_LISTPACK);
    push_times(&v, 1, SLICE("x"));
    ck_assert_int_eq(v.form, VALUE_LARGE);
    ck_assert_uint_eq(list_shape(&v).chunks, 2);
    end_list(&v);
}
END_TEST

START_TEST(a_large_list_is_flat_again_at_half_the_limit)
{
    struct value v = new_list(4);

    push_times(&v, 5, SLICE("x"));
    list_remove(&v, 0, 3);
    ck_assert_int_eq(v.form, VALUE_LARGE); /* one element in each of two chunks */
    list_remove(&v, 1, 1);
    ck_assert_int_eq(v.form, VALUE_LISTPACK);
    end_list(&v);
    v = new_list(4);
    push_times(&v, 5, SLICE("x"));
    list_remove(&v, 4, 1);
    list_remove(&v, 0, 1);
    ck_assert_int_eq(v.form, VALUE_LARGE);
    list_remove(&v, 0, 1);
    ck_assert_int_eq(v.form, VALUE_LISTPACK);
    end_list(&v);
}
END_TEST

START_TEST(an_element_beyond_the_limit_has_a_chunk_of_its_own)
{
    struct value v = new_list(-1);
    char big[5000];

    memset(big, 'b', sizeof big);
    list_push(&v, false, slice_of(big, sizeof big));
    ck_assert_int_eq(v.form, VALUE_LARGE);
    list_push(&v, true, SLICE("a"));
    list_push(&v, false, SLICE("c"));
    ck_assert_uint_eq(list_shape(&v).chunks, 3);
    list_remove(&v, 1, 1);
    ck_assert_int_eq(v.form, VALUE_LARGE); /* two chunks */
    list_remove(&v, 0, 1);
    ck_assert_int_eq(v.form, VALUE_LISTPACK);
    end_list(&v);
}
END_TEST

START_TEST(a_list_of_one_plain_chunk_stays_large)
{
    struct value v = new_list(8);
    char big[9000];

    memset(big, 'b', sizeof big);
    list_push(&v, false, slice_of(big, sizeof big));
    list_push(&v, false, SLICE("a"));
    list_remove(&v, 1, 1);
    ck_assert_int_eq(v.form, VALUE_LARGE);
    list_set(&v, 0, SLICE("a"));
    ck_assert_int_eq(v.form, VALUE_LISTPACK);
    end_list(&v);
}
END_TEST

START_TEST(a_large_list_keeps_the_limit_of_its_chunks)
{
    struct value v = new_list(3);

    push_times(&v, 4, SLICE("x"));
    v.limits.fill = 100;
    push_times(&v, 3, SLICE("x"));
    ck_assert_uint_eq(list_shape(&v).chunks, 3);
    list_remove(&v, 0, 4);
    ck_assert_uint_eq(list_shape(&v).chunks, 2);
    list_remove(&v, 0, 2);
    ck_assert_int_eq(v.form, VALUE_LISTPACK);
    end_list(&v);
}
END_TEST

START_TEST(a_complete_list_becomes_small_up_to_the_limit)
{
    struct value v = new_list(4);

    list_begin_large(&v);
    push_times(&v, 4, SLICE("x"));
    ck_assert_int_eq(v.form, VALUE_LARGE);
    list_choose_form(&v);
    ck_assert_int_eq(v.form, VALUE_LISTPACK);
    end_list(&v);
    v = new_list(4);
    list_begin_large(&v);
    push_times(&v, 5, SLICE("x"));
    list_choose_form(&v);
    ck_assert_int_eq(v.form, VALUE_LARGE);
    end_list(&v);
}
END_TEST

START_TEST(elements_pushed_together_are_compared_with_the_limit_together)
{
    struct slice s[] = {SLICE("1"), SLICE("2"), SLICE("3")};
    struct value v = new_list(2);

    list_push_all(&v, false, s, 2);
    ck_assert_int_eq(v.form, VALUE_LISTPACK);
    end_list(&v);
    v = new_list(2);
    list_push_all(&v, false, s, 3);
    ck_assert_int_eq(v.form, VALUE_LARGE);
    ck_assert_uint_eq(list_shape(&v).chunks, 2);
    end_list(&v);
}
END_TEST

START_TEST(rotating_keeps_the_form_of_a_list_at_its_limit)
{
    struct value v = new_list(2);

    push_times(&v, 2, SLICE("x"));
    list_rotate(&v, true, false);
    ck_assert_int_eq(v.form, VALUE_LISTPACK);
    end_list(&v);
}
END_TEST

START_TEST(a_copy_of_a_large_list_is_independent)
{
    struct value v = new_list(-1), copy = new_list(-1);

    push_times(&v, 5000, SLICE("element"));
    value_enlarge(&copy, list_large_copy(v.large));
    list_remove(&v, 0, 4999);
    ck_assert_uint_eq(list_large_count(copy.large), 5000);
    check_chunks(&copy, 4096, SIZE_MAX);
    end_list(&v);
    end_list(&copy);
}
END_TEST

/* ---- bytes ---- */

START_TEST(a_long_list_takes_1_percent_more_than_its_listpacks)
{
    const size_t n = 100000;

    for (int front = 0; front < 2; front++) {
        struct value v = new_list(-2);

        for (size_t i = 0; i < n; i++)
            list_push(&v, front, SLICE("sixteen bytes ..."));
        ck_assert_uint_le(list_large_bytes(v.large), n * 19 + n * 19 / 100 + 8192);
        end_list(&v);
    }
}
END_TEST

START_TEST(a_queue_keeps_no_memory_for_elements_that_were_popped)
{
    struct value v = new_list(-2);

    push_times(&v, 1000, SLICE("sixteen bytes ..."));
    for (size_t i = 0; i < 100000; i++) {
        push_times(&v, 1, SLICE("sixteen bytes ..."));
        list_remove(&v, 0, 1);
    }
    ck_assert_uint_eq(list_count(&v), 1000);
    ck_assert_uint_le(list_large_bytes(v.large), 5 * 8192);
    end_list(&v);
}
END_TEST

START_TEST(scattered_removals_leave_no_unused_room)
{
    struct value v = new_list(-2);
    char digits[NUM_I64_MAX];

    for (int64_t i = 0; i < 50000; i++)
        list_push(&v, false, slice_of(digits, num_format_i64(digits, i % 20)));
    for (int64_t i = 1; i < 20; i++)
        list_remove_equal(&v, slice_of(digits, num_format_i64(digits, i)), SIZE_MAX, false);
    ck_assert_uint_eq(list_count(&v), 2500);
    ck_assert_uint_le(list_large_bytes(v.large), 3 * list_shape(&v).bytes);
    end_list(&v);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("list");
    TCase *tests = tcase_create("list");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_loop_test(tests, random_changes_agree_with_an_array, 0, 9);
    tcase_add_test(tests, a_list_is_flat_up_to_the_limit_and_large_beyond_it);
    tcase_add_test(tests, a_large_list_is_flat_again_at_half_the_limit);
    tcase_add_test(tests, an_element_beyond_the_limit_has_a_chunk_of_its_own);
    tcase_add_test(tests, a_list_of_one_plain_chunk_stays_large);
    tcase_add_test(tests, a_large_list_keeps_the_limit_of_its_chunks);
    tcase_add_test(tests, a_complete_list_becomes_small_up_to_the_limit);
    tcase_add_test(tests, elements_pushed_together_are_compared_with_the_limit_together);
    tcase_add_test(tests, rotating_keeps_the_form_of_a_list_at_its_limit);
    tcase_add_test(tests, a_copy_of_a_large_list_is_independent);
    tcase_add_test(tests, a_long_list_takes_1_percent_more_than_its_listpacks);
    tcase_add_test(tests, a_queue_keeps_no_memory_for_elements_that_were_popped);
    tcase_add_test(tests, scattered_removals_leave_no_unused_room);
    tcase_set_timeout(tests, 120);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
