/* SPDX-License-Identifier: BSD-3-Clause */
/* ziplist: the flat form of Redis up to version 6, before listpacks. */
#include <stdlib.h>

#include "checks.h"
#include "persist/ziplist.h"
#include "seed.h"

#define ELEMENTS_MOST 20

/* A ziplist that is built by the definition of the format. */
struct maker {
    char p[60000];
    size_t n;
    size_t last;   /* the offset of the last element */
    size_t before; /* its length */
    uint16_t count;
};

static void add_bytes(struct maker *m, const void *p, size_t n)
{
    memcpy(m->p + m->n, p, n);
    m->n += n;
}

static void add_byte(struct maker *m, unsigned byte)
{
    m->p[m->n++] = (char)byte;
}

static void begin_element(struct maker *m)
{
    m->last = m->n;
    if (m->before < 254) {
        add_byte(m, (unsigned)m->before);
    } else {
        add_byte(m, 254);
        add_bytes(m, &(uint32_t){(uint32_t)m->before}, 4);
    }
    m->count++;
}

static void end_element(struct maker *m)
{
    m->before = m->n - m->last;
}

static void add_string(struct maker *m, struct slice s)
{
    begin_element(m);
    if (s.n < 64) {
        add_byte(m, (unsigned)s.n);
    } else if (s.n < 16384) {
        add_byte(m, 0x40u | (unsigned)(s.n >> 8));
        add_byte(m, s.n & 255);
    } else {
        add_byte(m, 0x80);
        add_bytes(m, &(uint32_t){__builtin_bswap32((uint32_t)s.n)}, 4);
    }
    add_bytes(m, s.p, s.n);
    end_element(m);
}

static void add_number(struct maker *m, int64_t v)
{
    begin_element(m);
    if (v >= 0 && v <= 12) {
        add_byte(m, 0xf1 + (unsigned)v);
    } else if (v == (int8_t)v) {
        add_byte(m, 0xfe);
        add_bytes(m, &v, 1);
    } else if (v == (int16_t)v) {
        add_byte(m, 0xc0);
        add_bytes(m, &v, 2);
    } else if (v >= -(1 << 23) && v < 1 << 23) {
        add_byte(m, 0xf0);
        add_bytes(m, &v, 3);
    } else if (v == (int32_t)v) {
        add_byte(m, 0xd0);
        add_bytes(m, &v, 4);
    } else {
        add_byte(m, 0xe0);
        add_bytes(m, &v, 8);
    }
    end_element(m);
}

static struct maker *begin(void)
{
    static struct maker m;

    m = (struct maker){.n = 10, .last = 10};
    return &m;
}

static struct slice finish(struct maker *m)
{
    add_byte(m, 0xff);
    memcpy(m->p, &(uint32_t){(uint32_t)m->n}, 4);
    memcpy(m->p + 4, &(uint32_t){(uint32_t)m->last}, 4);
    memcpy(m->p + 8, &m->count, 2);
    return slice_of(m->p, m->n);
}

/* Whether it is accepted; the listpack is discarded. */
static bool is_taken(struct slice ziplist)
{
    struct flat f = FLAT_EMPTY;
    bool taken;

    listpack_init(&f);
    taken = ziplist_append_to(&f, ziplist);
    flat_fini(&f);
    return taken;
}

START_TEST(an_empty_ziplist_has_no_elements)
{
    struct flat f = FLAT_EMPTY;

    listpack_init(&f);
    ck_assert(ziplist_append_to(&f, finish(begin())));
    ck_assert_uint_eq(listpack_count(&f), 0);
    flat_fini(&f);
}
END_TEST

START_TEST(numbers_of_every_width_are_read)
{
    static const int64_t numbers[] = {
        0, 12, 13, -1, 127, -128, 128, -32768, 32767, -32769, -(1 << 23), 1 << 23, INT32_MIN, INT32_MAX, 1ll << 31,
        INT64_MIN, INT64_MAX,
    };
    struct maker *m = begin();
    struct flat f = FLAT_EMPTY;
    size_t at, i = 0;
    int64_t v;

    for (i = 0; i < sizeof numbers / sizeof *numbers; i++)
        add_number(m, numbers[i]);
    listpack_init(&f);
    ck_assert(ziplist_append_to(&f, finish(m)));
    for (at = listpack_first(&f), i = 0; at != 0; at = listpack_next(&f, at), i++)
        ck_assert(listpack_get_number(&f, at, &v) && v == numbers[i]);
    ck_assert_uint_eq(i, sizeof numbers / sizeof *numbers);
    flat_fini(&f);
}
END_TEST

START_TEST(strings_of_every_length_are_read)
{
    static const size_t lengths[] = {0, 1, 63, 64, 253, 254, 255, 16383, 16384, 20000};
    static char text[20000];
    struct maker *m = begin();
    struct flat f = FLAT_EMPTY;
    struct listpack_digits d;
    size_t at, i;

    memset(text, 'x', sizeof text);
    for (i = 0; i < sizeof lengths / sizeof *lengths; i++)
        add_string(m, slice_of(text, lengths[i]));
    listpack_init(&f);
    ck_assert(ziplist_append_to(&f, finish(m)));
    for (at = listpack_first(&f), i = 0; at != 0; at = listpack_next(&f, at), i++)
        ck_assert(slice_eq(listpack_get(&f, at, &d), slice_of(text, lengths[i])));
    ck_assert_uint_eq(i, sizeof lengths / sizeof *lengths);
    flat_fini(&f);
}
END_TEST

START_TEST(a_string_of_digits_becomes_an_integer)
{
    struct maker *m = begin();
    struct flat f = FLAT_EMPTY;
    int64_t v;

    add_string(m, SLICE("-42"));
    listpack_init(&f);
    ck_assert(ziplist_append_to(&f, finish(m)));
    ck_assert(listpack_get_number(&f, listpack_first(&f), &v) && v == -42);
    flat_fini(&f);
}
END_TEST

START_TEST(more_than_65534_elements_are_not_counted_in_the_header)
{
    struct maker *m = begin();
    struct slice z;

    add_number(m, 1);
    add_number(m, 2);
    z = finish(m);
    for (uint32_t stated = 0; stated <= UINT16_MAX; stated++) {
        memcpy(m->p + 8, &stated, 2);
        ck_assert_int_eq(is_taken(z), stated == 2 || stated == UINT16_MAX);
    }
}
END_TEST

static struct slice random_ziplist(struct maker *m)
{
    char bytes[100];
    size_t n = seed_below(ELEMENTS_MOST);

    for (size_t i = 0; i < n; i++) {
        size_t length = seed_below(seed_below(4) ? 10 : sizeof bytes);

        seed_bytes(bytes, length);
        if (seed_below(2))
            add_number(m, (int64_t)seed_u64() >> seed_below(64));
        else
            add_string(m, slice_of(bytes, length));
    }
    return finish(m);
}

/* Reads from a heap block, so that a sanitizer detects reads beyond its end. Accepted input gives a valid listpack. */
static void try_broken(struct slice z)
{
    char *copy = malloc(z.n ? z.n : 1);
    struct flat f = FLAT_EMPTY;
    size_t count;

    memcpy(copy, z.p, z.n);
    listpack_init(&f);
    if (ziplist_append_to(&f, slice_of(copy, z.n)))
        ck_assert(listpack_is_valid(flat_slice(&f), &count));
    flat_fini(&f);
    free(copy);
}

START_TEST(truncated_ziplists_are_refused)
{
    seed_start(__func__);
    for (int round = 0; round < 100; round++) {
        struct slice z = random_ziplist(begin());

        ck_assert(is_taken(z));
        for (size_t n = 0; n < z.n; n++) {
            ck_assert(!is_taken(slice_of(z.p, n)));
            try_broken(slice_of(z.p, n));
        }
    }
}
END_TEST

START_TEST(a_ziplist_with_a_wrong_byte_is_refused_or_valid)
{
    seed_start(__func__);
    for (int round = 0; round < 100; round++) {
        struct slice z = random_ziplist(begin());

        for (size_t at = 0; at < z.n; at++) {
            char *p = (char *)z.p + at, byte = *p;

            *p = (char)seed_u64();
            try_broken(z);
            *p = byte;
        }
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ziplist");
    TCase *tests = tcase_create("ziplist");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_test(tests, an_empty_ziplist_has_no_elements);
    tcase_add_test(tests, numbers_of_every_width_are_read);
    tcase_add_test(tests, strings_of_every_length_are_read);
    tcase_add_test(tests, a_string_of_digits_becomes_an_integer);
    tcase_add_test(tests, more_than_65534_elements_are_not_counted_in_the_header);
    tcase_add_test(tests, truncated_ziplists_are_refused);
    tcase_add_test(tests, a_ziplist_with_a_wrong_byte_is_refused_or_valid);
    tcase_set_timeout(tests, 60);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
