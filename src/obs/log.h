/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * log: the server's log.
 *
 * Role:    prefixes a text with process, time and level, and writes it to a file or the standard output, and to syslog
 *          if enabled: "4711:M 22 Nov 2026 12:00:00.123 * text", the format that tools for Redis expect.
 * Owns:    the log file, if there is one.
 * Threads: any. From log_start to log_stop a thread writes the lines (log_queue.h), so that none waits for the file.
 *          Before and after, each thread writes its own: one write(2) per line and no lock, since the number of the
 *          descriptor does not change once a file is open.
 * Used by: every room that is not pure data.
 */
#ifndef LARDER_OBS_LOG_H
#define LARDER_OBS_LOG_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum log_level { LOG_DEBUG, LOG_VERBOSE, LOG_NOTICE, LOG_WARNING, LOG_NOTHING };

/* Appends all further lines to `file`; NULL or "": the standard output. Returns 0, or -errno if it cannot be opened;
 * then nothing has changed. */
int log_open(const char *file);
/* Opens the file again after it has been renamed. Returns as log_open. */
int log_reopen(void);
/* Sets the lowest level that is written; LOG_NOTICE by default. */
void log_set_level(enum log_level level);
/* Whether a line of this level would be written; for lines that are costly to format. */
bool log_wants(enum log_level level);
/* Also sends the lines to syslog under this identity; facility as in syslog(3). NULL: stops that. */
void log_syslog(const char *identity, int facility);
/* Writes one line, truncated at 1 KiB; control characters in it become spaces. Preserves errno. */
__attribute__((format(printf, 2, 3))) void log_write(enum log_level level, const char *format, ...);
/* Starts the thread that writes the lines; log_stop writes what is left, for a second at most. */
void log_start(void);
void log_stop(void);
/* The descriptor that lines are written to. */
int log_descriptor(void);

/* For lines that clients cause: at most one a second. All zero: none yet. */
struct log_limit {
    _Atomic int64_t next; /* when a line is allowed again; ms, monotonic */
    _Atomic uint64_t skipped;
};
/* Whether a line may be written now. *skipped: the number of those that were not allowed since the last one. */
bool log_allows(struct log_limit *l, uint64_t *skipped);

#endif
