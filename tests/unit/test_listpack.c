/* SPDX-License-Identifier: BSD-3-Clause */
/* listpack: a sequence of strings and integers in one run of bytes. */
#include <stdlib.h>

#include "base/mem.h"
#include "checks.h"
#include "seed.h"
#include "types/listpack.h"

#define ITEMS_MOST 200
#define ITEM_BYTES 5000

static struct flat made(void)
{
    struct flat f = FLAT_EMPTY;

    listpack_init(&f);
    return f;
}

static struct slice get(const struct flat *f, int64_t index)
{
    static struct listpack_digits d;
    size_t at = listpack_at(f, index);

    ck_assert_uint_ne(at, 0);
    return listpack_get(f, at, &d);
}

static bool is_valid(const struct flat *f)
{
    size_t count;

    return listpack_is_valid(flat_slice(f), &count) && count == listpack_count(f);
}

START_TEST(an_empty_listpack_is_seven_bytes_and_has_no_first_element)
{
    struct flat f = made();

    ck_assert(slice_eq(flat_slice(&f), SLICE("\x07\0\0\0\0\0\xff")));
    ck_assert_uint_eq(listpack_count(&f), 0);
    ck_assert_uint_eq(listpack_first(&f), 0);
    ck_assert_uint_eq(listpack_last(&f), 0);
    ck_assert_uint_eq(listpack_at(&f, 0), 0);
    ck_assert_uint_eq(listpack_at(&f, -1), 0);
    flat_fini(&f);
}
END_TEST

/* What Redis 7.0 dumps of RPUSH k a 1 -1 4095 70000 -9223372036854775808, without the frame of the dump. */
START_TEST(the_bytes_are_those_of_redis)
{
    struct flat f = made();

    listpack_append(&f, SLICE("a"));
    listpack_append(&f, SLICE("1"));
    listpack_append(&f, SLICE("-1"));
    listpack_append(&f, SLICE("4095"));
    listpack_append(&f, SLICE("70000"));
    listpack_append(&f, SLICE("-9223372036854775808"));
    ck_assert(slice_eq(flat_slice(&f), SLICE("\x21\0\0\0\x06\0"
                                             "\x81" "a\x02" "\x01\x01" "\xdf\xff\x02" "\xcf\xff\x02"
                                             "\xf2\x70\x11\x01\x04" "\xf4\0\0\0\0\0\0\0\x80\x09" "\xff")));
    flat_fini(&f);
}
END_TEST

START_TEST(numbers_of_every_width_come_back_as_the_same_digits)
{
    for (int bit = 0; bit < 64; bit++)
        for (int64_t near = -2; near <= 2; near++)
            for (int sign = -1; sign <= 1; sign += 2) {
                struct flat f = made();
                int64_t v = (int64_t)(((uint64_t)1 << bit) * (uint64_t)sign + (uint64_t)near), back;
                char text[NUM_I64_MAX];
                struct slice s = slice_of(text, num_format_i64(text, v));

                listpack_append(&f, s);
                ck_assert(listpack_get_number(&f, listpack_first(&f), &back));
                ck_assert_int_eq(back, v);
                ck_assert(slice_eq(get(&f, 0), s));
                ck_assert(is_valid(&f));
                flat_fini(&f);
            }
}
END_TEST

START_TEST(what_only_looks_like_a_number_stays_a_string)
{
    static const char *const words[] = {"01", "+1", "-0", " 1", "1 ", "1.0", "9223372036854775808", "-", ""};
    struct flat f = made();
    int64_t v;

    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        size_t at = listpack_append(&f, slice_str(words[i]));

        ck_assert(!listpack_get_number(&f, at, &v));
        ck_assert(slice_eq(get(&f, -1), slice_str(words[i])));
    }
    flat_fini(&f);
}
END_TEST

START_TEST(a_search_can_skip_the_second_of_each_pair)
{
    struct listpack_word b = listpack_word(SLICE("b")), seven = listpack_word(SLICE("7"));
    struct flat f = made();
    size_t at;

    listpack_append(&f, SLICE("a"));
    listpack_append(&f, SLICE("b"));
    at = listpack_append(&f, SLICE("b"));
    listpack_append(&f, SLICE("7"));
    ck_assert_uint_eq(listpack_find(&f, listpack_first(&f), &b, 1), at);
    ck_assert_uint_eq(listpack_find(&f, listpack_first(&f), &seven, 1), 0);
    ck_assert_uint_ne(listpack_find(&f, listpack_first(&f), &seven, 0), 0);
    flat_fini(&f);
}
END_TEST

START_TEST(more_elements_than_fit_the_header_are_counted)
{
    struct flat f = made(), part = made();

    for (int i = 0; i < 7000; i++)
        listpack_append(&part, SLICE("x"));
    for (int i = 0; i < 10; i++)
        listpack_append_tail(&f, &part, listpack_first(&part), 7000);
    flat_fini(&part);
    ck_assert_uint_eq(listpack_count(&f), 70000);
    ck_assert_uint_eq(listpack_remove(&f, listpack_first(&f), 69999), LISTPACK_HEADER);
    ck_assert_uint_eq(listpack_count(&f), 1);
    ck_assert_uint_eq(listpack_at(&f, 0), listpack_at(&f, -1));
    flat_fini(&f);
}
END_TEST

/* A plain array of strings. */
struct twin {
    struct slice items[ITEMS_MOST];
    size_t n;
};

static struct slice random_item(void)
{
    static char bytes[ITEM_BYTES];
    size_t n;

    if (seed_below(2) == 0)
        return slice_of(bytes, num_format_i64(bytes, (int64_t)seed_u64() >> seed_below(64)));
    n = seed_below(8) == 0 ? seed_below(ITEM_BYTES) : seed_below(80);
    seed_bytes(bytes, n);
    return slice_of(bytes, n);
}

static struct slice copy(struct slice s)
{
    return slice_of(mem_strndup(s.p, s.n), s.n);
}

static void twin_insert(struct twin *t, size_t i, struct slice s)
{
    memmove(t->items + i + 1, t->items + i, (t->n - i) * sizeof *t->items);
    t->items[i] = copy(s);
    t->n++;
}

static void twin_remove(struct twin *t, size_t i, size_t n)
{
    for (size_t k = i; k < i + n; k++)
        mem_free((char *)t->items[k].p);
    memmove(t->items + i, t->items + i + n, (t->n - i - n) * sizeof *t->items);
    t->n -= n;
}

static void step(struct flat *f, struct twin *t)
{
    struct slice s = random_item();
    struct listpack_word w = listpack_word(s);
    size_t i = seed_below(t->n + 1), n;

    if (t->n < ITEMS_MOST && seed_below(3) != 0) {
        listpack_insert(f, i < t->n ? listpack_at(f, (int64_t)i) : 0, &w);
        twin_insert(t, i, s);
    } else if (i < t->n && seed_below(2) == 0) {
        listpack_replace(f, listpack_at(f, (int64_t)i), &w);
        mem_free((char *)t->items[i].p);
        t->items[i] = copy(s);
    } else if (i < t->n) {
        n = 1 + seed_below(t->n - i < 4 ? t->n - i : 4);
        listpack_remove(f, listpack_at(f, (int64_t)i), n);
        twin_remove(t, i, n);
    }
}

static void compare(const struct flat *f, const struct twin *t)
{
    struct listpack_digits d;
    bool agree = true;
    size_t i = 0, at;

    ck_assert(is_valid(f));
    ck_assert_uint_eq(listpack_count(f), t->n);
    for (at = listpack_first(f); at != 0 && i < t->n; at = listpack_next(f, at), i++) {
        struct listpack_word w = listpack_word(t->items[i]);

        agree &= slice_eq(listpack_get(f, at, &d), t->items[i]) && listpack_is(f, at, &w) &&
                 listpack_at(f, (int64_t)i) == at && listpack_at(f, (int64_t)i - (int64_t)t->n) == at;
    }
    ck_assert(agree && at == 0);
    ck_assert_uint_eq(i, t->n);
    for (at = listpack_last(f); at != 0 && i > 0; at = listpack_prev(f, at))
        agree &= slice_eq(listpack_get(f, at, &d), t->items[--i]);
    ck_assert(agree && at == 0);
    ck_assert_uint_eq(i, 0);
}

START_TEST(random_changes_agree_with_an_array_of_strings)
{
    struct flat f = made();
    struct twin t = {.n = 0};

    seed_start("listpack");
    for (int i = 0; i < 3000; i++) {
        step(&f, &t);
        compare(&f, &t);
    }
    twin_remove(&t, 0, t.n);
    flat_fini(&f);
}
END_TEST

/* So many elements, each of them a, 1 or the empty string. */
static void few_kinds(struct flat *f, struct twin *t, size_t n)
{
    static const char *const kinds[] = {"a", "1", ""};

    for (size_t i = 0; i < n; i++) {
        struct slice s = slice_str(kinds[seed_below(3)]);

        listpack_append(f, s);
        twin_insert(t, t->n, s);
    }
}

START_TEST(equal_elements_are_counted_and_removed)
{
    seed_start("equal elements");
    for (int round = 0; round < 300; round++) {
        struct flat f = made();
        struct twin t = {.n = 0};
        struct listpack_word w = listpack_word(seed_below(2) ? SLICE("a") : SLICE("1"));
        size_t skip = seed_below(4), most = seed_below(3) ? seed_below(20) : SIZE_MAX, seen = 0, gone = 0;

        few_kinds(&f, &t, seed_below(40));
        for (size_t i = 0; i < t.n; i++)
            seen += slice_eq(t.items[i], w.s);
        ck_assert_uint_eq(listpack_count_equal(&f, &w), seen);
        for (size_t i = 0, passed = 0; i < t.n && gone < most;) {
            if (!slice_eq(t.items[i], w.s) || passed++ < skip) {
                i++;
                continue;
            }
            twin_remove(&t, i, 1);
            gone++;
        }
        ck_assert_uint_eq(listpack_remove_equal(&f, &w, skip, most), gone);
        compare(&f, &t);
        twin_remove(&t, 0, t.n);
        flat_fini(&f);
    }
}
END_TEST

START_TEST(the_tail_of_another_listpack_is_appended)
{
    struct flat f = made(), from = made();
    struct twin t = {.n = 0};

    seed_start("tail");
    few_kinds(&f, &t, 3);
    for (const char *p = "abcdef"; *p != 0; p++)
        listpack_append(&from, slice_of(p, 1));
    listpack_append_tail(&f, &from, listpack_at(&from, 4), 2);
    twin_insert(&t, 3, SLICE("e"));
    twin_insert(&t, 4, SLICE("f"));
    compare(&f, &t);
    listpack_append_tail(&f, &from, listpack_first(&from), 6);
    ck_assert_uint_eq(listpack_count(&f), 11);
    ck_assert(slice_eq(get(&f, 5), SLICE("a")) && slice_eq(get(&f, -1), SLICE("f")));
    twin_remove(&t, 0, t.n);
    flat_fini(&f);
    flat_fini(&from);
}
END_TEST

START_TEST(changes_at_the_front_move_no_other_elements)
{
    char block[64];
    struct flat f = {.p = block + 40}, small = made();
    struct listpack_word a = listpack_word(SLICE("aa")), n = listpack_word(SLICE("-4000"));
    char *before;

    listpack_append(&small, SLICE("last"));
    memcpy(f.p, small.p, small.n);
    f.n = small.n;
    before = f.p + LISTPACK_HEADER;
    listpack_prepend_in_room(&f, &a);
    listpack_prepend_in_room(&f, &n);
    ck_assert(is_valid(&f) && listpack_count(&f) == 3);
    ck_assert(slice_eq(get(&f, 0), SLICE("-4000")) && slice_eq(get(&f, 1), SLICE("aa")));
    ck_assert_ptr_eq(f.p + listpack_at(&f, 2), before);
    listpack_remove_front_in_room(&f, 2);
    ck_assert_ptr_eq(f.p + LISTPACK_HEADER, before);
    ck_assert(slice_eq(flat_slice(&f), flat_slice(&small)));
    flat_fini(&small);
}
END_TEST

/* It must be safe to read what is reported as valid; the sanitizers check that. */
static void read_all(const struct flat *f)
{
    struct listpack_digits d;

    for (size_t at = listpack_first(f); at != 0; at = listpack_next(f, at))
        listpack_get(f, at, &d);
    for (size_t at = listpack_last(f); at != 0; at = listpack_prev(f, at))
        listpack_get(f, at, &d);
}

START_TEST(corrupt_bytes_are_invalid_or_safe_to_read)
{
    struct flat f = made();
    size_t count, n;

    seed_start("broken listpack");
    for (int i = 0; i < 20; i++)
        listpack_append(&f, random_item());
    n = f.n;
    for (size_t i = 0; i < 20000; i++) {
        char *bytes = mem_alloc(n);
        struct flat broken = flat_of(slice_of(bytes, n));

        memcpy(bytes, f.p, n);
        bytes[seed_below(n)] ^= 1 << seed_below(8);
        bytes[seed_below(n)] = (char)seed_u64();
        if (listpack_is_valid(slice_of(bytes, n), &count))
            read_all(&broken);
        mem_free(bytes);
    }
    for (size_t cut = 0; cut < n; cut++)
        ck_assert(!listpack_is_valid(slice_of(f.p, cut), &count));
    flat_fini(&f);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("listpack");
    TCase *t = tcase_create("listpack");
    SRunner *r = srunner_create(s);
    int failed;

    tcase_add_test(t, an_empty_listpack_is_seven_bytes_and_has_no_first_element);
    tcase_add_test(t, the_bytes_are_those_of_redis);
    tcase_add_test(t, numbers_of_every_width_come_back_as_the_same_digits);
    tcase_add_test(t, what_only_looks_like_a_number_stays_a_string);
    tcase_add_test(t, a_search_can_skip_the_second_of_each_pair);
    tcase_add_test(t, more_elements_than_fit_the_header_are_counted);
    tcase_add_test(t, random_changes_agree_with_an_array_of_strings);
    tcase_add_test(t, equal_elements_are_counted_and_removed);
    tcase_add_test(t, the_tail_of_another_listpack_is_appended);
    tcase_add_test(t, changes_at_the_front_move_no_other_elements);
    tcase_add_test(t, corrupt_bytes_are_invalid_or_safe_to_read);
    tcase_set_timeout(t, 60);
    suite_add_tcase(s, t);
    srunner_run_all(r, CK_NORMAL);
    failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
