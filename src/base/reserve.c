/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/reserve.h"

#include <stdlib.h>
#include <sys/mman.h>

#include "base/must.h"

struct piece {
    void *p; /* NULL: none */
    size_t n;
    bool is_mapped;
};

static _Thread_local struct {
    struct piece pieces[RESERVE_PIECES];
    struct piece holds[RESERVE_HOLDS_MAX];
    unsigned held; /* holds in use; their pieces may have been given up */
    bool is_kept;  /* the thread has a reserve */
} mine;

/* Not counted by mem: nothing is stored in a piece. */
static struct piece take(size_t n)
{
    struct piece x = {mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0), n,
                      true};

    if (x.p == MAP_FAILED)
        x = (struct piece){malloc(n), n, false};
    else
        madvise(x.p, n, MADV_NOHUGEPAGE);
    return x;
}

static void give_up(struct piece *x)
{
    if (x->p != NULL && x->is_mapped)
        munmap(x->p, x->n);
    else
        free(x->p);
    x->p = NULL;
}

void reserve_keep(void)
{
    mine.is_kept = true;
    for (unsigned i = 0; i < RESERVE_PIECES; i++)
        if (mine.pieces[i].p == NULL)
            mine.pieces[i] = take(RESERVE_BYTES);
}

bool reserve_is_short(void)
{
    return UNLIKELY(mine.pieces[RESERVE_PIECES - 1].p == NULL) && mine.is_kept; /* the last one is the first to go */
}

static bool release_last(struct piece *x, unsigned n)
{
    while (n-- > 0)
        if (x[n].p != NULL) {
            give_up(&x[n]);
            return true;
        }
    return false;
}

bool reserve_release(void)
{
    return release_last(mine.holds, mine.held) || release_last(mine.pieces, RESERVE_PIECES);
}

void reserve_thread_done(void)
{
    must(mine.held == 0);
    while (release_last(mine.pieces, RESERVE_PIECES))
        ;
    mine.is_kept = false;
}

bool reserve_hold(size_t bytes)
{
    struct piece x;

    must(mine.held < RESERVE_HOLDS_MAX && bytes > 0);
    x = take(bytes > RESERVE_HOLD_MIN ? bytes : RESERVE_HOLD_MIN);
    if (x.p == NULL)
        return false;
    mine.holds[mine.held++] = x;
    return true;
}

void reserve_drop(void)
{
    must(mine.held > 0);
    give_up(&mine.holds[--mine.held]);
}
