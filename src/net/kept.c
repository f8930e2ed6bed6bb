/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/kept.h"

#include <string.h>

#include "base/must.h"
#include "proto/client_memory.h"

void kept_add(struct kept *k, const char *p, size_t n)
{
    struct kept_bytes *b = client_memory_alloc(sizeof *b + n);

    b->next = NULL;
    b->n = n;
    memcpy(b->bytes, p, n);
    if (k->first == NULL)
        k->end = &k->first;
    *k->end = b;
    k->end = &b->next;
}

struct kept_bytes *kept_take(struct kept *k)
{
    struct kept_bytes *b = k->first;

    must(b != NULL);
    k->first = b->next;
    return b;
}

void kept_drop(struct kept *k)
{
    while (k->first != NULL)
        client_memory_free(kept_take(k));
}
