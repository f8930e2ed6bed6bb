/* SPDX-License-Identifier: BSD-3-Clause */
/* streams: what the tests of streams share. */
#ifndef LARDER_TESTS_STREAMS_H
#define LARDER_TESTS_STREAMS_H

#include "types/stream.h"

/* Frees the stream at once. */
static inline void free_stream(struct stream *s)
{
    while (!stream_free_part(s, SIZE_MAX))
        ;
}

#endif
