/* SPDX-License-Identifier: BSD-3-Clause */
/* slab: small blocks in steps of 8 bytes. */
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/lock.h"
#include "base/mem.h"
#include "base/pages.h"
#include "base/sanitize.h"
#include "base/slab.h"
#include "checks.h"
#include "seed.h"

#define MAX_SIZE (SLAB_LARGEST + 2000) /* the last ones are larger than any slab block */
#define FINE     1024                  /* up to here, sizes are 8 bytes apart */

/* .active: bytes of all slabs; .allocated: bytes of the blocks that have left them. */
static struct mem_stats slabs(void)
{
    struct mem_stats s = {0};

    slab_stats(&s);
    return s;
}

static void fill(void *p, size_t n, unsigned char with)
{
    memset(p, with, n);
}

static void check_filled(const void *p, size_t n, unsigned char with)
{
    const unsigned char *bytes = p;

    for (size_t i = 0; i < n; i++)
        if (bytes[i] != with)
            ck_abort_msg("byte %zu of %zu was written by somebody else", i, n);
}

START_TEST(blocks_are_aligned_to_8_bytes)
{
    for (size_t n = 0; n <= MAX_SIZE; n += n < FINE ? 1 : 13) {
        void *p = slab_alloc(n), *q = slab_alloc(n);

        ck_assert_uint_eq((uintptr_t)p % 8, 0);
        ck_assert_uint_eq((uintptr_t)q % 8, 0);
        slab_free(p, n);
        slab_free(q, n);
    }
}
END_TEST

START_TEST(a_block_of_a_power_of_two_up_to_64_lies_in_one_cache_line)
{
    for (size_t n = 8; n <= 64; n *= 2)
        for (int i = 0; i < 3000; i++) {
            void *p = slab_alloc(n);

            ck_assert(SANITIZE_ADDRESS || (uintptr_t)p % n == 0);
            slab_free(p, n);
        }
}
END_TEST

START_TEST(a_small_block_takes_its_size_rounded_up_to_8_and_a_large_one_little_more)
{
    for (size_t n = 1; n <= MAX_SIZE; n++) {
        size_t usable = slab_usable_size(n);

        if (SANITIZE_ADDRESS || n > SLAB_LARGEST)
            ck_assert_uint_eq(usable, mem_usable_size(n));
        else if (n <= FINE)
            ck_assert_uint_eq(usable, (n + 7) / 8 * 8);
        else
            ck_assert(usable >= n && usable <= n + n / 5 && usable % 8 == 0 && slab_usable_size(usable) == usable);
    }
}
END_TEST

START_TEST(all_of_the_room_may_be_written)
{
    enum { N = 100 };
    void *p[N];

    for (size_t n = 0; n <= MAX_SIZE; n += n < FINE ? 7 : 701) {
        for (int i = 0; i < N; i++)
            fill(p[i] = slab_alloc(n), slab_room(n), (unsigned char)i);
        for (int i = 0; i < N; i++) {
            check_filled(p[i], slab_room(n), (unsigned char)i);
            slab_free(p[i], n);
        }
    }
}
END_TEST

START_TEST(a_block_is_counted_by_its_usable_size_until_it_is_freed)
{
    size_t before = mem_used();

    for (size_t n = 1; n <= MAX_SIZE; n += n < FINE ? 5 : 101) {
        void *p = slab_alloc(n);

        ck_assert_uint_ge(mem_used(), before + slab_usable_size(n));
#ifdef HAVE_JEMALLOC
        ck_assert_uint_eq(mem_used(), before + slab_usable_size(n));
#endif
        slab_free(p, n);
        ck_assert_uint_eq(mem_used(), before);
    }
}
END_TEST

/* At most one slab of each size is kept, and the blocks in the thread's magazines. */
START_TEST(freeing_all_blocks_of_a_size_returns_its_slabs)
{
    enum { N = 50000 };
    static void *p[N];
    static const size_t sizes[] = {8, 24, 32, 152, 520, FINE};

    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        struct mem_stats before = slabs();

        for (int i = 0; i < N; i++)
            p[i] = slab_alloc(sizes[s]);
        ck_assert(SANITIZE_ADDRESS || slabs().active >= before.active + N * sizes[s]);
        for (int i = 0; i < N; i++)
            slab_free(p[i * 7919L % N], sizes[s]);
        slab_thread_done();
        ck_assert_uint_eq(slabs().allocated, before.allocated);
        ck_assert_uint_le(slabs().active, before.active + PAGES_BYTES);
    }
}
END_TEST

/* Nine of ten blocks are freed; new blocks fill the gaps. */
START_TEST(gaps_are_filled_before_a_new_slab_is_made)
{
    enum { N = 100000, SIZE = 40 };
    static void *p[N];
    size_t active;

    for (int i = 0; i < N; i++)
        p[i] = slab_alloc(SIZE);
    active = slabs().active;
    for (int i = 0; i < N; i++)
        if (i % 10 != 0)
            slab_free(p[i], SIZE);
    for (int i = 0; i < N; i++)
        if (i % 10 != 0)
            p[i] = slab_alloc(SIZE);
    ck_assert_uint_le(slabs().active, active + PAGES_BYTES);
    for (int i = 0; i < N; i++)
        slab_free(p[i], SIZE);
}
END_TEST

/* A slab with few blocks in use is left to become empty while others are filled. */
START_TEST(nearly_empty_slabs_are_filled_last)
{
    enum { N = 100000, SIZE = 64 };
    static void *p[N];
    size_t before;

    for (int i = 0; i < N; i++)
        p[i] = slab_alloc(SIZE);
    before = slabs().active;
    for (int i = 0; i < N / 2; i++) /* half of the slabs keep 1/16 of their blocks, the others 15/16 */
        if (i % 16 != 0)
            slab_free(p[i], SIZE);
    for (int i = N / 2; i < N; i++)
        if (i % 16 == 0)
            slab_free(p[i], SIZE);
    for (int i = N / 2; i < N; i++)
        if (i % 16 == 0)
            p[i] = slab_alloc(SIZE);
    for (int i = 0; i < N / 2; i += 16)
        slab_free(p[i], SIZE);
    slab_thread_done();
    ck_assert(SANITIZE_ADDRESS || slabs().active <= before * 55 / 100);
    for (int i = N / 2; i < N; i++)
        slab_free(p[i], SIZE);
}
END_TEST

#define THREADS 4
#define EACH    5000
static void *blocks[THREADS][EACH];

static size_t size_at(int i)
{
    return 8 + (size_t)i * 37 % 600;
}

static void *allocate_some(void *arg)
{
    void **mine = arg;

    for (int i = 0; i < EACH; i++)
        fill(mine[i] = slab_alloc(size_at(i)), size_at(i), (unsigned char)i);
    slab_thread_done();
    mem_thread_done();
    return NULL;
}

static void *free_some(void *arg)
{
    void **mine = arg;

    for (int i = 0; i < EACH; i++) {
        check_filled(mine[i], size_at(i), (unsigned char)i);
        slab_free(mine[i], size_at(i));
    }
    slab_thread_done();
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

START_TEST(any_thread_may_free_what_another_one_allocated)
{
    size_t before = mem_used(), held = slabs().allocated;

    on_threads(allocate_some);
    on_threads(free_some);
    ck_assert_uint_eq(mem_used(), before);
    ck_assert_uint_eq(slabs().allocated, held);
}
END_TEST

static void *leave_some_at_hand(void *arg)
{
    for (size_t n = 8; n <= SLAB_LARGEST; n += 8)
        slab_free(slab_alloc(n), n);
    slab_thread_done();
    mem_thread_done();
    return arg;
}

START_TEST(slab_thread_done_empties_the_magazines)
{
    size_t before = slabs().allocated;

    on_threads(leave_some_at_hand);
    ck_assert_uint_eq(slabs().allocated, before);
}
END_TEST

START_TEST(a_thread_may_go_on_after_slab_thread_done)
{
    void *p;

    slab_thread_done();
    slab_thread_done();
    p = slab_alloc(32);
    fill(p, 32, 1);
    slab_free(p, 32);
    slab_thread_done();
}
END_TEST

/* Slots through which threads exchange blocks: each takes out what another one may have put in. */
#define PLACES 512
static struct {
    struct lock lock;
    size_t size;
    void *p;
} places[PLACES];

static void *exchange(void *arg)
{
    uint64_t random = (uint64_t)(uintptr_t)arg;

    for (unsigned round = 0; round < 100000; round++) {
        size_t size, n;
        void *p, *mine;
        unsigned k;

        random = random * 6364136223846793005u + 1442695040888963407u;
        k = (unsigned)(random >> 33) % PLACES;
        n = 8 + (random >> 50) % 12 * 8;
        fill(mine = slab_alloc(n), n, (unsigned char)k);
        lock_take(&places[k].lock);
        p = places[k].p;
        size = places[k].size;
        places[k].p = mine;
        places[k].size = n;
        lock_drop(&places[k].lock);
        if (p == NULL)
            continue;
        check_filled(p, size, (unsigned char)k);
        slab_free(p, size);
    }
    slab_thread_done();
    mem_thread_done();
    return NULL;
}

START_TEST(threads_that_exchange_blocks_never_get_the_same_one)
{
    size_t before = mem_used(), held = slabs().allocated;
    pthread_t threads[THREADS];

    for (unsigned k = 0; k < PLACES; k++)
        lock_init(&places[k].lock, LOCK_SHARD, k);
    for (uintptr_t i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, exchange, (void *)(i + 1)), 0);
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
    for (unsigned k = 0; k < PLACES; k++)
        if (places[k].p != NULL)
            slab_free(places[k].p, places[k].size);
    slab_thread_done();
    ck_assert_uint_eq(mem_used(), before);
    ck_assert_uint_eq(slabs().allocated, held);
}
END_TEST

/* The model is a list of the blocks in use: size and fill byte. */
START_TEST(random_blocks_keep_their_content_until_they_are_freed)
{
    enum { SLOTS = 20000, STEPS = 300000 };
    static struct {
        unsigned char *p;
        size_t size;
        unsigned char with;
    } model[SLOTS];
    size_t start = mem_used();

    seed_start(__func__);
    for (int step = 0; step < STEPS; step++) {
        size_t k = seed_below(SLOTS);

        if (model[k].p != NULL) {
            check_filled(model[k].p, model[k].size, model[k].with);
            slab_free(model[k].p, model[k].size);
            model[k].p = NULL;
        }
        if (step < STEPS / 2 || seed_below(3) == 0) { /* grows, then shrinks */
            model[k].size = seed_below(seed_below(100) == 0 ? MAX_SIZE : seed_below(4) == 0 ? 2 * FINE : 100);
            model[k].with = (unsigned char)seed_u64();
            fill(model[k].p = slab_alloc(model[k].size), model[k].size, model[k].with);
        }
    }
    for (size_t k = 0; k < SLOTS; k++)
        if (model[k].p != NULL) {
            check_filled(model[k].p, model[k].size, model[k].with);
            slab_free(model[k].p, model[k].size);
        }
    ck_assert_uint_eq(mem_used(), start);
}
END_TEST

#if !SANITIZE_ADDRESS
START_TEST(freeing_a_block_twice_fails_an_assertion)
{
    void *p = slab_alloc(32);

    slab_free(p, 32);
    slab_thread_done();
    slab_free(p, 32);
    slab_thread_done();
}
END_TEST

START_TEST(freeing_a_block_with_another_size_fails_an_assertion)
{
    slab_free(slab_alloc(32), 40);
    slab_thread_done();
}
END_TEST
#endif

int main(void)
{
    Suite *suite = suite_create("slab");
    TCase *tests = tcase_create("slab");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, blocks_are_aligned_to_8_bytes);
    tcase_add_test(tests, a_block_of_a_power_of_two_up_to_64_lies_in_one_cache_line);
    tcase_add_test(tests, a_small_block_takes_its_size_rounded_up_to_8_and_a_large_one_little_more);
    tcase_add_test(tests, all_of_the_room_may_be_written);
    tcase_add_test(tests, a_block_is_counted_by_its_usable_size_until_it_is_freed);
    tcase_add_test(tests, freeing_all_blocks_of_a_size_returns_its_slabs);
    tcase_add_test(tests, gaps_are_filled_before_a_new_slab_is_made);
    tcase_add_test(tests, nearly_empty_slabs_are_filled_last);
    tcase_add_test(tests, any_thread_may_free_what_another_one_allocated);
    tcase_add_test(tests, slab_thread_done_empties_the_magazines);
    tcase_add_test(tests, a_thread_may_go_on_after_slab_thread_done);
    tcase_add_test(tests, threads_that_exchange_blocks_never_get_the_same_one);
    tcase_add_test(tests, random_blocks_keep_their_content_until_they_are_freed);
#if !SANITIZE_ADDRESS
    tcase_add_test_raise_signal(tests, freeing_a_block_twice_fails_an_assertion, SIGABRT);
    tcase_add_test_raise_signal(tests, freeing_a_block_with_another_size_fails_an_assertion, SIGABRT);
#endif
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
