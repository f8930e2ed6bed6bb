/* SPDX-License-Identifier: BSD-3-Clause */
#include "store/freer.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <time.h>

#include "base/clock.h"
#include "base/lock.h"
#include "base/mem.h"
#include "base/pages.h"
#include "base/slab.h"

#define TRIM_MS    1000
#define STEP_MS    20                /* between two steps of a trim: it shall not take a worker's processor for long */
#define STEP_BYTES ((size_t)4 << 20)
#define NICE       5                 /* a busy worker leaves it a quarter of its processor: enough to free what comes */

struct job {
    struct job *next;
    void *p;
    void (*release)(void *p);
    size_t weight;
};

static struct lock queue_lock = LOCK_INIT(FREER);
static struct job *first GUARDED_BY(queue_lock);
static struct job **last GUARDED_BY(queue_lock) = &first;
static sem_t work; /* posted once per job, and once to stop */
static pthread_t thread;
static bool running;
static _Atomic size_t pending, announced, freed;

static struct job *next_job(void)
{
    struct job *j;

    lock_take(&queue_lock);
    j = first;
    if (j != NULL) {
        first = j->next;
        if (first == NULL)
            last = &first;
    }
    lock_drop(&queue_lock);
    return j;
}

/* Whether there is work, or an end; no later than at `ms` of the monotonic clock. */
static bool wait_until(int64_t ms)
{
    struct timespec t = {ms / 1000, ms % 1000 * 1000000};

    while (sem_clockwait(&work, CLOCK_MONOTONIC, &t) != 0)
        if (errno == ETIMEDOUT)
            return false;
    return true;
}

static void *freer_main(void *arg)
{
    int64_t trim = clock_mono_ms() + TRIM_MS;
    struct job *j;

    (void)arg;
    setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0) + NICE); /* of this thread alone */
    mem_start_background(); /* its thread inherits the priority */
    for (;;) {
        bool called = wait_until(trim);

        if (clock_mono_ms() >= trim)
            trim = clock_mono_ms() + (pages_trim(STEP_BYTES) ? STEP_MS : TRIM_MS);
        if (!called)
            continue;
        j = next_job();
        if (j == NULL)
            break;
        j->release(j->p);
        atomic_fetch_add(&freed, j->weight); /* first: who sees that none is pending sees all that were freed */
        atomic_fetch_sub(&pending, j->weight);
        mem_free(j);
        mem_flush();
    }
    slab_thread_done();
    mem_thread_done();
    return NULL;
}

void freer_start(void)
{
    sem_init(&work, 0, 0);
    must(pthread_create(&thread, NULL, freer_main, NULL) == 0);
    running = true;
}

void freer_stop(void)
{
    if (!running)
        return;
    sem_post(&work);
    pthread_join(thread, NULL);
    running = false;
    sem_destroy(&work);
}

void freer_hand(void *p, void (*release)(void *p), size_t weight)
{
    struct job *j;

    if (!running) {
        release(p);
        return;
    }
    j = mem_alloc(sizeof *j);
    *j = (struct job){NULL, p, release, weight};
    atomic_fetch_add(&pending, weight);
    lock_take(&queue_lock);
    *last = j;
    last = &j->next;
    lock_drop(&queue_lock);
    sem_post(&work);
}

void freer_announce(ptrdiff_t weight)
{
    atomic_fetch_add(&announced, (size_t)weight);
}

size_t freer_pending(void)
{
    return atomic_load(&pending) + atomic_load(&announced);
}

size_t freer_freed(void)
{
    return atomic_load(&freed);
}

void freer_reset_freed(void)
{
    atomic_store(&freed, 0);
}
