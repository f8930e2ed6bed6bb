/* SPDX-License-Identifier: BSD-3-Clause */
/* list_large and its chunks: what the model test of lists does not check. */
#include <stdlib.h>

#include "account.h"
#include "base/num.h"
#include "base/slab.h"
#include "checks.h"
#include "types/list_large.h"

static const struct list_limit limit = {4096, SIZE_MAX, 4097};

static struct list_large *made(size_t n)
{
    struct flat none = FLAT_EMPTY;
    struct list_large *l = list_large_new(&none, -1);
    char digits[NUM_I64_MAX];

    for (size_t i = 0; i < n; i++) {
        struct listpack_word w = listpack_word(slice_of(digits, num_format_u64(digits, 1000000 + i)));

        list_large_push(l, false, &w, &limit);
    }
    return l;
}

/* Whether the element with this index is the number 1000000 + v. */
static bool is(const struct list_large *l, size_t index, int64_t v)
{
    struct list_place p = list_large_find(l, index);
    struct flat f = list_chunk_flat(list_large_chunk(l, p.chunk));
    int64_t number;

    return listpack_get_number(&f, p.at, &number) && number == 1000000 + v;
}

/* ---- chunks ---- */

START_TEST(pushes_and_pops_at_the_ends_move_no_other_elements)
{
    struct listpack_word w = listpack_word(SLICE("an element"));
    struct list_chunk c = list_chunk_of(&w, false);
    const char *block, *last;

    while (list_chunk_fits(&c, listpack_bytes_of(&w), 1, &limit))
        list_chunk_push(&c, false, &w, &limit);
    block = c.block;
    last = c.block + c.begin + c.bytes;
    for (int i = 0; i < 40; i++)
        list_chunk_remove(&c, LISTPACK_HEADER, 1);
    for (int i = 0; i < 40; i++)
        list_chunk_push(&c, true, &w, &limit);
    ck_assert_ptr_eq(c.block, block);
    ck_assert_ptr_eq(c.block + c.begin + c.bytes, last);
    list_chunk_free(&c);
}
END_TEST

START_TEST(room_grows_by_doubling_and_not_beyond_the_limit)
{
    struct listpack_word w = listpack_word(SLICE("an element"));

    for (int front = 0; front < 2; front++) {
        struct list_chunk c = list_chunk_of(&w, front);
        unsigned blocks = 0;

        for (const char *block = c.block; list_chunk_fits(&c, listpack_bytes_of(&w), 1, &limit);) {
            list_chunk_push(&c, front, &w, &limit);
            blocks += c.block != block;
            block = c.block;
        }
        ck_assert_uint_le(blocks, 10);
        ck_assert_uint_eq(c.room, mem_usable_size(limit.bytes));
        list_chunk_free(&c);
    }
}
END_TEST

START_TEST(a_chunk_that_is_mostly_empty_shrinks)
{
    struct listpack_word w = listpack_word(SLICE("an element"));
    struct list_chunk c = list_chunk_of(&w, false);

    for (int i = 1; i < 300; i++)
        list_chunk_push(&c, false, &w, &limit);
    list_chunk_remove(&c, LISTPACK_HEADER, 290);
    ck_assert_uint_le(c.room, 2 * c.bytes + 64);
    list_chunk_free(&c);
}
END_TEST

START_TEST(split_chunks_are_joined_again)
{
    struct flat before, after;
    struct list_large *l = made(300);
    struct list_chunk *c = list_large_chunk(l, 0), behind;
    char *copy;

    before = list_chunk_flat(c);
    copy = mem_alloc(before.n);
    memcpy(copy, before.p, before.n);
    behind = list_chunk_split(c, listpack_at(&before, 100), 100);
    ck_assert_uint_eq(c->count, 100);
    ck_assert_uint_eq(behind.count, 200);
    list_chunk_join(c, &behind);
    after = list_chunk_flat(c);
    ck_assert(slice_eq(flat_slice(&after), slice_of(copy, before.n)));
    mem_free(copy);
    list_large_free(l);
}
END_TEST

/* ---- the row ---- */

START_TEST(elements_are_found_from_either_end)
{
    struct list_large *l = made(20000);

    ck_assert_uint_ge(l->chunks.used, 20);
    for (size_t i = 0; i < 20000; i += 7)
        ck_assert(is(l, i, (int64_t)i));
    ck_assert(is(l, 19999, 19999));
    list_large_free(l);
}
END_TEST

START_TEST(the_array_shrinks_when_most_chunks_are_removed)
{
    struct list_large *l = made(100000);
    size_t room = l->chunks.room;

    list_large_remove(l, 10, 99900);
    ck_assert_uint_lt(l->chunks.room, room / 4);
    ck_assert(is(l, 9, 9) && is(l, 10, 99910));
    list_large_free(l);
}
END_TEST

START_TEST(a_queue_does_not_make_the_array_grow)
{
    struct listpack_word w = listpack_word(SLICE("1000000"));
    struct list_large *l = made(10000);
    size_t room = 0;

    for (unsigned i = 0; i < 500000; i++) {
        list_large_push(l, false, &w, &limit);
        list_large_remove(l, 0, 1);
        if (i == 100000)
            room = l->chunks.room;
    }
    ck_assert_uint_le(l->chunks.room, room);
    ck_assert_uint_eq(l->count, 10000);
    list_large_free(l);
}
END_TEST

START_TEST(an_insertion_in_the_middle_keeps_the_order_and_removals_join_no_chunks)
{
    struct listpack_word w = listpack_word(SLICE("here"));
    struct list_large *l = made(2000);

    list_large_insert(l, list_large_find(l, 1000), false, &w, &limit);
    ck_assert(is(l, 999, 999) && is(l, 1001, 1000));
    list_large_remove(l, 1000, 1);
    ck_assert(is(l, 1000, 1000));
    list_large_remove(l, 1, 1998);
    ck_assert_uint_eq(l->chunks.used, 2);
    ck_assert(is(l, 0, 0) && is(l, 1, 1999));
    list_large_free(l);
}
END_TEST

/* The numbers of elements in the chunks, as digits. */
static const char *counts(const struct list_large *l)
{
    static char digits[64];
    size_t n = l->chunks.used;

    must(n < sizeof digits);
    for (size_t i = 0; i < n; i++)
        digits[i] = (char)('0' + list_large_chunk(l, i)->count);
    digits[n] = 0;
    return digits;
}

static struct list_place at(const struct list_large *l, size_t index)
{
    return list_large_find(l, index);
}

START_TEST(elements_are_divided_as_in_redis)
{
    static const struct list_limit three = {8192, 3, 8193};
    struct flat none = FLAT_EMPTY;
    struct listpack_word w = listpack_word(SLICE("w"));
    struct list_large *l = list_large_new(&none, 3);

    for (int i = 0; i < 8; i++)
        list_large_push(l, false, &w, &three);
    ck_assert_str_eq(counts(l), "332");
    list_large_insert(l, at(l, 5), true, &w, &three); /* after the last of a full chunk: into the next one */
    ck_assert_str_eq(counts(l), "333");
    list_large_insert(l, at(l, 5), true, &w, &three);
    ck_assert_str_eq(counts(l), "3313");
    list_large_insert(l, at(l, 3), false, &w, &three); /* before the first: a chunk, as the one before is full */
    ck_assert_str_eq(counts(l), "31313");
    list_large_remove(l, 0, 2);
    ck_assert_str_eq(counts(l), "11313");
    list_large_insert(l, at(l, 3), true, &w, &three); /* splits 3 into 2 and 1 + 1; joins the two before */
    ck_assert_str_eq(counts(l), "2233");
    list_large_free(l);
}
END_TEST

START_TEST(a_large_element_is_alone_in_a_plain_chunk)
{
    static const struct list_limit three = {8192, 3, 5};
    struct flat none = FLAT_EMPTY;
    struct listpack_word w = listpack_word(SLICE("w")), large = listpack_word(SLICE("large"));
    struct list_large *l = list_large_new(&none, 3);

    for (int i = 0; i < 6; i++)
        list_large_push(l, false, &w, &three);
    list_large_replace(l, at(l, 1), &large, &three);
    ck_assert_str_eq(counts(l), "1113");
    ck_assert(list_large_chunk(l, 1)->plain);
    list_large_push(l, true, &large, &three);
    list_large_push(l, true, &w, &three);
    ck_assert_str_eq(counts(l), "111113");
    list_large_insert(l, at(l, 6), false, &large, &three);
    ck_assert_str_eq(counts(l), "11111112");
    list_large_replace(l, at(l, 6), &w, &three); /* no longer large: joins the next chunk */
    ck_assert_str_eq(counts(l), "1111113");
    ck_assert_uint_eq(l->count, 9);
    list_large_free(l);
}
END_TEST

START_TEST(replacements_do_not_make_a_chunk_grow_without_bound)
{
    static const struct list_limit many = {4096, 4096, 4097};
    struct list_large *l = made(2000);
    struct listpack_word w;
    char text[4000];

    memset(text, 'x', sizeof text);
    w = listpack_word(slice_of(text, sizeof text));
    for (size_t i = 0; i < 400; i++)
        list_large_replace(l, at(l, i), &w, &many);
    for (size_t i = 0; i < l->chunks.used; i++)
        ck_assert_uint_le(list_large_chunk(l, i)->bytes, LIST_OVERFULL * many.bytes + sizeof text);
    ck_assert(is(l, 400, 400));
    ck_assert_uint_eq(l->count, 2000);
    list_large_free(l);
}
END_TEST

START_TEST(bytes_are_those_of_the_blocks)
{
    size_t before = mem_used();
    struct list_large *l = made(20000);
    size_t bytes = mem_usable_size(sizeof *l) + mem_usable_size(l->chunks.room * sizeof(struct list_chunk));

    for (size_t i = 0; i < l->chunks.used; i++)
        bytes += slab_usable_size(list_large_chunk(l, i)->room);
    ck_assert_uint_eq(list_large_bytes(l), bytes);
    account_check(before, bytes);
    list_large_free(l);
    account_check(before, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("list_large");
    TCase *tests = tcase_create("list_large");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_test(tests, pushes_and_pops_at_the_ends_move_no_other_elements);
    tcase_add_test(tests, room_grows_by_doubling_and_not_beyond_the_limit);
    tcase_add_test(tests, a_chunk_that_is_mostly_empty_shrinks);
    tcase_add_test(tests, split_chunks_are_joined_again);
    tcase_add_test(tests, elements_are_found_from_either_end);
    tcase_add_test(tests, the_array_shrinks_when_most_chunks_are_removed);
    tcase_add_test(tests, a_queue_does_not_make_the_array_grow);
    tcase_add_test(tests, an_insertion_in_the_middle_keeps_the_order_and_removals_join_no_chunks);
    tcase_add_test(tests, elements_are_divided_as_in_redis);
    tcase_add_test(tests, a_large_element_is_alone_in_a_plain_chunk);
    tcase_add_test(tests, replacements_do_not_make_a_chunk_grow_without_bound);
    tcase_add_test(tests, bytes_are_those_of_the_blocks);
    tcase_set_timeout(tests, 60);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
