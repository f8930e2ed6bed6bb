/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * syslog: the only user of syslog(3).
 *
 * Role:    sends a line with a severity.
 * Owns:    the identity, which syslog(3) only borrows.
 * Threads: syslog_send any; the others one at a time.
 * Used by: log.
 * Why:     <syslog.h> defines LOG_DEBUG, LOG_NOTICE and LOG_WARNING as other numbers than obs/log.h; only this file
 *          includes it.
 */
#ifndef LARDER_OBS_SYSLOG_H
#define LARDER_OBS_SYSLOG_H

enum syslog_severity { SYSLOG_WARNING, SYSLOG_NOTICE, SYSLOG_INFO, SYSLOG_DEBUG };

/* Copies the identity; facility as in syslog(3). */
void syslog_start(const char *identity, int facility);
void syslog_stop(void);
void syslog_send(enum syslog_severity severity, const char *text);

#endif
