/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * account: compares the bytes that a structure reports with what the process counts for it.
 *
 * Role:    a test notes mem_used() before it makes a structure; afterwards account_check expects that the structure
 *          reports the difference.
 * Threads: one; other threads may not allocate meanwhile.
 * Why:     without jemalloc (sanitizer builds) a block may be larger than mem_usable_size says, so that a structure
 *          may report less than the process counts, but never more.
 */
#ifndef LARDER_TESTS_ACCOUNT_H
#define LARDER_TESTS_ACCOUNT_H

#include "base/mem.h"
#include "checks.h"
#include "types/value.h"

static inline void account_check(size_t before, size_t reported)
{
    size_t counted = mem_used() - before;

    if (mem_usable_size(21) != 21) /* jemalloc, which rounds it up */
        ck_assert_uint_eq(reported, counted);
    else
        ck_assert_uint_le(reported, counted);
}

/* The same for a value in memory of its own; bytes: what reports for its large form. */
static inline void account_check_value(size_t before, const struct value *v, size_t (*bytes)(const void *large))
{
    size_t reported = v->flat.p != NULL ? mem_usable(v->flat.p) : 0;

    account_check(before, v->form == VALUE_LARGE ? reported + bytes(v->large) : reported);
}

#endif
