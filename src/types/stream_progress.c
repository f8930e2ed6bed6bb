/* SPDX-License-Identifier: BSD-3-Clause */
#include "types/stream_progress.h"

/* Whether entries_read and the number of entries ever added differ by the number of entries after the last one read. */
static bool counts_on(const struct stream *s, const struct stream_group *g)
{
    return g->entries_read != STREAM_READ_UNKNOWN && !stream_has_gap(s, g->last);
}

void stream_progress_deliver(const struct stream *s, struct stream_group *g, struct stream_id id)
{
    if (stream_id_compare(id, g->last) <= 0)
        return;
    if (counts_on(s, g) && stream_id_compare(g->last, stream_first_id(s)) >= 0 && g->entries_read < INT64_MAX)
        g->entries_read++;
    else if (s->added != 0)
        g->entries_read = stream_number_of(s, id);
    g->last = id;
}

bool stream_progress_lag(const struct stream *s, const struct stream_group *g, int64_t *lag)
{
    struct stream_id first = stream_first_id(s);
    int64_t read = g->entries_read;

    if (s->count == 0 || (stream_id_compare(g->last, first) < 0 && stream_id_compare(s->max_deleted, first) < 0)) {
        *lag = (int64_t)s->count;
        return true;
    }
    if (!counts_on(s, g))
        read = stream_number_of(s, g->last);
    *lag = (uint64_t)read < s->added ? (int64_t)(s->added - (uint64_t)read) : 0;
    return read != STREAM_READ_UNKNOWN;
}
