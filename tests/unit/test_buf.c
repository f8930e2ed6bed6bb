/* SPDX-License-Identifier: BSD-3-Clause */
/* buf: a growable byte buffer. */
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/mem.h"
#include "checks.h"
#include "seed.h"

START_TEST(an_empty_buffer_holds_no_memory)
{
    struct buf b = BUF_EMPTY;

    ck_assert_ptr_null(b.p);
    ck_assert_uint_eq(buf_slice(&b).n, 0);
    buf_fini(&b);
}
END_TEST

START_TEST(bytes_are_appended_in_order)
{
    struct buf b = BUF_EMPTY;

    buf_add(&b, "a\0b", 3);
    buf_add_str(&b, "cd");
    buf_add_slice(&b, SLICE("ef"));
    buf_add_char(&b, 'g');
    buf_printf(&b, "%d-%s", 42, "h");
    ck_assert(slice_eq(buf_slice(&b), SLICE("a\0bcdefg42-h")));
    buf_fini(&b);
}
END_TEST

START_TEST(adding_no_bytes_changes_nothing)
{
    struct buf b = BUF_EMPTY;

    buf_add(&b, NULL, 0);
    buf_add_str(&b, "");
    buf_add_slice(&b, slice_of(NULL, 0));
    ck_assert_uint_eq(b.len, 0);
    buf_fini(&b);
}
END_TEST

START_TEST(reserved_room_is_writable_and_not_counted_until_len_grows)
{
    struct buf b = BUF_EMPTY;
    char *p;

    buf_add_str(&b, "ab");
    p = buf_reserve(&b, 1000);
    ck_assert_ptr_eq(p, b.p + 2);
    ck_assert_uint_ge(b.cap, 1002);
    memset(p, 'x', 1000);
    ck_assert_uint_eq(b.len, 2);
    b.len += 1000;
    ck_assert_int_eq(b.p[1001], 'x');
    buf_fini(&b);
}
END_TEST

START_TEST(printf_grows_the_buffer_for_long_text)
{
    for (int n = 0; n < 3000; n += 7) {
        struct buf b = BUF_EMPTY;

        buf_add_char(&b, '<');
        buf_printf(&b, "%*d", n + 1, 7);
        ck_assert_uint_eq(b.len, (size_t)n + 2);
        ck_assert_int_eq(b.p[b.len - 1], '7');
        buf_fini(&b);
    }
}
END_TEST

START_TEST(consuming_removes_bytes_from_the_front)
{
    struct buf b = BUF_EMPTY;

    buf_add_str(&b, "abcdef");
    buf_consume(&b, 0);
    ck_assert(slice_eq(buf_slice(&b), SLICE("abcdef")));
    buf_consume(&b, 2);
    ck_assert(slice_eq(buf_slice(&b), SLICE("cdef")));
    buf_consume(&b, 4);
    ck_assert_uint_eq(b.len, 0);
    buf_fini(&b);
}
END_TEST

START_TEST(consuming_more_than_the_length_fails_an_assertion)
{
    struct buf b = BUF_EMPTY;

    buf_add_str(&b, "a");
    buf_consume(&b, 2);
}
END_TEST

START_TEST(reserving_more_than_the_address_space_fails_an_assertion)
{
    struct buf b = BUF_EMPTY;

    buf_add_str(&b, "a");
    buf_reserve(&b, SIZE_MAX);
}
END_TEST

START_TEST(cstr_ends_with_a_nul_that_is_not_counted)
{
    struct buf b = BUF_EMPTY;

    ck_assert_str_eq(buf_cstr(&b), "");
    buf_add_str(&b, "abc");
    ck_assert_str_eq(buf_cstr(&b), "abc");
    ck_assert_uint_eq(b.len, 3);
    buf_fini(&b);
}
END_TEST

START_TEST(buf_fini_frees_the_memory_and_leaves_an_empty_buffer)
{
    size_t before = mem_used();
    struct buf b = BUF_EMPTY;

    buf_reserve(&b, 100000);
    buf_fini(&b);
    ck_assert_uint_eq(mem_used(), before);
    buf_add_str(&b, "again");
    ck_assert(slice_eq(buf_slice(&b), SLICE("again")));
    buf_fini(&b);
}
END_TEST

START_TEST(random_appends_and_consumes_match_a_plain_array)
{
    static char model[1 << 20];
    size_t n = 0;
    struct buf b = BUF_EMPTY;

    seed_start(__func__);
    for (int i = 0; i < 20000; i++) {
        size_t k = seed_below(200);

        if (seed_below(3) == 0) {
            k = k < n ? k : n;
            buf_consume(&b, k);
            memmove(model, model + k, n - k);
            n -= k;
        } else if (n + k <= sizeof(model)) {
            memset(model + n, (int)seed_below(256), k);
            buf_add(&b, model + n, k);
            n += k;
        }
        ck_assert(slice_eq(buf_slice(&b), slice_of(model, n)));
    }
    buf_fini(&b);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("buf");
    TCase *tests = tcase_create("buf");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_test(tests, an_empty_buffer_holds_no_memory);
    tcase_add_test(tests, bytes_are_appended_in_order);
    tcase_add_test(tests, adding_no_bytes_changes_nothing);
    tcase_add_test(tests, reserved_room_is_writable_and_not_counted_until_len_grows);
    tcase_add_test(tests, printf_grows_the_buffer_for_long_text);
    tcase_add_test(tests, consuming_removes_bytes_from_the_front);
    tcase_add_test_raise_signal(tests, consuming_more_than_the_length_fails_an_assertion, SIGABRT);
    tcase_add_test_raise_signal(tests, reserving_more_than_the_address_space_fails_an_assertion, SIGABRT);
    tcase_add_test(tests, cstr_ends_with_a_nul_that_is_not_counted);
    tcase_add_test(tests, buf_fini_frees_the_memory_and_leaves_an_empty_buffer);
    tcase_add_test(tests, random_appends_and_consumes_match_a_plain_array);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
