/* SPDX-License-Identifier: BSD-3-Clause */
#include "obs/log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/lock.h"
#include "base/mem.h"
#include "obs/log_queue.h"
#include "obs/syslog.h"

#define LINE_MAX_BYTES 1024
#define LIMIT_MS       1000 /* between two lines of a struct log_limit */
#define ROLE           'M' /* Redis's letter for a server that is not a replica */

static struct {
    struct lock lock; /* guards opening; writers read the atomics only */
    char *file;       /* NULL: standard output */
    _Atomic int fd;
    _Atomic int level;
    _Atomic bool syslog;
} state = {.lock = LOCK_INIT(LOG), .fd = STDOUT_FILENO, .level = LOG_NOTICE};

/* Redirects the log to the file of `fd`; takes `fd`. */
static void switch_to(int fd)
{
    int old = atomic_load(&state.fd);

    lock_must_hold(&state.lock);
    /* A writer may have loaded the old number already, so it must always be a descriptor of the log. */
    if (old == STDOUT_FILENO) {
        atomic_store(&state.fd, fd);
        return;
    }
    dup3(fd, old, O_CLOEXEC);
    close(fd);
}

/* Returns a descriptor or -errno. */
static int open_target(const char *file)
{
    /* A FIFO without a reader is an error: opening it would wait. */
    int fd = file ? open(file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0644)
                  : fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);

    if (fd < 0)
        return -errno;
    if (file)
        fcntl(fd, F_SETFL, O_APPEND);
    return fd;
}

int log_open(const char *file)
{
    int fd;

    if (file && !*file)
        file = NULL;
    lock_take(&state.lock);
    fd = open_target(file);
    if (fd >= 0) {
        char *copy = file ? mem_strdup(file) : NULL;

        switch_to(fd);
        mem_free(state.file);
        state.file = copy;
    }
    lock_drop(&state.lock);
    return fd < 0 ? fd : 0;
}

int log_reopen(void)
{
    int fd = 0;

    log_queue_wait(); /* what was logged before goes into the old file */
    lock_take(&state.lock);
    if (state.file) {
        fd = open_target(state.file);
        if (fd >= 0)
            switch_to(fd);
    }
    lock_drop(&state.lock);
    return fd < 0 ? fd : 0;
}

void log_set_level(enum log_level level)
{
    must(level <= LOG_NOTHING);
    atomic_store_explicit(&state.level, (int)level, memory_order_relaxed);
}

bool log_wants(enum log_level level)
{
    return (int)level >= atomic_load_explicit(&state.level, memory_order_relaxed);
}

void log_syslog(const char *identity, int facility)
{
    lock_take(&state.lock);
    atomic_store(&state.syslog, false);
    if (identity) {
        syslog_start(identity, facility);
        atomic_store(&state.syslog, true);
    } else {
        syslog_stop();
    }
    lock_drop(&state.lock);
}

/* Writes the prefix of a line; returns its length. */
static int format_head(char *p, size_t size, enum log_level level)
{
    int64_t ms = clock_ms();
    time_t seconds = (time_t)(ms / 1000);
    struct tm tm;
    char date[32];

    localtime_r(&seconds, &tm);
    strftime(date, sizeof(date), "%d %b %Y %H:%M:%S", &tm);
    return snprintf(p, size, "%d:%c %s.%03d %c ", (int)getpid(), ROLE, date, (int)(ms % 1000), ".-*#"[level]);
}

int log_descriptor(void)
{
    return atomic_load_explicit(&state.fd, memory_order_relaxed);
}

static void send_to_syslog(int level, const char *text)
{
    static const enum syslog_severity severities[] = {SYSLOG_DEBUG, SYSLOG_INFO, SYSLOG_NOTICE, SYSLOG_WARNING};

    must(level <= LOG_WARNING);
    syslog_send(severities[level], text);
}

static void put_line(const struct log_line *line, const char *bytes)
{
    must(line->n > line->head && line->n <= LINE_MAX_BYTES && bytes[line->n - 1] == '\n');
    if (atomic_load_explicit(&state.syslog, memory_order_acquire)) {
        char text[LINE_MAX_BYTES];

        memcpy(text, bytes + line->head, line->n - line->head - 1);
        text[line->n - line->head - 1] = '\0';
        send_to_syslog(line->level, text);
    }
    /* The server keeps running if the log cannot be written, and has no other place to report that. */
    if (write(log_descriptor(), bytes, line->n) < 0)
        return;
}

void log_write(enum log_level level, const char *format, ...)
{
    char line[LINE_MAX_BYTES + 1];
    int head, n, saved = errno;
    struct log_line to;
    va_list args;

    if (level >= LOG_NOTHING || !log_wants(level))
        return;
    head = format_head(line, sizeof(line), level);
    must(head > 0 && head < LINE_MAX_BYTES / 2);
    va_start(args, format);
    n = vsnprintf(line + head, sizeof(line) - (size_t)head, format, args);
    va_end(args);
    must(n >= 0);
    n = head + n < LINE_MAX_BYTES ? head + n : LINE_MAX_BYTES - 1;
    for (char *p = line + head; p < line + n; p++)
        *p = (unsigned char)*p < ' ' || *p == 0x7f ? ' ' : *p; /* a client's line ends and escape sequences */
    line[n++] = '\n';
    to = (struct log_line){(int)level, (unsigned)head, (unsigned)n};
    if (!log_queue_add(&to, line))
        put_line(&to, line);
    errno = saved;
}

static void report_lost(uint64_t lines)
{
    log_write(LOG_WARNING, "%" PRIu64 " lines of the log are lost here: they could not be written in time", lines);
}

void log_start(void)
{
    log_queue_start(put_line, report_lost);
}

void log_stop(void)
{
    log_queue_stop();
}

bool log_allows(struct log_limit *l, uint64_t *skipped)
{
    int64_t now = clock_mono_ms(), next = atomic_load(&l->next);

    if (now < next || !atomic_compare_exchange_strong(&l->next, &next, now + LIMIT_MS)) {
        atomic_fetch_add(&l->skipped, 1);
        return false;
    }
    *skipped = atomic_exchange(&l->skipped, 0);
    return true;
}
