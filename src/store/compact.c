/* SPDX-License-Identifier: BSD-3-Clause */
#include "store/compact.h"

#include "store/keyspace.h"
#include "store/pool.h"

/* The limits of one hold of a shard's lock. */
#define WORK    64  /* see slab_work: 64 blocks to look at, or 16 KiB to move */
#define BUCKETS 256 /* empty ones, most of them */
#define ENTRIES 16  /* enough to wait for their cache misses together */

/* Lets everything refer to `moved`, the copy of e. */
static void refer_to(const struct place *p, struct entry *e, struct entry *moved) REQUIRES(shard_cap)
{
    struct keyspace *ks = p->shard->keyspace;
    struct entry_tally same = entry_tally(e);

    table_replace(shard_table(p->shard, p->db), p->hash, e, &same, moved);
    policy_replace(keyspace_policy(ks), &ks->stamps, p, e, moved);
    if (p->shard->pool != NULL)
        pool_moved(p->shard->pool, e, moved);
}

/* Moves the entry if its slab should become empty. Returns the entry to use. */
static struct entry *move(struct shard *s, unsigned db, struct entry *e, struct slab_work *w) REQUIRES(shard_cap)
{
    struct entry *moved = entry_move(e, w);

    if (moved == NULL)
        return e;
    refer_to(&(struct place){s, db, keyspace_hash(entry_key(e))}, e, moved);
    entry_moved(e);
    return moved;
}

/* Continues in the table at the position. Returns whether the end of the table is reached. */
static bool compact_table(struct shard *s, struct table *t, struct compact_position *at, struct slab_work *w)
    REQUIRES(shard_cap)
{
    struct entry *seen[TABLE_LOOK_MAX];
    uint32_t next = at->bucket;
    unsigned n = table_look(t, &next, false, seen, ENTRIES, BUCKETS);

    must(n <= TABLE_LOOK_MAX);
    for (; at->entry < n; at->entry++) {
        struct entry *e = at->value == 0 ? move(s, at->db, seen[at->entry], w) : seen[at->entry];

        at->value = entry_compact(e, at->value, w);
        if (at->value != 0)
            return false;
        if (w->left == 0) {
            at->entry++;
            return false;
        }
    }
    *at = (struct compact_position){.db = at->db, .bucket = next};
    return next == 0;
}

bool compact_shard(struct shard *s, struct compact_position *at, struct slab_work *w)
{
    shard_must_hold(s);
    w->left = WORK;
    while (at->db < s->keyspace->databases) {
        struct table *t = shard_table(s, at->db);

        if (t != NULL && atomic_load_explicit(&t->used, memory_order_relaxed) != 0 && !compact_table(s, t, at, w))
            return false;
        *at = (struct compact_position){.db = keyspace_next_db(s->keyspace, at->db + 1)};
    }
    *at = (struct compact_position){0};
    return true;
}
