/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * process: the process as the operating system sees it.
 *
 * Threads: the main thread, at start and end, but for process_raise_files.
 * Used by: main.
 */
#ifndef LARDER_BASE_PROCESS_H
#define LARDER_BASE_PROCESS_H

#include <stdint.h>

/* Opens /dev/null in place of each standard descriptor that is closed, lest a socket get its number, and the log be
 * sent to a client. First of all. */
void process_hold_standard(void);
/* Goes into the background: the caller returns in the child, with the standard descriptors on /dev/null. 0 or
 * -errno. */
int process_daemonize(void);
/* Writes the process id. 0 or -errno. */
int process_write_pid(const char *path);
/* Raises the limit of open files to at least n. Returns the limit now in force. */
int64_t process_raise_files(int64_t n);
/* Tells systemd (sd_notify(3)) through $NOTIFY_SOCKET, where there is one: "READY=1", "STOPPING=1". Returns whether it
 * was told. */
int process_notify(const char *state);
/* The path of the running program, static; "" if the kernel does not tell. */
const char *process_executable(void);

#endif
