/* SPDX-License-Identifier: BSD-3-Clause */
#include "store/freer.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/resource.h>
#include <time.h>

#include "base/clock.h"
#include "base/lock.h"
#include "base/mem.h"
#include "base/pages.h"
#include "base/slab.h"
#include "store/quota.h"

#define TRIM_MS    1000
#define STEP_MS    20 /* between two steps of a trim, so that it leaves the processor to the workers */
#define STEP_BYTES ((size_t)4 << 20)
#define NICE       5 /* next to a busy worker it gets a quarter of the processor: enough to keep up */

#define JOB_MAGIC 0x4a4f4221u

struct job {
    uint32_t magic;
    struct job *next;
    void *p;
    void (*release)(void *p);
    size_t objects;
    size_t bytes; /* still in quota's account; decreases while the object is freed */
};

static struct lock queue_lock = LOCK_INIT(FREER);
static struct job *first GUARDED_BY(queue_lock);
static struct job **last GUARDED_BY(queue_lock) = &first;
static sem_t work; /* posted once per job, which another thread may have done by then, and once to stop */
static pthread_t thread;
static bool running;
static _Atomic bool stopping;
static _Atomic size_t pending, freed;     /* objects */
static _Thread_local struct job *current; /* that this thread is freeing */

/* Removes the first job from the queue if it has no more than `max` bytes; else returns NULL. */
static struct job *next_job(size_t max)
{
    struct job *j;

    lock_take(&queue_lock);
    j = first != NULL && first->bytes <= max ? first : NULL;
    if (j != NULL) {
        first = j->next;
        if (first == NULL)
            last = &first;
    }
    lock_drop(&queue_lock);
    return j;
}

/* Takes bytes of the current job off the account. */
static void take_off(size_t bytes)
{
    size_t n = bytes < current->bytes ? bytes : current->bytes;

    must_be(current, JOB_MAGIC);
    current->bytes -= n;
    quota_freed(n);
}

/* Called when the thread's memory in use has changed: takes what was freed off the account. */
static void see_freed(int64_t change)
{
    if (change < 0)
        take_off((size_t)-change);
}

/* Frees the object of the job, and the job. */
static void run_job(struct job *j)
{
    size_t before;

    must_be(j, JOB_MAGIC);
    must(current == NULL);
    mem_flush();
    current = j;
    mem_observe(see_freed);
    j->release(j->p);
    mem_flush();
    mem_observe(NULL);
    current = NULL;
    quota_freed(j->bytes);
    atomic_fetch_add(&freed, j->objects); /* first: a thread that reads pending as 0 then reads all that were freed */
    before = atomic_fetch_sub(&pending, j->objects);
    must(before >= j->objects);
    j->magic = 0;
    mem_free(j);
    mem_flush();
}

/* Waits for work, or for the request to stop, until `ms` of the monotonic clock. False: the time is up. */
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
    mem_start_background();                                            /* its thread inherits the priority */
    for (;;) {
        bool called = wait_until(trim);

        if (clock_mono_ms() >= trim)
            trim = clock_mono_ms() + (pages_trim(STEP_BYTES) ? STEP_MS : TRIM_MS);
        if (!called)
            continue;
        j = next_job(SIZE_MAX);
        if (j != NULL)
            run_job(j);
        else if (atomic_load(&stopping))
            break;
    }
    slab_thread_done();
    mem_thread_done();
    return NULL;
}

void freer_start(void)
{
    must(!running);
    sem_init(&work, 0, 0);
    atomic_store(&stopping, false);
    must(pthread_create(&thread, NULL, freer_main, NULL) == 0);
    running = true;
}

void freer_stop(void)
{
    if (!running)
        return;
    atomic_store(&stopping, true);
    sem_post(&work);
    pthread_join(thread, NULL);
    running = false;
    sem_destroy(&work);
}

void freer_expect(size_t objects, size_t bytes)
{
    atomic_fetch_add(&pending, objects);
    quota_free_later(bytes);
}

static void enqueue(struct job *j)
{
    must(j->next == NULL);
    lock_take(&queue_lock);
    *last = j;
    last = &j->next;
    lock_drop(&queue_lock);
    sem_post(&work);
}

void freer_hand_expected(void *p, void (*release)(void *p), size_t objects, size_t bytes)
{
    struct job *j = mem_alloc(sizeof *j);

    must(p != NULL && release != NULL && atomic_load(&pending) >= objects);
    *j = (struct job){JOB_MAGIC, NULL, p, release, objects, bytes};
    if (running)
        enqueue(j);
    else
        run_job(j);
}

void freer_hand(void *p, void (*release)(void *p), size_t objects, size_t bytes)
{
    must(p != NULL && release != NULL);
    if (current != NULL) { /* p is a part of the object that is being freed */
        release(p);
        atomic_fetch_add(&freed, objects);
        return;
    }
    if (!running) {
        release(p);
        return;
    }
    freer_expect(objects, bytes);
    freer_hand_expected(p, release, objects, bytes);
}

bool freer_help(size_t max)
{
    struct job *j = next_job(max);

    if (j != NULL)
        run_job(j);
    return j != NULL;
}

void freer_spare(size_t bytes)
{
    if (UNLIKELY(current != NULL))
        take_off(bytes);
}

size_t freer_pending(void)
{
    return atomic_load(&pending);
}

size_t freer_freed(void)
{
    return atomic_load(&freed);
}

void freer_reset_freed(void)
{
    atomic_store(&freed, 0);
}
