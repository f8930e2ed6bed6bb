/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * advice: what the kernel was advised about the memory at an address, as /proc/self/smaps has it.
 *
 * Role:    tests of huge pages compare advice_of with HUGE, SMALL or NONE. They end at once if !advice_works().
 * Threads: any.
 */
#ifndef LARDER_TESTS_ADVICE_H
#define LARDER_TESTS_ADVICE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/huge.h"

enum advice { NONE, HUGE, SMALL };

static inline enum advice advice_of(const void *p)
{
    FILE *f = fopen("/proc/self/smaps", "re");
    enum advice advice = NONE;
    unsigned long begin, end;
    bool is_here = false;
    char line[512];

    while (f != NULL && fgets(line, sizeof line, f) != NULL) {
        if (sscanf(line, "%lx-%lx ", &begin, &end) == 2)
            is_here = begin <= (uintptr_t)p && (uintptr_t)p < end;
        else if (is_here && strncmp(line, "VmFlags:", 8) == 0)
            advice = strstr(line, " hg") != NULL ? HUGE : strstr(line, " nh") != NULL ? SMALL : NONE;
    }
    if (f != NULL)
        fclose(f);
    return advice;
}

/* Turns huge pages on. False: the kernel has none, or does not show advice. */
static inline bool advice_works(void)
{
    void *p = huge_start() ? huge_map(HUGE_BYTES, HUGE_BYTES) : NULL;

    if (p == NULL)
        return false;
    huge_advise(p, HUGE_BYTES);
    return advice_of(p) == HUGE;
}

#endif
