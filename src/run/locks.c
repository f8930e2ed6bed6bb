/* SPDX-License-Identifier: BSD-3-Clause */
#include "run/locks.h"

#include "base/mem.h"

#define WORD_BITS      64
#define KEEP_POSITIONS 4096        /* a longer list is freed after use */
#define LOCKS_MAGIC    0x6c6f636bu /* "lock" */

struct lock_set {
    uint32_t magic;
    struct keyspace *keyspace;
    unsigned slot;
    bool world;
    unsigned shards; /* wanted */
    unsigned words;
    uint64_t *wanted; /* a bit for each shard */
    int *positions;   /* of the keys of the last command given to lock_set_want_keys */
    int positions_n, positions_cap;
};

struct lock_set *lock_set_new(struct keyspace *ks, unsigned slot)
{
    struct lock_set *l = mem_zalloc(sizeof *l);

    must_be(ks, KEYSPACE_MAGIC);
    must(slot < GATE_SLOTS);
    l->magic = LOCKS_MAGIC;
    l->keyspace = ks;
    l->slot = slot;
    l->words = (ks->shard_count + WORD_BITS - 1) / WORD_BITS;
    l->wanted = mem_zalloc(l->words * sizeof *l->wanted);
    return l;
}

void lock_set_free(struct lock_set *l)
{
    must_be(l, LOCKS_MAGIC);
    mem_free(l->wanted);
    mem_free(l->positions);
    l->magic = 0;
    mem_free(l);
}

void lock_set_clear(struct lock_set *l)
{
    must_be(l, LOCKS_MAGIC);
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

    must(i / WORD_BITS < l->words);
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

bool lock_set_has(const struct lock_set *l, const struct shard *s)
{
    must(s->index / WORD_BITS < l->words);
    return l->world || (l->wanted[s->index / WORD_BITS] >> s->index % WORD_BITS & 1) != 0;
}

/* Sets l->positions to those of the command's keys. */
static bool find_positions(struct lock_set *l, const struct command *cmd, const struct slice *argv, int argc)
{
    int n = command_keys(cmd, argv, argc, l->positions, l->positions_cap);

    if (n > l->positions_cap) {
        l->positions = mem_realloc(l->positions, n * sizeof *l->positions);
        l->positions_cap = n;
        n = command_keys(cmd, argv, argc, l->positions, n);
        must(n <= l->positions_cap);
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

        must(at > 0 && at < argc);
        hash[at] = keyspace_hash(argv[at]);
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

/* The first shard of the set from i on; shard_count: there is none. */
static unsigned next_wanted(const struct lock_set *l, unsigned i)
{
    unsigned w = i / WORD_BITS;
    uint64_t bits;

    if (l->world || w >= l->words)
        return i;
    bits = l->wanted[w] >> i % WORD_BITS << i % WORD_BITS;
    while (bits == 0 && ++w < l->words)
        bits = l->wanted[w];
    return bits != 0 ? w * WORD_BITS + (unsigned)__builtin_ctzll(bits) : l->keyspace->shard_count;
}

#define EACH_WANTED(l, i) \
    for (unsigned i = next_wanted(l, 0); i < (l)->keyspace->shard_count; i = next_wanted(l, i + 1))

static bool pass_gate(struct lock_set *l, int64_t ns, bool *waited) UNCHECKED_LOCKS /* closed or entered */
{
    struct gate *g = &l->keyspace->gate;

    if (l->world) {
        *waited = true;
        return gate_close_within(g, ns);
    }
    return l->shards < 2 || gate_enter_within(g, l->slot, ns, waited);
}

/* Unlocks the shards of the set before `end`, and leaves the gate. */
static void drop_before(struct lock_set *l, unsigned end) UNCHECKED_LOCKS /* those that are held */
{
    EACH_WANTED(l, i) {
        if (i >= end)
            break;
        lock_drop(&l->keyspace->shards[i].lock);
    }
    if (l->world)
        gate_open(&l->keyspace->gate);
    else if (l->shards > 1)
        gate_leave(&l->keyspace->gate, l->slot);
}

bool lock_set_take_within(struct lock_set *l, int64_t ns,
                          bool *waited) UNCHECKED_LOCKS /* shard_cap stands for all that are wanted */
{
    must_be(l, LOCKS_MAGIC);
    if (!pass_gate(l, ns, waited))
        return false;
    EACH_WANTED(l, i) {
        if (LIKELY(lock_take_within(&l->keyspace->shards[i].lock, ns, waited)))
            continue;
        drop_before(l, i);
        return false;
    }
    return true;
}

void lock_set_begin(struct lock_set *l, uint8_t epoch)
{
    EACH_WANTED(l, i)
        shard_begin(&l->keyspace->shards[i], epoch);
}

void lock_set_drop(struct lock_set *l) UNCHECKED_LOCKS /* shard_cap stands for all that are wanted */
{
    drop_before(l, l->keyspace->shard_count);
}
