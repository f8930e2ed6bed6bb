/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * log_queue: lines of the log on their way to a thread that writes them.
 *
 * Role:    keeps 64 KiB of lines; what does not fit is counted and lost, and a later line says so.
 * Owns:    the thread and the lines.
 * Threads: log_queue_add any; the rest: the main thread.
 * Used by: log.
 * Why:     a pipe whose reader stands still, a full disk and a file on a network that hangs block the one who writes.
 *          No worker may wait for that: clients would wait with it.
 */
#ifndef LARDER_OBS_LOG_QUEUE_H
#define LARDER_OBS_LOG_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

struct log_line {
    int level;
    unsigned head; /* bytes of the prefix */
    unsigned n;    /* bytes with prefix and line end */
};

typedef void log_queue_write(const struct log_line *line, const char *bytes);
typedef void log_queue_report(uint64_t lost);

/* Starts the thread, which calls write for each line, and report where lines were lost. */
void log_queue_start(log_queue_write *write, log_queue_report *report);
/* Takes a copy of a line. False: there is no thread, and the caller writes the line itself. */
bool log_queue_add(const struct log_line *line, const char *bytes);
/* Waits until all lines are written, for a second at most. */
void log_queue_wait(void);
/* The same, and ends the thread if they are. */
void log_queue_stop(void);

#endif
