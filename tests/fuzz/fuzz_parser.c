/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Parses arbitrary bytes as requests. The parser must stay inside its input, and find the same requests whether the
 * input arrives whole or in pieces.
 *
 * The first two bytes of an input choose the limits and where the rest is cut. Each piece is in a heap block of exactly
 * its size, so that AddressSanitizer detects reads beyond its end.
 */
#include <stdlib.h>

#include "base/buf.h"
#include "base/must.h"
#include "proto/parser.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Records the request that was just parsed. */
static void note_request(struct buf *notes, const struct parser *p)
{
    size_t n = p->n - p->first;

    buf_add(notes, &n, sizeof n);
    for (size_t i = p->first; i < p->n; i++) {
        buf_add(notes, &p->args[i].n, sizeof p->args[i].n);
        buf_add(notes, p->args[i].p, p->args[i].n);
    }
}

/* Parses to `end`, as a connection does. False: the input is invalid, which is recorded too. */
static bool read_on(struct buf *notes, struct parser *p, const char *end, const struct parser_limits *limits)
{
    bool any = false; /* requests since the parser was cleared */

    for (;;) {
        switch (parser_next(p, end, limits)) {
        case PARSE_REQUEST:
            note_request(notes, p);
            any = true;
            break;
        case PARSE_MORE:
            if (p->left > 0 || !any)
                return true;
            parser_clear(p);
            any = false;
            break;
        case PARSE_ERROR:
            must(p->error != NULL);
            buf_add(notes, p->error, strlen(p->error));
            return false;
        }
    }
}

/* A heap block of exactly n bytes; of 1 byte if n is 0. */
static char *block_of(const char *p, size_t n)
{
    char *block = malloc(n ? n : 1);

    must(block != NULL);
    if (n)
        memcpy(block, p, n);
    return block;
}

/* What is recorded when the input arrives in pieces; `cuts` is the seed for their ends; 0: it arrives whole. */
static struct buf read_in_pieces(const char *input, size_t size, uint32_t cuts, const struct parser_limits *limits)
{
    struct buf notes = BUF_EMPTY;
    struct parser batch, own, *p = &batch;
    size_t n = 0;
    char *block = block_of(input, 0);
    bool goes_on = true;

    parser_init(&batch);
    parser_init(&own);
    p->at = block;
    while (goes_on && n < size) {
        size_t next = cuts ? n + 1 + (cuts = cuts * 1664525 + 1013904223) / 65536 % 24 : size;
        char *longer;

        next = next < size ? next : size;
        longer = block_of(input, next);
        if (p == &batch && p->left > 0) {
            parser_move(&own, p);
            parser_clear(p);
            p = &own;
        }
        parser_rebase(p, slice_of(block, n), longer);
        free(block);
        block = longer;
        n = next;
        goes_on = read_on(&notes, p, block + n, limits);
    }
    parser_fini(&batch);
    parser_fini(&own);
    free(block);
    return notes;
}

/* Values of proto-max-bulk-len: one that inputs reach, the default, and both ends of its range. */
static const int64_t bulks[] = {1000, 512 * 1024 * 1024, 1024 * 1024, INT64_MAX};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct parser_limits limits;
    struct buf whole, pieces;

    if (size < 2)
        return 0;
    limits = (struct parser_limits){.bulk = bulks[data[0] >> 1 & 3], .authenticated = data[0] & 1};
    whole = read_in_pieces((const char *)data + 2, size - 2, 0, &limits);
    pieces = read_in_pieces((const char *)data + 2, size - 2, data[1] + 1u, &limits);
    must(slice_eq(buf_slice(&whole), buf_slice(&pieces)));
    buf_fini(&whole);
    buf_fini(&pieces);
    return 0;
}
