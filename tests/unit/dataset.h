/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * dataset: the bytes of data, from the accounts of store/quota.
 *
 * Threads: one that has reserved nothing.
 */
#ifndef LARDER_TESTS_DATASET_H
#define LARDER_TESTS_DATASET_H

#include "store/quota.h"

/* Of what maxmemory bounds, that which does not wait to be freed. */
static inline size_t dataset_bytes(void)
{
    size_t bounded = quota_bounded(), freeing = quota_freeing();

    return bounded > freeing ? bounded - freeing : 0;
}

#endif
