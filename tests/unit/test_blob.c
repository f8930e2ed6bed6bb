/* SPDX-License-Identifier: BSD-3-Clause */
/* blob: a large byte string with a reference count. */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include "base/mem.h"
#include "checks.h"
#include "proto/blob.h"

START_TEST(a_blob_is_freed_with_its_last_reference)
{
    size_t before = mem_used();
    struct blob *b = blob_new(1000);

    ck_assert_uint_eq(b->len, 0);
    ck_assert_uint_ge(b->cap, 1000);
    ck_assert(blob_is_sole(b));
    ck_assert_ptr_eq(blob_ref(b), b);
    ck_assert(!blob_is_sole(b));
    blob_unref(b);
    ck_assert(blob_is_sole(b));
    ck_assert_uint_gt(mem_used(), before);
    blob_unref(b);
    ck_assert_uint_eq(mem_used(), before);
}
END_TEST

START_TEST(blob_new_returns_null_without_memory)
{
    ck_assert_ptr_null(blob_new((size_t)1 << 60));
}
END_TEST

START_TEST(a_copy_has_the_same_bytes_in_its_own_memory)
{
    struct blob *b = blob_copy(SLICE("bytes\0 and more"));

    ck_assert(slice_eq(blob_slice(b), SLICE("bytes\0 and more")));
    ck_assert(blob_is_sole(b));
    blob_unref(b);
}
END_TEST

static void *take_and_give(void *arg)
{
    struct blob *b = arg;

    for (unsigned i = 0; i < 100000; i++)
        blob_unref(blob_ref(b));
    return NULL;
}

START_TEST(a_resized_blob_keeps_its_bytes_and_counts_once)
{
    size_t before, after;
    struct blob *b;

    mem_flush();
    before = mem_used();
    b = blob_copy(SLICE("hello"));
    b = blob_resize(b, 1 << 20);
    ck_assert_ptr_nonnull(b);
    ck_assert_uint_eq(b->cap, 1 << 20);
    ck_assert(slice_eq(blob_slice(b), SLICE("hello")));
    mem_flush();
    after = mem_used();
    ck_assert_uint_eq(after - before, blob_bytes(b));
    blob_unref(b);
    mem_flush();
    ck_assert_uint_eq(mem_used(), before);
}
END_TEST

START_TEST(threads_may_share_a_blob)
{
    struct blob *b = blob_new(10);
    pthread_t threads[4];

    for (unsigned i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, take_and_give, b);
    for (unsigned i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    ck_assert(blob_is_sole(b));
    blob_unref(b);
}
END_TEST

START_TEST(a_reference_to_something_else_fails_an_assertion)
{
    struct blob other = {.refs = 1};

    blob_ref(&other);
}
END_TEST

START_TEST(dropping_more_references_than_there_are_fails_an_assertion)
{
    struct blob other = {.refs = 0, .magic = BLOB_MAGIC};

    blob_unref(&other);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("blob");
    TCase *tests = tcase_create("blob");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, a_blob_is_freed_with_its_last_reference);
    tcase_add_test(tests, blob_new_returns_null_without_memory);
    tcase_add_test(tests, a_copy_has_the_same_bytes_in_its_own_memory);
    tcase_add_test(tests, a_resized_blob_keeps_its_bytes_and_counts_once);
    tcase_add_test(tests, threads_may_share_a_blob);
    tcase_add_test_raise_signal(tests, a_reference_to_something_else_fails_an_assertion, SIGABRT);
    tcase_add_test_raise_signal(tests, dropping_more_references_than_there_are_fails_an_assertion, SIGABRT);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
