/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/huge.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include "base/must.h"

#define SETTINGS   "/sys/kernel/mm/transparent_hugepage/"
#define SMALL_PAGE 4096

static bool is_on;

/* Reads a setting of the kernel. False: it has none of that name. */
static bool read_setting(const char *path, char *text, int size)
{
    FILE *f = fopen(path, "re");
    bool ok = f != NULL && fgets(text, size, f) != NULL;

    if (f != NULL)
        fclose(f);
    return ok;
}

bool huge_start(void)
{
    char enabled[128], bytes[32];

    is_on = prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0) == 0 && read_setting(SETTINGS "enabled", enabled, sizeof enabled) &&
            strstr(enabled, "[never]") == NULL && read_setting(SETTINGS "hpage_pmd_size", bytes, sizeof bytes) &&
            strtoull(bytes, NULL, 10) == HUGE_BYTES;
    return is_on;
}

bool huge_is_on(void)
{
    return is_on;
}

/* The space is cut out of a mapping that is larger by the alignment. */
void *huge_map(size_t bytes, size_t align)
{
    char *p = mmap(NULL, bytes + align, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    size_t before;

    must(align >= SMALL_PAGE && (align & (align - 1)) == 0 && bytes % SMALL_PAGE == 0);
    if (p == MAP_FAILED)
        return NULL;
    before = -(uintptr_t)p & (align - 1);
    if (before != 0)
        munmap(p, before);
    munmap(p + before + bytes, align - before);
    return mprotect(p + before, bytes, PROT_READ | PROT_WRITE) == 0 ? p + before : NULL;
}

void huge_advise(void *p, size_t bytes)
{
    if (is_on)
        madvise(p, bytes, MADV_HUGEPAGE);
}

/* Whether any page of a block has memory. */
static bool is_in_use(char *block)
{
    unsigned char pages[HUGE_BYTES / SMALL_PAGE];

    if (mincore(block, HUGE_BYTES, pages) != 0)
        return true;
    for (size_t i = 0; i < sizeof pages; i++)
        if (pages[i] & 1)
            return true;
    return false;
}

void huge_return(void *p, size_t bytes, bool empty)
{
    char *begin = (char *)((uintptr_t)p & ~(HUGE_BYTES - 1));
    size_t n = (((uintptr_t)p + bytes + HUGE_BYTES - 1) & ~(HUGE_BYTES - 1)) - (uintptr_t)begin;

    if (is_on)
        madvise(begin, n, MADV_NOHUGEPAGE);
    madvise(p, bytes, MADV_DONTNEED);
    for (; is_on && empty && n > 0; begin += HUGE_BYTES, n -= HUGE_BYTES)
        if (!is_in_use(begin))
            madvise(begin, HUGE_BYTES, MADV_HUGEPAGE);
}
