/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * limits: the sizes up to which a value stays flat, from the options.
 *
 * Threads: any.
 * Used by: run/collection, persist.
 */
#ifndef LARDER_STORE_LIMITS_H
#define LARDER_STORE_LIMITS_H

#include "conf/options.h"
#include "store/entry.h"
#include "types/value.h"

struct value_limits limits_of(const struct options *o, enum entry_type type);

#endif
