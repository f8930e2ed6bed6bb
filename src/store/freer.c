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
#define STEP_BYTES ((size_t)4 << 20) /* at least; see pages_trim */
#define NICE       5     /* next to a busy worker it gets a quarter of the processor: enough to keep up */
#define ELEMENTS   256   /* of a part: some ten microseconds */
#define BUSY_NS    50000 /* before a thread looks again whether another one has returned an object to the queue */

#define JOB_MAGIC 0x4a4f4221u

struct job {
    uint32_t magic;
    struct job *next;
    void *p;
    freer_part *part;
    size_t objects;
    size_t bytes;            /* still in quota's account; decreases while the object is freed */
    struct freer_wait *wait; /* NULL: nobody waits for it */
    struct job *nested;      /* large parts of the object that were found in the part being freed: jobs of their own */
};

static struct lock queue_lock = LOCK_INIT(FREER);
static struct job *first GUARDED_BY(queue_lock);
static struct job **last GUARDED_BY(queue_lock) = &first;
static size_t taken GUARDED_BY(queue_lock); /* jobs of which a thread is freeing a part */
static sem_t work;                          /* posted for each job that comes into the queue, and once to stop */
static pthread_t thread;
static bool running;
static _Atomic bool stopping;
static _Atomic size_t pending, freed; /* objects */

static _Thread_local struct job *current;      /* of which this thread is freeing a part */
static _Thread_local size_t part_bytes;        /* that this part has freed */
static _Thread_local size_t debt;              /* bytes that this thread has to free */
static _Thread_local struct freer_wait *waits; /* between freer_wait_begin and freer_wait_end */

/* ---- the queue ---- */

static void push_front(struct job *j) REQUIRES(queue_lock)
{
    j->next = first;
    if (first == NULL)
        last = &j->next;
    first = j;
}

static void push_back(struct job *j) REQUIRES(queue_lock)
{
    j->next = NULL;
    *last = j;
    last = &j->next;
}

/* Takes the first job out of the queue. NULL: it is empty; *busy: other threads have taken jobs. */
static struct job *next_job(bool *busy)
{
    struct job *j;

    lock_take(&queue_lock);
    j = first;
    *busy = j == NULL && taken != 0;
    if (j != NULL) {
        first = j->next;
        if (first == NULL)
            last = &first;
        taken++;
    }
    lock_drop(&queue_lock);
    return j;
}

static void enqueue(struct job *j)
{
    must(j->next == NULL);
    lock_take(&queue_lock);
    if (j->wait != NULL) {
        j->wait->left++;
        push_front(j);
    } else {
        push_back(j);
    }
    lock_drop(&queue_lock);
    sem_post(&work);
}

/* After a part of j: returns j to the front of the queue, unless it is done, and its nested jobs before it. So an
 * object is freed with all that belongs to it before the next one, and the queue stays short. */
static void requeue(struct job *j, bool done)
{
    lock_take(&queue_lock);
    must(taken > 0);
    taken--;
    if (!done)
        push_front(j);
    for (struct job *n = j->nested, *next; n != NULL; n = next) {
        next = n->next;
        if (n->wait != NULL)
            n->wait->left++;
        push_front(n);
    }
    j->nested = NULL;
    if (done && j->wait != NULL) {
        must(j->wait->left > 0);
        j->wait->left--;
    }
    lock_drop(&queue_lock);
}

/* ---- a job ---- */

static struct job *job_new(void *p, freer_part *part, size_t objects, size_t bytes, struct freer_wait *wait)
{
    struct job *j = mem_alloc(sizeof *j);

    *j = (struct job){JOB_MAGIC, NULL, p, part, objects, bytes, wait, NULL};
    return j;
}

/* Takes bytes of the current job off its account; returns how many it had. */
static size_t take_off(size_t bytes)
{
    size_t n = bytes < current->bytes ? bytes : current->bytes;

    must_be(current, JOB_MAGIC);
    current->bytes -= n;
    return n;
}

/* Called when the thread's memory in use has changed: takes what was freed off the account. */
static void see_freed(int64_t change)
{
    size_t n = change < 0 ? take_off((size_t)-change) : 0;

    part_bytes += n;
    quota_freed(n);
}

/* The object of the job is freed. */
static void count_done(const struct job *j)
{
    size_t before;

    quota_freed(j->bytes);
    atomic_fetch_add(&freed, j->objects); /* first: a thread that reads pending as 0 then reads all that were freed */
    before = atomic_fetch_sub(&pending, j->objects);
    must(before >= j->objects);
}

static void job_free(struct job *j)
{
    must(j->nested == NULL);
    j->magic = 0;
    mem_free(j);
    mem_flush();
}

/* Frees a part of the job's object, and the job with the last one. Returns the bytes that were freed. */
static size_t run_part(struct job *j)
{
    mem_seen *before;
    bool done;

    must_be(j, JOB_MAGIC);
    must(current == NULL);
    mem_flush();
    current = j;
    part_bytes = 0;
    before = mem_observe(see_freed);
    done = j->part(j->p, ELEMENTS);
    mem_flush();
    mem_observe(before);
    current = NULL;
    if (done) {
        part_bytes += j->bytes;
        count_done(j);
    }
    requeue(j, done);
    if (done)
        job_free(j);
    return part_bytes;
}

/* ---- the thread ---- */

/* Waits for work, or for the request to stop, until `ms` of the monotonic clock. False: the time is up. */
static bool wait_until(int64_t ms)
{
    struct timespec t = {ms / 1000, ms % 1000 * 1000000};

    while (sem_clockwait(&work, CLOCK_MONOTONIC, &t) != 0)
        if (errno == ETIMEDOUT)
            return false;
    return true;
}

/* Returns idle memory to the kernel if it is time; then sets when it is next. */
static void trim(int64_t *at)
{
    int64_t now = clock_mono_ms();

    if (now >= *at)
        *at = now + (pages_trim(STEP_BYTES) ? STEP_MS : TRIM_MS);
}

static void *freer_main(void *arg)
{
    int64_t trim_at = clock_mono_ms() + TRIM_MS;
    struct job *j;
    bool busy;

    (void)arg;
    setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0) + NICE); /* of this thread alone */
    mem_start_background();                                            /* its thread inherits the priority */
    while (!atomic_load(&stopping)) {
        bool called = wait_until(trim_at);

        trim(&trim_at);
        while (called && !atomic_load(&stopping) && (j = next_job(&busy)) != NULL) {
            run_part(j);
            trim(&trim_at);
        }
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

/* ---- handing over ---- */

void freer_hand(void *p, freer_part *part, size_t objects, size_t bytes)
{
    must(p != NULL && part != NULL);
    if (current != NULL) { /* p is a part of the object that is being freed, and its bytes are among the object's */
        struct job *j = job_new(p, part, 0, take_off(bytes), current->wait);

        j->next = current->nested;
        current->nested = j;
        return;
    }
    if (!running) {
        while (!part(p, SIZE_MAX))
            ;
        return;
    }
    if (quota_freeing() > FREER_BACKLOG)
        debt += bytes;
    atomic_fetch_add(&pending, objects);
    quota_free_later(bytes);
    enqueue(job_new(p, part, objects, bytes, waits));
}

void freer_count(size_t objects)
{
    atomic_fetch_add(&freed, objects);
}

void freer_keep(size_t bytes)
{
    size_t n = current != NULL ? take_off(bytes) : 0;

    quota_free_later(bytes - n);
}

void freer_spare(size_t bytes)
{
    if (UNLIKELY(current != NULL))
        quota_freed(take_off(bytes));
}

/* ---- helping ---- */

/* As freer_help. *bytes: that were freed. */
static bool help(size_t *bytes)
{
    bool busy;
    struct job *j = next_job(&busy);

    *bytes = 0;
    if (j != NULL) {
        *bytes = run_part(j);
        if (running)
            sem_post(&work); /* the rest of it is in the queue again */
    } else if (busy) {
        nanosleep(&(struct timespec){0, BUSY_NS}, NULL);
    }
    return j != NULL || busy;
}

bool freer_help(void)
{
    size_t bytes;

    return help(&bytes);
}

void freer_pay(void)
{
    size_t bytes;

    while (UNLIKELY(debt != 0)) {
        if (quota_freeing() <= FREER_BACKLOG || !help(&bytes)) {
            debt = 0;
            return;
        }
        debt -= bytes < debt ? bytes : debt;
    }
}

void freer_wait_begin(struct freer_wait *w)
{
    must(waits == NULL);
    waits = w;
}

void freer_wait_end(void)
{
    must(waits != NULL);
    waits = NULL;
}

static size_t left_of(const struct freer_wait *w)
{
    size_t n;

    lock_take(&queue_lock);
    n = w->left;
    lock_drop(&queue_lock);
    return n;
}

void freer_wait(struct freer_wait *w)
{
    size_t bytes;

    while (left_of(w) != 0)
        help(&bytes);
}

void freer_drain(void)
{
    size_t bytes;

    while (help(&bytes))
        ;
}

/* ---- for INFO ---- */

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
