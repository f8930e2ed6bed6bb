/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ids of streams from bytes that nobody has checked: what is read as an id is the same id once it is written as ids are
 * shown, and a missing second number is the one that was given for it.
 *
 * The input lies in a block of exactly its size, so that AddressSanitizer sees a byte read too many.
 */
#include <inttypes.h>
#include <stdio.h>

#include "base/mem.h"
#include "base/must.h"
#include "cmd/stream/stream_args.h"

#define SEQ 7 /* of an id that has none */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_written(struct stream_id id)
{
    char text[48];
    struct stream_id back;

    snprintf(text, sizeof(text), "%" PRIu64 "-%" PRIu64, id.ms, id.seq);
    must(stream_id_read(slice_str(text), SEQ, &back) && stream_id_compare(id, back) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *copy = mem_alloc(size);
    struct stream_id id;

    if (size > 0)
        memcpy(copy, data, size);
    if (stream_id_read(slice_of(copy, size), SEQ, &id)) {
        must(memchr(copy, '-', size) != NULL || id.seq == SEQ);
        check_written(id);
    }
    mem_free(copy);
    return 0;
}
