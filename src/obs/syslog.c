/* SPDX-License-Identifier: BSD-3-Clause */
#include "obs/syslog.h"

#include <syslog.h>

#include "base/mem.h"
#include "base/must.h"

static char *own_identity;

void syslog_start(const char *identity, int facility)
{
    char *copy = mem_strdup(identity);

    openlog(copy, LOG_PID | LOG_NDELAY | LOG_NOWAIT, facility);
    mem_free(own_identity);
    own_identity = copy;
}

void syslog_stop(void)
{
    closelog();
    mem_free(own_identity);
    own_identity = NULL;
}

void syslog_send(enum syslog_severity severity, const char *text)
{
    static const int priorities[] = {
        [SYSLOG_WARNING] = LOG_WARNING,
        [SYSLOG_NOTICE] = LOG_NOTICE,
        [SYSLOG_INFO] = LOG_INFO,
        [SYSLOG_DEBUG] = LOG_DEBUG,
    };

    must(severity < sizeof priorities / sizeof *priorities);
    syslog(priorities[severity], "%s", text);
}
