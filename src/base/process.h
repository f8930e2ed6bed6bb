/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * process: standard descriptors, background, pid file, file limit and supervisor.
 *
 * Threads: the main thread, at start and end; process_raise_files and process_absolute any.
 * Used by: main, conf, net.
 */
#ifndef LARDER_BASE_PROCESS_H
#define LARDER_BASE_PROCESS_H

#include <stdint.h>

/* Opens /dev/null for each standard descriptor that is closed. Otherwise a socket could get its number, and the log
 * would be sent to a client. Call before anything opens a descriptor. */
void process_hold_standard(void);
/* Moves to the background: returns in the child, with the standard descriptors on /dev/null. 0 or -errno. */
int process_daemonize(void);
/* Writes the process id. 0 or -errno. */
int process_write_pid(const char *path);
/* Removes the file if it still has this process's id. */
void process_remove_pid(const char *path);
/* Raises the limit of open files to n if it is below, as far as permitted. Returns n, or the limit if it is lower. */
int64_t process_raise_files(int64_t n);
/* Sends a state ("READY=1", "STOPPING=1") to systemd through $NOTIFY_SOCKET, as sd_notify(3). Returns whether it was
 * sent; it is not if the variable is not set. */
int process_notify(const char *state);
/* The absolute form of a path; the path itself if there is no such file. The caller frees it with mem_free. */
char *process_absolute(const char *path);
/* The path of the running program, static; "" if the kernel does not provide it. */
const char *process_executable(void);

#endif
