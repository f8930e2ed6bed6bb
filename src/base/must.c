/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/must.h"

#include <stdio.h>
#include <stdlib.h>

static char failed[512];

void must_fail(const char *what, const char *file, int line)
{
    snprintf(failed, sizeof failed, "%s:%d: %s", file, line, what);
    fprintf(stderr, "larder: assertion failed at %s\n", failed);
    abort();
}

const char *must_failed(void)
{
    return failed[0] != 0 ? failed : NULL;
}
