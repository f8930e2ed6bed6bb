/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/must.h"

#include <stdio.h>
#include <stdlib.h>

void must_fail(const char *what, const char *file, int line)
{
    fprintf(stderr, "larder: assertion failed at %s:%d: %s\n", file, line, what);
    abort();
}
