/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * sha1: the Secure Hash Algorithm of 1995 (FIPS 180-4).
 *
 * Role:    computes the digests that Redis defines by it: the names of scripts, and those of DEBUG DIGEST.
 * Threads: any.
 * Why:     only for compatibility; SHA-1 is not collision resistant.
 */
#ifndef LARDER_BASE_SHA1_H
#define LARDER_BASE_SHA1_H

#include <stdint.h>

#include "base/slice.h"

#define SHA1_BYTES 20

void sha1(struct slice s, uint8_t digest[SHA1_BYTES]);

#endif
