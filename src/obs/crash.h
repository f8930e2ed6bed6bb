/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * crash: what a crash leaves in the log.
 *
 * Role:    on a fatal signal, and when an assertion fails, writes version, signal, thread, last command and backtrace to
 *          the log, and lets the signal end the process, with a core dump if those are enabled.
 * Owns:    the signal handlers, and a signal stack for each thread that asks for one.
 * Threads: crash_install: the main thread, before others start. The handler runs on the thread that crashes; its report
 *          bypasses the log's queue.
 * Used by: main, net/worker.
 * Why:     nothing of a client's data is written: neither arguments nor the stack.
 */
#ifndef LARDER_OBS_CRASH_H
#define LARDER_OBS_CRASH_H

/* doing: the name of the command that the calling thread runs or has run last; NULL: none. It may neither lock nor
 * allocate. Builds with a sanitizer keep its handlers. */
void crash_install(const char *version, const char *(*doing)(void));
/* Gives the calling thread a stack of its own for the handler, for when its stack has overflowed. */
void crash_thread_begin(void);
void crash_thread_end(void);

#endif
