/* SPDX-License-Identifier: BSD-3-Clause */
#include "session/pause.h"

#include "base/must.h"

/* The word of a new pause, combined with the pause of the old word if that is still in force. */
static int64_t combine(int64_t word, enum pause_mode mode, int64_t until, int64_t now)
{
    int64_t old_until = word / 4;
    enum pause_mode old_mode = (enum pause_mode)(word & 3);

    if (until > PAUSE_UNTIL_MAX)
        until = PAUSE_UNTIL_MAX;
    if (old_until > now) {
        if (old_until > until)
            until = old_until;
        if (old_mode > mode)
            mode = old_mode;
    }
    return until * 4 + (int64_t)mode;
}

void pause_start(struct pause *p, enum pause_mode mode, int64_t until, int64_t now)
{
    int64_t word = atomic_load(&p->word);

    must(mode == PAUSE_WRITE || mode == PAUSE_ALL);
    must(until >= 0 && now >= 0);
    while (!atomic_compare_exchange_weak(&p->word, &word, combine(word, mode, until, now)))
        ;
}

void pause_end(struct pause *p)
{
    atomic_store(&p->word, 0);
}
