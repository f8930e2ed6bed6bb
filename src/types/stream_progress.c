/* SPDX-License-Identifier: BSD-3-Clause */
#include "types/stream_progress.h"

/* Whether entries_read grows by one with each entry that is read after the last one. */
static bool counts_on(const struct stream *s, const struct stream_group *g, struct stream_id from)
{
    return g->entries_read != STREAM_READ_UNKNOWN && !stream_has_gap(s, from, STREAM_ID_MAX);
}

void stream_progress_deliver(const struct stream *s, struct stream_group *g, struct stream_id id)
{
    if (stream_id_compare(id, g->last) <= 0)
        return;
    if (counts_on(s, g, id))
        g->entries_read++;
    else if (s->added != 0)
        g->entries_read = stream_number_of(s, id);
    g->last = id;
}

bool stream_progress_lag(const struct stream *s, const struct stream_group *g, int64_t *lag)
{
    int64_t read = g->entries_read;

    if (s->added == 0) {
        *lag = 0;
        return true;
    }
    if (!counts_on(s, g, g->last))
        read = stream_number_of(s, g->last);
    *lag = (int64_t)(s->added - (uint64_t)read);
    return read != STREAM_READ_UNKNOWN;
}
