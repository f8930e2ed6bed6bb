/* SPDX-License-Identifier: BSD-3-Clause */
#include "run/own_keys.h"

#include <stdlib.h>

#include "base/must.h"
#include "proto/client_memory.h"
#include "run/command.h"
#include "session/session.h"

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

/* Bounds of the arguments: of all commands together, and of one. */
static void count_arguments(const struct session *s, size_t *all, size_t *max)
{
    *all = *max = 1;
    for (unsigned i = 0; i < s->queued; i++) {
        size_t n = (size_t)s->queue[i].argc;

        *all += n;
        *max = n > *max ? n : *max;
    }
}

static void add_keys(struct own_keys *k, const struct queued *q, int *positions)
{
    int n = command_keys(q->cmd, q->argv, q->argc, positions, q->argc);

    must(n <= q->argc);
    for (int i = 0; i < n; i++)
        k->hashes[k->n++] = q->hash[positions[i]];
}

bool own_keys_gather(struct own_keys *k, const struct session *s)
{
    size_t all, max;
    int *positions;

    if (k->hashes != NULL)
        return true;
    count_arguments(s, &all, &max);
    positions = client_memory_try_alloc(max * sizeof *positions);
    k->hashes = client_memory_try_alloc(all * sizeof *k->hashes);
    for (unsigned i = 0; positions != NULL && k->hashes != NULL && i < s->queued; i++)
        add_keys(k, &s->queue[i], positions);
    must(k->n <= all);
    if (k->hashes != NULL && positions != NULL)
        qsort(k->hashes, k->n, sizeof *k->hashes, compare);
    else
        own_keys_fini(k);
    client_memory_free(positions);
    return k->hashes != NULL;
}

bool own_keys_has(const struct own_keys *k, uint64_t hash)
{
    must(k->hashes != NULL || k->n == 0);
    return k->n != 0 && bsearch(&hash, k->hashes, k->n, sizeof hash, compare) != NULL;
}

void own_keys_fini(struct own_keys *k)
{
    client_memory_free(k->hashes);
    *k = OWN_KEYS_NONE;
}
