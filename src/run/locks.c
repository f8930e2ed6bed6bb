/* SPDX-License-Identifier: BSD-3-Clause */
#include "run/locks.h"

#include "base/hash.h"
#include "base/mem.h"

#define WORD_BITS     64
#define KEEP_POSITIONS 4096 /* a longer list is given back after use */

struct lock_set {
    struct keyspace *keyspace;
    unsigned slot;
    bool world;
    bool waited;        /* while taking them */
    unsigned shards;    /* wanted */
    unsigned words;
    uint64_t *wanted;   /* a bit for each shard */
    int *positions;     /* of the keys of the command looked at last */
    int positions_n, positions_cap;
};

struct lock_set *lock_set_new(struct keyspace *ks, unsigned slot)
{
    struct lock_set *l = mem_zalloc(sizeof *l);

    l->keyspace = ks;
    l->slot = slot;
    l->words = (ks->shard_count + WORD_BITS - 1) / WORD_BITS;
    l->wanted = mem_zalloc(l->words * sizeof *l->wanted);
    return l;
}

void lock_set_free(struct lock_set *l)
{
    mem_free(l->wanted);
    mem_free(l->positions);
    mem_free(l);
}

void lock_set_clear(struct lock_set *l)
{
    memset(l->wanted, 0, l->words * sizeof *l->wanted);
    l->shards = 0;
    l->world = false;
    l->positions_n = 0;
    if (l->positions_cap > KEEP_POSITIONS) {
        mem_free(l->positions);
        l->positions = NULL;
        l->positions_cap = 0;
    }
}

void lock_set_want(struct lock_set *l, uint64_t hash)
{
    unsigned i = keyspace_shard(l->keyspace, hash)->index;
    uint64_t bit = 1ull << i % WORD_BITS;

    l->shards += !(l->wanted[i / WORD_BITS] & bit);
    l->wanted[i / WORD_BITS] |= bit;
}

void lock_set_want_world(struct lock_set *l)
{
    l->world = true;
}

bool lock_set_is_world(const struct lock_set *l)
{
    return l->world;
}

/* Fills positions. */
static bool find_positions(struct lock_set *l, const struct command *cmd, const struct slice *argv, int argc)
{
    int n = command_keys(cmd, argv, argc, l->positions, l->positions_cap);

    if (n > l->positions_cap) {
        l->positions = mem_realloc(l->positions, n * sizeof *l->positions);
        l->positions_cap = n;
        n = command_keys(cmd, argv, argc, l->positions, n);
    }
    l->positions_n = n > 0 ? n : 0;
    return n >= 0;
}

bool lock_set_want_keys(struct lock_set *l, const struct command *cmd, const struct slice *argv, int argc,
                        uint64_t *hash)
{
    bool known = find_positions(l, cmd, argv, argc);

    if ((cmd->flags & CMD_WORLD) || (cmd->needs_world != NULL && cmd->needs_world(argv, argc)))
        l->world = true;
    for (int i = 0; i < l->positions_n; i++) {
        int at = l->positions[i];

        hash[at] = hash_bytes(argv[at]);
        lock_set_want(l, hash[at]);
    }
    return known;
}

void lock_set_prefetch(struct lock_set *l, const uint64_t *hash, unsigned db)
{
    for (int i = 0; i < l->positions_n; i++) {
        uint64_t h = hash[l->positions[i]];
        struct table *t = shard_table(keyspace_shard(l->keyspace, h), db);

        if (t != NULL)
            table_prefetch_bucket(t, h);
    }
    for (int i = 0; i < l->positions_n; i++) {
        uint64_t h = hash[l->positions[i]];
        struct table *t = shard_table(keyspace_shard(l->keyspace, h), db);

        if (t != NULL)
            table_prefetch_entry(t, h);
    }
}

/* Calls fn for each wanted shard, ascending. */
static void each_wanted(struct lock_set *l, void (*fn)(struct lock_set *l, struct lock *lock))
{
    for (unsigned w = 0; w < l->words; w++)
        for (uint64_t bits = l->wanted[w]; bits != 0; bits &= bits - 1)
            fn(l, &l->keyspace->shards[w * WORD_BITS + __builtin_ctzll(bits)].lock);
}

static void take_one(struct lock_set *l, struct lock *lock) UNCHECKED_LOCKS /* the caller of lock_set_take holds it */
{
    l->waited |= lock_take(lock);
}

static void drop_one(struct lock_set *l, struct lock *lock) UNCHECKED_LOCKS
{
    (void)l;
    lock_drop(lock);
}

bool lock_set_take(struct lock_set *l) UNCHECKED_LOCKS /* shard_cap stands for what is wanted */
{
    if (l->world) {
        gate_close(&l->keyspace->gate);
        keyspace_lock_all(l->keyspace);
        return true;
    }
    l->waited = l->shards > 1 && gate_enter(&l->keyspace->gate, l->slot);
    each_wanted(l, take_one);
    return l->waited;
}

void lock_set_drop(struct lock_set *l) UNCHECKED_LOCKS
{
    if (l->world) {
        keyspace_unlock_all(l->keyspace);
        gate_open(&l->keyspace->gate);
        return;
    }
    each_wanted(l, drop_one);
    if (l->shards > 1)
        gate_leave(&l->keyspace->gate, l->slot);
}
