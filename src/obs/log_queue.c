/* SPDX-License-Identifier: BSD-3-Clause */
#include "obs/log_queue.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/lock.h"

#define QUEUE_BYTES (64 * 1024)
#define LINE_BYTES  2048 /* no line is longer */
#define WAIT_MS     1000

/* The lines, each behind its struct log_line, are at bytes[(first + i) % QUEUE_BYTES], 0 <= i < used. */
static struct {
    struct lock lock;
    size_t first, used;
    uint64_t lost; /* lines since the last one that was taken */
    bool writing;  /* a line that was taken is not written yet */
    _Atomic bool running, stopping, ended;
    sem_t work;
    pthread_t thread;
    log_queue_write *write;
    log_queue_report *report;
    char bytes[QUEUE_BYTES];
} queue = {.lock = LOCK_INIT(LOG_QUEUE)};

static void put(const void *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        queue.bytes[(queue.first + queue.used + i) % QUEUE_BYTES] = ((const char *)p)[i];
    queue.used += n;
    must(queue.used <= QUEUE_BYTES);
}

static void get(void *p, size_t n)
{
    must(n <= queue.used);
    for (size_t i = 0; i < n; i++)
        ((char *)p)[i] = queue.bytes[(queue.first + i) % QUEUE_BYTES];
    queue.first = (queue.first + n) % QUEUE_BYTES;
    queue.used -= n;
}

bool log_queue_add(const struct log_line *line, const char *bytes)
{
    bool fits;

    must(line->head <= line->n && line->n <= LINE_BYTES);
    if (!atomic_load_explicit(&queue.running, memory_order_acquire))
        return false;
    lock_take(&queue.lock);
    fits = queue.used + sizeof *line + line->n <= QUEUE_BYTES;
    if (fits) {
        put(line, sizeof *line);
        put(bytes, line->n);
    } else {
        queue.lost++;
    }
    lock_drop(&queue.lock);
    if (fits)
        sem_post(&queue.work);
    return true;
}

/* Writes the next line, and how many were lost. False: there was none. */
static bool write_next(void)
{
    char bytes[LINE_BYTES];
    struct log_line line;
    uint64_t lost;
    bool any;

    lock_take(&queue.lock);
    any = queue.writing = queue.used != 0;
    if (any) {
        get(&line, sizeof line);
        must(line.n <= sizeof bytes);
        get(bytes, line.n);
    }
    lost = queue.lost;
    queue.lost = 0;
    lock_drop(&queue.lock);
    if (any)
        queue.write(&line, bytes);
    lock_take(&queue.lock);
    queue.writing = false;
    lock_drop(&queue.lock);
    if (lost != 0)
        queue.report(lost);
    return any;
}

static void *main_loop(void *arg)
{
    (void)arg;
    for (;;) {
        while (sem_wait(&queue.work) != 0)
            ;
        if (!write_next() && atomic_load(&queue.stopping))
            break;
    }
    atomic_store(&queue.ended, true);
    return NULL;
}

void log_queue_start(log_queue_write *write, log_queue_report *report)
{
    must(!atomic_load(&queue.running));
    queue.write = write;
    queue.report = report;
    sem_init(&queue.work, 0, 0);
    atomic_store(&queue.stopping, false);
    atomic_store(&queue.ended, false);
    if (pthread_create(&queue.thread, NULL, main_loop, NULL) != 0)
        return; /* each thread writes its own lines, then */
    pthread_setname_np(queue.thread, "log");
    atomic_store_explicit(&queue.running, true, memory_order_release);
}

/* Waits for a millisecond. False: it is `until`. */
static bool wait_until(int64_t until)
{
    return clock_mono_ms() < until && nanosleep(&(struct timespec){0, 1000000}, NULL) == 0;
}

void log_queue_wait(void)
{
    int64_t until = clock_mono_ms() + WAIT_MS;
    bool busy;

    do {
        lock_take(&queue.lock);
        busy = queue.used != 0 || queue.writing;
        lock_drop(&queue.lock);
    } while (busy && wait_until(until));
}

void log_queue_stop(void)
{
    int64_t until = clock_mono_ms() + WAIT_MS;

    if (!atomic_load(&queue.running))
        return;
    atomic_store(&queue.stopping, true);
    sem_post(&queue.work);
    while (!atomic_load(&queue.ended))
        if (!wait_until(until))
            return; /* it cannot write: further lines are lost */
    pthread_join(queue.thread, NULL);
    atomic_store(&queue.running, false);
    sem_destroy(&queue.work);
}
