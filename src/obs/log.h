/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * log: lines for whoever runs the server.
 *
 * Role:    puts level, time and process before a text and appends it to a file or standard output, and to syslog if
 *          asked: "4711:M 22 Nov 2026 12:00:00.123 * text", which is the form that tools for Redis expect.
 * Owns:    the log file, if there is one.
 * Threads: any; one write(2) per line and no lock: the descriptor's number never changes once a file is open.
 * Used by: every room that is not pure data.
 */
#ifndef LARDER_OBS_LOG_H
#define LARDER_OBS_LOG_H

#include <stdbool.h>

enum log_level { LOG_DEBUG, LOG_VERBOSE, LOG_NOTICE, LOG_WARNING, LOG_NOTHING };

/* file: where lines are appended; NULL or "": standard output. Returns 0, or -errno if it cannot be opened: then
 * nothing has changed. */
int log_open(const char *file);
/* Opens the same file anew, for whoever has moved it away. Returns as log_open. */
int log_reopen(void);
/* Lines below this level are not written; LOG_NOTICE until told. */
void log_set_level(enum log_level level);
/* Whether a line of this level would be written: for lines that cost something to put together. */
bool log_wants(enum log_level level);
/* The lines also go to syslog under this identity; facility as in syslog(3). NULL: they do not. */
void log_syslog(const char *identity, int facility);
/* One line; cut at 1 KiB, line ends within it become spaces. Any thread; errno is as before. */
__attribute__((format(printf, 2, 3))) void log_write(enum log_level level, const char *format, ...);

#endif
