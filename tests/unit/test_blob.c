/* SPDX-License-Identifier: BSD-3-Clause */
/* blob: large bytes with a count of those who hold them. */
#include <pthread.h>
#include <stdlib.h>

#include "base/mem.h"
#include "checks.h"
#include "proto/blob.h"

START_TEST(it_is_freed_with_the_last_reference)
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

START_TEST(without_memory_there_is_none)
{
    ck_assert_ptr_null(blob_new((size_t)1 << 60));
}
END_TEST

START_TEST(a_copy_has_the_same_bytes_and_is_its_own)
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

START_TEST(any_thread_may_hold_it)
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

int main(void)
{
    Suite *suite = suite_create("blob");
    TCase *tests = tcase_create("blob");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, it_is_freed_with_the_last_reference);
    tcase_add_test(tests, without_memory_there_is_none);
    tcase_add_test(tests, a_copy_has_the_same_bytes_and_is_its_own);
    tcase_add_test(tests, any_thread_may_hold_it);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
