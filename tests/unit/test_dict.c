/* SPDX-License-Identifier: BSD-3-Clause */
/* dict: a hash table of elements, for large hashes, sets and sorted sets. */
#include <stdlib.h>

#include "account.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/slab.h"
#include "checks.h"
#include "seed.h"
#include "types/dict.h"

#define KEYS 3000

/* Key number i. Some are longer than the one-byte length allows. */
struct name {
    char p[400];
};

static struct slice name_of(struct name *name, size_t i)
{
    int n = snprintf(name->p, sizeof name->p, "%zu:%*s", i, i % 50 == 0 ? 300 : 1, "x");

    return slice_of(name->p, (size_t)n);
}

static size_t number_of(struct slice key)
{
    return strtoul(key.p, NULL, 10);
}

/* The rest of each element is one byte. */
static struct element *made(size_t i, char rest)
{
    struct name name;
    struct element *e = element_new(name_of(&name, i), 1);

    *element_rest(e) = rest;
    return e;
}

static void release(void *e)
{
    element_free(e, 1);
}

static void visit(void *arg, struct element *e)
{
    ((unsigned *)arg)[number_of(element_key(e))]++;
}

static void scan_all(const struct dict *d, unsigned *seen)
{
    uint64_t at = 0;

    do
        at = dict_scan(d, at, visit, seen);
    while (at != 0);
}

/* twin: the rest of each key that is in the dict, 0 for the others. */
static void check_walks(const struct dict *d, const char *twin)
{
    unsigned scanned[KEYS] = {0}, walked[KEYS] = {0};
    struct dict_walk w = {0};
    struct element *e;

    scan_all(d, scanned);
    while ((e = dict_next(d, &w)) != NULL)
        walked[number_of(element_key(e))]++;
    for (size_t i = 0; i < KEYS; i++) {
        ck_assert_uint_eq(scanned[i], twin[i] != 0);
        ck_assert_uint_eq(walked[i], twin[i] != 0);
    }
}

static void step(struct dict *d, char *twin, size_t *count, unsigned adds)
{
    size_t i = seed_below(KEYS);
    struct name name;
    struct element *e = dict_find(d, name_of(&name, i));
    char rest = (char)(1 + seed_below(100));

    ck_assert((e != NULL) == (twin[i] != 0));
    ck_assert(e == NULL || *element_rest(e) == twin[i]);
    if (e == NULL && seed_below(4) < adds) {
        dict_insert(d, made(i, rest), 1);
        twin[i] = rest;
        ++*count;
    } else if (e != NULL && seed_below(4) >= adds) {
        dict_remove(d, e, 1);
        release(e);
        twin[i] = 0;
        --*count;
    } else if (e != NULL) {
        size_t room = 1 + seed_below(100);

        e = dict_resize(d, e, 1, room);
        ck_assert_int_eq(*element_rest(e), twin[i]);
        *element_rest(e) = rest;
        dict_resize(d, e, room, 1);
        twin[i] = rest;
    }
    ck_assert_uint_eq(dict_count(d), *count);
}

START_TEST(random_changes_agree_with_an_array_while_it_grows_and_shrinks)
{
    char twin[KEYS] = {0};
    struct dict *d = dict_new();
    size_t count = 0;

    hash_init();
    seed_start("dict");
    for (int i = 0; i < 60000; i++) {
        step(d, twin, &count, i % 20000 < 10000 ? 3 : 1);
        if (i % 3000 == 0)
            check_walks(d, twin);
    }
    check_walks(d, twin);
    dict_free(d, release);
}
END_TEST

START_TEST(bytes_equal_the_process_account_while_it_grows_and_shrinks)
{
    char twin[KEYS] = {0};
    size_t count = 0, before;
    struct dict *d;

    hash_init();
    seed_start("dict bytes");
    before = mem_used();
    d = dict_new();
    for (int i = 0; i < 60000; i++) {
        step(d, twin, &count, i % 20000 < 10000 ? 3 : 1);
        if (i % 100 == 0)
            account_check(before, dict_bytes(d));
    }
    dict_free(d, release);
    account_check(before, 0);
    d = dict_new();
    dict_reserve(d, 10 * KEYS);
    account_check(before, dict_bytes(d));
    dict_free(d, release);
}
END_TEST

START_TEST(room_may_be_reserved_for_more_or_fewer_elements_than_come)
{
    static const size_t rooms[] = {0, 1, 6, 7, 48, 49, 1000, KEYS, 10 * KEYS};

    hash_init();
    seed_start("dict with room");
    for (size_t i = 0; i < sizeof rooms / sizeof rooms[0]; i++) {
        char twin[KEYS] = {0};
        struct dict *d = dict_new();
        size_t count = 0;

        dict_reserve(d, rooms[i]);
        check_walks(d, twin);
        for (int k = 0; k < 3 * KEYS; k++)
            step(d, twin, &count, k < 2 * KEYS ? 3 : 1);
        check_walks(d, twin);
        dict_free(d, release);
    }
}
END_TEST

START_TEST(a_scan_misses_no_element_while_others_are_inserted)
{
    unsigned seen[2 * KEYS] = {0};
    struct dict *d = dict_new();
    uint64_t at = 0;
    size_t next = KEYS / 2;

    hash_init();
    for (size_t i = 0; i < KEYS / 2; i++)
        dict_insert(d, made(i, 1), 1);
    do {
        at = dict_scan(d, at, visit, seen);
        for (int k = 0; k < 4 && next < 2 * KEYS; k++)
            dict_insert(d, made(next++, 1), 1);
    } while (at != 0);
    for (size_t i = 0; i < KEYS / 2; i++)
        ck_assert_uint_ge(seen[i], 1);
    dict_free(d, release);
}
END_TEST

START_TEST(an_element_keeps_its_key_when_its_rest_grows_and_shrinks)
{
    struct element *e = element_new(SLICE("key"), 5);
    struct dict *d = dict_new();

    memcpy(element_rest(e), "12345", 5);
    dict_insert(d, e, 5);
    e = dict_resize(d, e, 5, 500);
    ck_assert_ptr_eq(dict_find(d, SLICE("key")), e);
    ck_assert(slice_eq(element_key(e), SLICE("key")));
    ck_assert_int_eq(memcmp(element_rest(e), "12345", 5), 0);
    e = dict_resize(d, e, 500, 3);
    ck_assert_ptr_eq(dict_find(d, SLICE("key")), e);
    ck_assert_int_eq(memcmp(element_rest(e), "123", 3), 0);
    ck_assert_uint_eq(element_size(e, 3), slab_usable_size(1 + 3 + 3));
    dict_remove(d, e, 3);
    element_free(e, 3);
    dict_free(d, release);
}
END_TEST

/* Each of 100 elements is drawn about 1000 times: the sum of (drawn - 1000)^2 / 1000 exceeds 180 once in a million
 * runs. */
START_TEST(each_element_is_drawn_equally_often)
{
    unsigned drawn[KEYS] = {0};
    struct dict *d = dict_new();
    double chi = 0;

    hash_init();
    ck_assert_ptr_null(dict_random(d));
    for (size_t i = 0; i < 100; i++)
        dict_insert(d, made(i, 1), 1);
    for (int i = 0; i < 100000; i++)
        visit(drawn, dict_random(d));
    for (size_t i = 0; i < 100; i++)
        chi += ((double)drawn[i] - 1000) * ((double)drawn[i] - 1000) / 1000;
    ck_assert_msg(chi < 200, "chi square %f", chi);
    dict_free(d, release);
}
END_TEST

START_TEST(it_takes_less_than_thirteen_bytes_for_each_of_many)
{
    struct dict *d = dict_new();
    size_t elements = 0;

    hash_init();
    for (size_t i = 0; i < 100000; i++) {
        struct element *e = made(i, 1);

        elements += element_size(e, 1);
        dict_insert(d, e, 1);
    }
    ck_assert_uint_lt(dict_bytes(d) - elements, 13 * 100000);
    dict_free(d, release);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("dict");
    TCase *tests = tcase_create("dict");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_test(tests, random_changes_agree_with_an_array_while_it_grows_and_shrinks);
    tcase_add_test(tests, bytes_equal_the_process_account_while_it_grows_and_shrinks);
    tcase_add_test(tests, room_may_be_reserved_for_more_or_fewer_elements_than_come);
    tcase_add_test(tests, a_scan_misses_no_element_while_others_are_inserted);
    tcase_add_test(tests, an_element_keeps_its_key_when_its_rest_grows_and_shrinks);
    tcase_add_test(tests, each_element_is_drawn_equally_often);
    tcase_add_test(tests, it_takes_less_than_thirteen_bytes_for_each_of_many);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
