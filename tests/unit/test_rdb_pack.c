/* SPDX-License-Identifier: BSD-3-Clause */
/* rdb_pack: flat forms in untrusted input. */
#include <stdlib.h>

#include "base/hash.h"
#include "checks.h"
#include "persist/rdb_pack.h"
#include "persist/ziplist.h"
#include "seed.h"

static void set_up(void)
{
    hash_init();
}

/* Whether the listpack in f, read back from a string, is canonical; -1: it is refused. */
static int judge(const struct flat *f, unsigned stride)
{
    char bytes[5000];
    struct rdb_source from;
    struct rdb_string s = {0};
    struct rdb_pack p;
    int canonical = -1;

    ck_assert_uint_lt(f->n, 5000 - 2);
    bytes[0] = (char)(0x40 | f->n >> 8);
    bytes[1] = (char)f->n;
    memcpy(bytes + 2, f->p, f->n);
    from = rdb_source_of(slice_of(bytes, f->n + 2));
    if (rdb_pack_get(&from, &s, stride, &p)) {
        ck_assert_uint_eq(p.count, listpack_count(f));
        canonical = rdb_pack_is_canonical(&p);
    }
    rdb_string_fini(&s);
    return canonical;
}

static struct flat pack_of(const char *const *words)
{
    struct flat f = FLAT_EMPTY;

    listpack_init(&f);
    for (; *words != NULL; words++)
        listpack_append(&f, slice_str(*words));
    return f;
}

#define WORDS(...) pack_of((const char *const[]){__VA_ARGS__, NULL})

START_TEST(our_own_listpacks_are_canonical)
{
    struct flat f = WORDS("a", "1", "b", "-5000", "c", "40000", "d", "9223372036854775807", "", "007");

    ck_assert_int_eq(judge(&f, 1), 1);
    ck_assert_int_eq(judge(&f, 2), 1);
    flat_fini(&f);
}
END_TEST

START_TEST(groups_must_be_complete)
{
    struct flat f = WORDS("a", "b", "c", "d");

    ck_assert_int_eq(judge(&f, 1), 1);
    ck_assert_int_eq(judge(&f, 2), 1);
    ck_assert_int_eq(judge(&f, 3), -1);
    ck_assert_int_eq(judge(&f, 4), 1);
    flat_fini(&f);
}
END_TEST

START_TEST(only_the_first_elements_of_groups_must_differ)
{
    struct flat f = WORDS("a", "v", "b", "v", "v", "a");

    ck_assert_int_eq(judge(&f, 1), 0);
    ck_assert_int_eq(judge(&f, 2), 1);
    ck_assert_int_eq(judge(&f, 3), 1);
    flat_fini(&f);
}
END_TEST

START_TEST(a_duplicate_is_found_among_many_elements)
{
    char word[16];

    seed_start(__func__);
    for (int round = 0; round < 300; round++) {
        struct flat f = FLAT_EMPTY;
        size_t n = 1 + seed_below(400), twice = seed_below(2 * n);

        listpack_init(&f);
        for (size_t i = 0; i < n; i++) {
            snprintf(word, sizeof word, "w%zu", i);
            listpack_append(&f, slice_str(word));
        }
        snprintf(word, sizeof word, "w%zu", twice);
        listpack_append(&f, slice_str(word));
        ck_assert_int_eq(judge(&f, 1), twice >= n);
        flat_fini(&f);
    }
}
END_TEST

/* Judges a listpack of one element with these bytes. */
static int judge_bytes(struct slice element)
{
    struct flat f = FLAT_EMPTY;
    int canonical;

    listpack_init(&f);
    memcpy(flat_splice(&f, LISTPACK_HEADER, 0, element.n), element.p, element.n);
    memcpy(f.p, &(uint32_t){(uint32_t)f.n}, 4);
    f.p[4] = 1;
    canonical = judge(&f, 1);
    flat_fini(&f);
    return canonical;
}

START_TEST(elements_with_a_shorter_encoding_are_not_canonical)
{
    ck_assert_int_eq(judge_bytes(SLICE("\x05\x01")), 1);             /* 5 */
    ck_assert_int_eq(judge_bytes(SLICE("\xc0\x05\x02")), 0);         /* in 13 bits */
    ck_assert_int_eq(judge_bytes(SLICE("\xf1\x05\0\x03")), 0);       /* in 16 */
    ck_assert_int_eq(judge_bytes(SLICE("\x81" "5\x02")), 0);         /* as a string */
    ck_assert_int_eq(judge_bytes(SLICE("\x81" "x\x02")), 1);
    ck_assert_int_eq(judge_bytes(SLICE("\xe0\x01x\x03")), 0);        /* its length in 12 bits */
    ck_assert_int_eq(judge_bytes(SLICE("\xf0\1\0\0\0x\x06")), 0);    /* in 32 */
    ck_assert_int_eq(judge_bytes(SLICE("\x81" "x\x03")), -1);        /* broken */
}
END_TEST

START_TEST(old_forms_are_converted_or_refused)
{
    static const char ziplist[] = "\x12\x11\0\0\0\x0d\0\0\0\2\0\0\1a\3\1b\xff";
    struct rdb_source from = rdb_source_of(slice_of(ziplist, sizeof ziplist - 1));
    struct rdb_pack p;

    /* its own length is 17, but the length of the string is 18 */
    ck_assert(!rdb_pack_convert(&from, 1, ziplist_append_to, &p));
    from = rdb_source_of(SLICE("\x11\x11\0\0\0\x0d\0\0\0\2\0\0\1a\3\1b\xff"));
    ck_assert(rdb_pack_convert(&from, 2, ziplist_append_to, &p));
    ck_assert_uint_eq(p.count, 2);
    ck_assert(rdb_pack_is_canonical(&p));
    rdb_pack_fini(&p);
    from = rdb_source_of(SLICE("\x11\x11\0\0\0\x0d\0\0\0\2\0\0\1a\3\1b\xff"));
    ck_assert(!rdb_pack_convert(&from, 3, ziplist_append_to, &p));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("rdb_pack");
    TCase *tests = tcase_create("rdb_pack");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(tests, set_up, NULL);
    tcase_add_test(tests, our_own_listpacks_are_canonical);
    tcase_add_test(tests, groups_must_be_complete);
    tcase_add_test(tests, only_the_first_elements_of_groups_must_differ);
    tcase_add_test(tests, a_duplicate_is_found_among_many_elements);
    tcase_add_test(tests, elements_with_a_shorter_encoding_are_not_canonical);
    tcase_add_test(tests, old_forms_are_converted_or_refused);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
