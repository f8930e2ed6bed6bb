/* SPDX-License-Identifier: BSD-3-Clause */
/* mem: memory allocation and accounting. */
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#ifdef HAVE_JEMALLOC
#include <jemalloc/jemalloc.h>
#endif

#include "base/mem.h"
#include "checks.h"
#include "seed.h"

/* More than any machine has, but small enough that the compiler does not warn. */
static volatile size_t absurd = SIZE_MAX / 2;

START_TEST(every_kind_of_block_is_counted_until_it_is_freed)
{
    size_t before = mem_used();
    void *blocks[] = {mem_alloc(100),         mem_zalloc(5000),       mem_aligned_zero(64, 128),
                      mem_try_alloc(1 << 20), mem_realloc(NULL, 300), mem_strdup("some text")};
    size_t sum = 0;

    for (size_t i = 0; i < sizeof(blocks) / sizeof(*blocks); i++)
        sum += mem_usable(blocks[i]);
    ck_assert_uint_eq(mem_used(), before + sum);
    for (size_t i = 0; i < sizeof(blocks) / sizeof(*blocks); i++)
        mem_free(blocks[i]);
    ck_assert_uint_eq(mem_used(), before);
}
END_TEST

START_TEST(mem_usable_size_is_the_usable_size_of_a_block)
{
    for (size_t n = 0; n < 20000; n++) {
        void *p = mem_alloc(n);

        ck_assert_uint_ge(mem_usable_size(n), n);
#ifdef HAVE_JEMALLOC
        ck_assert_uint_eq(mem_usable(p), mem_usable_size(n));
#else
        ck_assert_uint_ge(mem_usable(p), mem_usable_size(n));
#endif
        mem_free(p);
    }
}
END_TEST

START_TEST(mem_free_sized_subtracts_what_the_allocation_added)
{
    size_t before = mem_used();

    for (size_t n = 0; n < 20000; n++)
        mem_free_sized(mem_alloc(n), n);
    for (size_t n = 1; n < 20000; n += 13) {
        void *p = mem_realloc(mem_alloc(n), 20001 - n);

        mem_free_sized(p, 20001 - n);
    }
    mem_free_sized(NULL, 5);
    mem_free(NULL);
    ck_assert_uint_eq(mem_used(), before);
}
END_TEST

START_TEST(reallocation_keeps_the_bytes_and_counts_the_difference)
{
    size_t before = mem_used();
    char *p = mem_alloc(10);

    memset(p, 'a', 10);
    p = mem_realloc(p, 100000);
    ck_assert_int_eq(memcmp(p, "aaaaaaaaaa", 10), 0);
    ck_assert_uint_eq(mem_used(), before + mem_usable(p));
    p = mem_realloc(p, 5);
    ck_assert_int_eq(memcmp(p, "aaaaa", 5), 0);
    ck_assert_uint_eq(mem_used(), before + mem_usable(p));
    p = mem_realloc(p, 0);
    ck_assert_ptr_nonnull(p);
    mem_free(p);
    ck_assert_uint_eq(mem_used(), before);
}
END_TEST

START_TEST(zeroed_blocks_are_zero)
{
    for (size_t n = 1; n < 100000; n = n * 3 + 1) {
        unsigned char *p = mem_alloc(n);

        memset(p, 0xee, n);
        mem_free(p);
        p = mem_zalloc(n);
        for (size_t i = 0; i < n; i++)
            ck_assert_uint_eq(p[i], 0);
        mem_free(p);
    }
}
END_TEST

START_TEST(aligned_blocks_are_aligned_and_zero)
{
    for (size_t align = 1; align <= 65536; align *= 2) {
        unsigned char *p = mem_aligned_zero(align, 100);

        ck_assert_uint_eq((uintptr_t)p % align, 0);
        for (int i = 0; i < 100; i++)
            ck_assert_uint_eq(p[i], 0);
        memset(p, 0xee, 100);
        mem_free(p);
    }
}
END_TEST

START_TEST(copied_strings_end_with_a_nul)
{
    char *whole = mem_strdup("larder");
    char *part = mem_strndup("larder", 3);

    ck_assert_str_eq(whole, "larder");
    ck_assert_str_eq(part, "lar");
    mem_free(whole);
    mem_free(part);
}
END_TEST

START_TEST(mem_try_functions_return_null_for_an_impossible_size_and_change_nothing)
{
    size_t before = mem_used();
    char *p = mem_alloc(10);

    strcpy(p, "kept");
    ck_assert_ptr_null(mem_try_alloc(absurd));
    ck_assert_ptr_null(mem_try_realloc(p, absurd));
    ck_assert_str_eq(p, "kept");
    ck_assert_uint_eq(mem_used(), before + mem_usable(p));
    mem_free(p);
}
END_TEST

START_TEST(mem_alloc_ends_the_process_for_an_impossible_size)
{
    mem_alloc(absurd);
}
END_TEST

#define THREADS 4
static void *blocks[THREADS][1000];

static void *allocate_some(void *arg)
{
    void **mine = arg;

    for (int i = 0; i < 1000; i++)
        mine[i] = mem_alloc(100);
    mem_thread_done();
    return NULL;
}

static void *free_some(void *arg)
{
    void **mine = arg;

    for (int i = 0; i < 1000; i++)
        mem_free_sized(mine[i], 100);
    mem_thread_done();
    return NULL;
}

static void on_threads(void *(*what)(void *))
{
    pthread_t threads[THREADS];

    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, what, blocks[i]), 0);
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
}

START_TEST(threads_share_one_account_and_may_free_each_others_blocks)
{
    size_t before = mem_used();

    on_threads(allocate_some);
    ck_assert_uint_eq(mem_used(), before + THREADS * 1000 * mem_usable(blocks[0][0]));
    on_threads(free_some);
    ck_assert_uint_eq(mem_used(), before);
}
END_TEST

START_TEST(mem_used_is_never_negative)
{
    void *p = mem_alloc(1 << 20);

    mem_flush();
    ck_assert_uint_ge(mem_used(), 1 << 20);
    mem_free(p);
    ck_assert_uint_lt(mem_used(), 1 << 20);
}
END_TEST

START_TEST(the_peak_is_the_highest_sample)
{
    void *p;
    size_t high;

    mem_peak_reset();
    p = mem_alloc(1 << 20);
    mem_peak_sample();
    high = mem_used();
    mem_free(p);
    mem_peak_sample();
    ck_assert_uint_eq(mem_peak(), high);
    mem_peak_reset();
    ck_assert_uint_eq(mem_peak(), mem_used());
}
END_TEST

START_TEST(the_allocator_reports_its_name_and_statistics)
{
    struct mem_stats s;
    void *p = mem_zalloc(1 << 20);

    mem_stats(&s);
#ifdef HAVE_JEMALLOC
    ck_assert_int_eq(strncmp(mem_allocator(), "jemalloc-5.", 11), 0);
    ck_assert_uint_ge(s.allocated, 1 << 20);
    ck_assert_uint_ge(s.active, s.allocated);
    ck_assert_uint_ge(s.resident, s.active);
    ck_assert_uint_gt(s.metadata, 0);
#else
    ck_assert_str_eq(mem_allocator(), "libc");
    ck_assert_uint_eq(s.allocated, 0);
#endif
    mem_free(p);
}
END_TEST

START_TEST(the_allocator_uses_the_settings)
{
#ifdef HAVE_JEMALLOC
    ssize_t decay = 0;
    size_t n = sizeof(decay);

    ck_assert_int_eq(mallctl("opt.dirty_decay_ms", &decay, &n, NULL, 0), 0);
    ck_assert(decay == 1000 || getenv("MALLOC_CONF") != NULL);
#endif
}
END_TEST

START_TEST(resident_memory_grows_when_memory_is_touched)
{
    size_t n = 64 << 20;
    size_t before = mem_resident();
    void *p = mem_alloc(n);

    memset(p, 1, n);
    ck_assert_uint_ge(mem_resident(), before + n / 2);
    mem_free(p);
}
END_TEST

static void add_length(void *arg, const char *text)
{
    *(size_t *)arg += strlen(text);
}

START_TEST(the_report_of_the_allocator_is_text)
{
    size_t length = 0;

    mem_report(add_length, &length);
    ck_assert_uint_gt(length, 10);
}
END_TEST

START_TEST(purging_returns_free_pages)
{
    struct mem_stats before, after;
    enum { N = 64, SIZE = 1 << 20 };
    void *p[N];

    for (int i = 0; i < N; i++)
        memset(p[i] = mem_alloc(SIZE), 1, SIZE);
    mem_stats(&before);
    for (int i = 0; i < N; i++)
        mem_free(p[i]);
    mem_purge();
    mem_stats(&after);
#ifdef HAVE_JEMALLOC
    ck_assert_uint_le(after.resident, before.resident - N * SIZE / 2);
#else
    ck_assert_uint_eq(after.resident, before.resident);
#endif
}
END_TEST

static int64_t observed;

static void observe(int64_t change)
{
    observed += change;
}

START_TEST(a_thread_may_observe_what_it_adds_to_the_counter)
{
    void *p, *q;

    mem_flush();
    mem_observe(observe);
    p = mem_alloc(1 << 20);
    ck_assert_int_eq(observed, (int64_t)mem_usable(p));
    q = mem_alloc(100);
    mem_flush();
    ck_assert_int_eq(observed, (int64_t)(mem_usable(p) + mem_usable(q)));
    mem_free(p);
    mem_free(q);
    mem_flush();
    ck_assert_int_eq(observed, 0);
    mem_observe(NULL);
    mem_free(mem_alloc(1 << 20));
    mem_flush();
    ck_assert_int_eq(observed, 0);
}
END_TEST

START_TEST(the_background_thread_may_be_started_at_any_time)
{
    mem_start_background();
    mem_free(mem_alloc(1 << 20));
}
END_TEST

START_TEST(random_allocations_match_a_separate_sum)
{
    enum { SLOTS = 500 };
    static void *p[SLOTS];
    static size_t size[SLOTS];
    size_t start = mem_used();
    size_t sum = 0;

    seed_start(__func__);
    for (int i = 0; i < 50000; i++) {
        size_t k = seed_below(SLOTS);
        size_t n = seed_below(seed_below(100) == 0 ? 100000 : 500);

        if (p[k] != NULL)
            sum -= mem_usable(p[k]);
        if (p[k] != NULL && seed_below(2) == 0) {
            p[k] = mem_realloc(p[k], n);
        } else {
            if (seed_below(2) == 0)
                mem_free_sized(p[k], size[k]);
            else
                mem_free(p[k]);
            p[k] = mem_alloc(n);
        }
        size[k] = n ? n : 1;
        sum += mem_usable(p[k]);
        ck_assert_uint_eq(mem_used(), start + sum);
    }
    for (int k = 0; k < SLOTS; k++)
        mem_free(p[k]);
    ck_assert_uint_eq(mem_used(), start);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("mem");
    TCase *tests = tcase_create("mem");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_test(tests, every_kind_of_block_is_counted_until_it_is_freed);
    tcase_add_test(tests, mem_usable_size_is_the_usable_size_of_a_block);
    tcase_add_test(tests, mem_free_sized_subtracts_what_the_allocation_added);
    tcase_add_test(tests, reallocation_keeps_the_bytes_and_counts_the_difference);
    tcase_add_test(tests, zeroed_blocks_are_zero);
    tcase_add_test(tests, aligned_blocks_are_aligned_and_zero);
    tcase_add_test(tests, copied_strings_end_with_a_nul);
    tcase_add_test(tests, mem_try_functions_return_null_for_an_impossible_size_and_change_nothing);
    tcase_add_test_raise_signal(tests, mem_alloc_ends_the_process_for_an_impossible_size, SIGABRT);
    tcase_add_test(tests, threads_share_one_account_and_may_free_each_others_blocks);
    tcase_add_test(tests, mem_used_is_never_negative);
    tcase_add_test(tests, the_peak_is_the_highest_sample);
    tcase_add_test(tests, the_allocator_reports_its_name_and_statistics);
    tcase_add_test(tests, the_allocator_uses_the_settings);
    tcase_add_test(tests, resident_memory_grows_when_memory_is_touched);
    tcase_add_test(tests, the_report_of_the_allocator_is_text);
    tcase_add_test(tests, purging_returns_free_pages);
    tcase_add_test(tests, a_thread_may_observe_what_it_adds_to_the_counter);
    tcase_add_test(tests, the_background_thread_may_be_started_at_any_time);
    tcase_add_test(tests, random_allocations_match_a_separate_sum);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
