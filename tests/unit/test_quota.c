/* SPDX-License-Identifier: BSD-3-Clause */
/* quota: what the memory in use is used for. */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include "base/mem.h"
#include "checks.h"
#include "dataset.h"
#include "proto/blob.h"
#include "proto/client_memory.h"
#include "store/entry.h"

#define MB (1024 * 1024)

START_TEST(what_the_start_used_is_not_data)
{
    void *p = mem_alloc(MB);
    size_t used = mem_used();

    quota_start();
    ck_assert_uint_eq(quota_started(), used);
    ck_assert_uint_eq(quota_overhead(), used);
    ck_assert_uint_eq(dataset_bytes(), 0);
    mem_free(p);
    ck_assert_uint_eq(dataset_bytes(), 0);
}
END_TEST

START_TEST(the_accounts_add_up_to_the_memory_in_use)
{
    void *data, *buffer, *flushed;

    quota_start();
    data = mem_alloc(MB);
    buffer = mem_alloc(2 * MB);
    flushed = mem_alloc(3 * MB);
    client_memory_add((int64_t)mem_usable(buffer));
    quota_free_later(mem_usable(flushed));
    ck_assert_uint_eq(quota_clients(), mem_usable(buffer));
    ck_assert_uint_eq(quota_freeing(), mem_usable(flushed));
    ck_assert_uint_eq(dataset_bytes(), mem_usable(data));
    ck_assert_uint_eq(dataset_bytes() + quota_overhead(), mem_used());
    quota_freed(mem_usable(flushed));
    mem_free(flushed);
    client_memory_add(-(int64_t)mem_usable(buffer));
    mem_free(buffer);
    ck_assert_uint_eq(dataset_bytes(), mem_usable(data));
    ck_assert_uint_eq(quota_overhead(), quota_started());
    mem_free(data);
}
END_TEST

/* What an entry loses while others hold references is pinned until they let go, and is no data meanwhile. */
START_TEST(a_deleted_value_that_a_reply_still_sends_is_pinned)
{
    struct blob *b, *reply;
    struct entry *e;

    quota_start();
    b = blob_new(MB);
    e = entry_new(&(struct entry_spec){.key = SLICE("k"), .blob = b});
    reply = blob_ref(b);
    ck_assert_uint_eq(quota_pinned(), 0);
    ck_assert_uint_ge(dataset_bytes(), MB);
    entry_free(e);
    ck_assert_uint_eq(quota_pinned(), mem_usable_size(sizeof *b + MB));
    ck_assert_uint_lt(dataset_bytes(), 4096); /* 0 with jemalloc, which takes just what it says */
    blob_unref(blob_ref(reply));
    ck_assert_uint_eq(quota_pinned(), mem_usable_size(sizeof *b + MB));
    blob_unref(reply);
    ck_assert_uint_eq(quota_pinned(), 0);
}
END_TEST

START_TEST(an_overwritten_value_that_a_reply_still_sends_is_pinned)
{
    struct blob *b = blob_new(MB);
    struct entry *e = entry_new(&(struct entry_spec){.key = SLICE("k"), .blob = b});

    b->len = MB;
    blob_ref(b);
    e = entry_resize(e, MB - 1); /* the bytes that are being sent stay what they are */
    ck_assert_ptr_ne(entry_blob(e), b);
    ck_assert_uint_eq(quota_pinned(), blob_bytes(b));
    blob_unref(b);
    ck_assert_uint_eq(quota_pinned(), 0);
    entry_free(e);
    ck_assert_uint_eq(quota_pinned(), 0);
}
END_TEST

#define THREADS 4
#define ROUNDS  20000

static void *count(void *arg)
{
    for (int i = 0; i < ROUNDS; i++) {
        client_memory_add(10000);
        client_memory_add(-9000);
    }
    client_memory_flush();
    return arg;
}

START_TEST(threads_count_clients_together)
{
    pthread_t t[THREADS];

    for (int i = 0; i < THREADS; i++)
        pthread_create(&t[i], NULL, count, NULL);
    for (int i = 0; i < THREADS; i++)
        pthread_join(t[i], NULL);
    ck_assert_uint_eq(quota_clients(), (size_t)THREADS * ROUNDS * 1000);
}
END_TEST

static void *see_bounded(void *arg)
{
    *(size_t *)arg = quota_bounded();
    return NULL;
}

static size_t seen_by_another(void)
{
    pthread_t t;
    size_t bytes;

    mem_flush();
    pthread_create(&t, NULL, see_bounded, &bytes);
    pthread_join(t, NULL);
    return bytes;
}

START_TEST(other_threads_see_what_a_thread_has_reserved_until_it_is_in_use)
{
    size_t before = seen_by_another(), own = quota_bounded();
    void *p;

    quota_reserve(10 * MB);
    ck_assert_uint_ge(seen_by_another(), before + 10 * MB);
    ck_assert_uint_le(quota_bounded(), own + MB);
    p = mem_alloc(4 * MB); /* takes the place of as much */
    ck_assert_uint_lt(seen_by_another(), before + 11 * MB);
    quota_unreserve();
    ck_assert_uint_lt(seen_by_another(), before + 5 * MB);
    mem_free(p);
    quota_unreserve();
    ck_assert_uint_lt(seen_by_another(), before + MB);
}
END_TEST

static void *hold_buffer(void *arg)
{
    client_memory_add(-1000);
    return arg;
}

START_TEST(no_account_is_shown_below_zero)
{
    pthread_t t;

    client_memory_add(1000);
    pthread_create(&t, NULL, hold_buffer, NULL);
    pthread_join(t, NULL);
    client_memory_add(-2000);
    ck_assert_uint_eq(quota_clients(), 0);
    client_memory_add(2000);
    ck_assert_uint_eq(quota_clients(), 1000);
}
END_TEST

START_TEST(clients_may_take_what_is_left_to_both_ceilings)
{
    ck_assert(quota_clients_may_take((size_t)1 << 40)); /* there are none at first */
    client_memory_add(1000000);
    quota_set_ceilings(1500000, SIZE_MAX);
    ck_assert(quota_clients_may_take(500000));
    ck_assert(!quota_clients_may_take(500001));
    ck_assert(!quota_clients_may_take(SIZE_MAX));
    quota_set_ceilings(SIZE_MAX, mem_used() + 1000);
    ck_assert(quota_clients_may_take(1000));
    ck_assert(!quota_clients_may_take(1001));
    quota_set_ceilings(10, SIZE_MAX);
    ck_assert(!quota_clients_may_take(1));
}
END_TEST

START_TEST(more_freed_than_was_to_be_freed_fails_an_assertion)
{
    quota_free_later(10);
    quota_freed(11);
}
END_TEST

START_TEST(far_less_client_memory_than_none_fails_an_assertion)
{
    client_memory_add(-((int64_t)1 << 40));
}
END_TEST

START_TEST(a_blob_with_two_owners_fails_an_assertion)
{
    struct blob *b = blob_new(10);

    blob_own(b);
    blob_own(blob_ref(b));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("quota");
    TCase *tests = tcase_create("quota");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_test(tests, what_the_start_used_is_not_data);
    tcase_add_test(tests, the_accounts_add_up_to_the_memory_in_use);
    tcase_add_test(tests, a_deleted_value_that_a_reply_still_sends_is_pinned);
    tcase_add_test(tests, an_overwritten_value_that_a_reply_still_sends_is_pinned);
    tcase_add_test(tests, threads_count_clients_together);
    tcase_add_test(tests, other_threads_see_what_a_thread_has_reserved_until_it_is_in_use);
    tcase_add_test(tests, no_account_is_shown_below_zero);
    tcase_add_test(tests, clients_may_take_what_is_left_to_both_ceilings);
    tcase_add_test_raise_signal(tests, more_freed_than_was_to_be_freed_fails_an_assertion, SIGABRT);
    tcase_add_test_raise_signal(tests, far_less_client_memory_than_none_fails_an_assertion, SIGABRT);
    tcase_add_test_raise_signal(tests, a_blob_with_two_owners_fails_an_assertion, SIGABRT);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
