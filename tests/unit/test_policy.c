/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * policy: the interface of eviction policies, proved by two policies of the test: S3-FIFO (Yang et al. 2023), which
 * keeps queues and a ghost list of its own in each shard, and FIFO with a second chance (Corbato 1969), which is
 * sampled.
 */
#include <stdlib.h>

#include "base/clock.h"
#include "base/rand.h"
#include "checks.h"
#include "keys.h"
#include "store/fields.h"
#include "types/hash.h"

#define PAST 10  /* ms since 1970 */
#define ROOM 400 /* entries of a queue */

static unsigned states; /* that were made and not freed */
static unsigned entries; /* that were inserted, less those removed: each is reported once */

/* ---- S3-FIFO ---- */

#define S3_KIND ((enum stamp_kind)2)
#define S3_MAIN 4 /* in a stamp: the entry is in the main queue; the low two bits are its frequency */

struct slot {
    uint64_t hash;
    struct entry *entry;
    unsigned db;
};

struct queue {
    unsigned n;
    struct slot slots[ROOM]; /* the oldest first */
};

struct s3 {
    struct queue small, main;
    unsigned ghosts;
    uint64_t ghost[ROOM]; /* the oldest first */
    unsigned ghost_limit;
};

static void push(struct queue *q, const struct slot *slot)
{
    ck_assert_uint_lt(q->n, ROOM);
    q->slots[q->n++] = *slot;
}

static void erase(struct queue *q, unsigned i)
{
    ck_assert_uint_lt(i, q->n);
    memmove(q->slots + i, q->slots + i + 1, (--q->n - i) * sizeof *q->slots);
}

/* The position of an entry; q->n: it is not in the queue. */
static unsigned find(const struct queue *q, const struct entry *e)
{
    unsigned i = 0;

    while (i < q->n && q->slots[i].entry != e)
        i++;
    return i;
}

static struct queue *queue_of(struct s3 *s3, const struct entry *e)
{
    return e->stamp & S3_MAIN ? &s3->main : &s3->small;
}

/* Whether the entry is in a queue: not if another policy was chosen when it was inserted. */
static bool knows(struct s3 *s3, const struct entry *e)
{
    const struct queue *q = queue_of(s3, e);

    return entry_stamp_kind(e) == S3_KIND && find(q, e) < q->n;
}

static bool take_ghost(struct s3 *s3, uint64_t hash)
{
    for (unsigned i = 0; i < s3->ghosts; i++)
        if (s3->ghost[i] == hash) {
            memmove(s3->ghost + i, s3->ghost + i + 1, (--s3->ghosts - i) * sizeof *s3->ghost);
            return true;
        }
    return false;
}

static void add_ghost(struct s3 *s3, uint64_t hash)
{
    if (s3->ghosts == s3->ghost_limit)
        memmove(s3->ghost, s3->ghost + 1, --s3->ghosts * sizeof *s3->ghost);
    s3->ghost[s3->ghosts++] = hash;
}

static void *s3_new(struct shard *shard)
{
    struct s3 *s3 = calloc(1, sizeof *s3);

    ck_assert_ptr_nonnull(shard);
    s3->ghost_limit = ROOM;
    states++;
    return s3;
}

static void s3_free(void *state)
{
    states--;
    free(state);
}

static void s3_insert(struct stamps *s, void *state, const struct place *p, struct entry *e)
{
    struct s3 *s3 = state;

    (void)s;
    entries++;
    entry_set_stamp(e, S3_KIND, take_ghost(s3, p->hash) ? S3_MAIN : 0);
    push(queue_of(s3, e), &(struct slot){p->hash, e, p->db});
}

static void s3_use(struct stamps *s, void *state, const struct place *p, struct entry *e)
{
    if (!knows(state, e))
        s3_insert(s, state, p, e);
    else if ((e->stamp & 3) < 3)
        entry_set_stamp(e, S3_KIND, e->stamp + 1);
}

static void s3_replace(struct stamps *s, void *state, const struct place *p, const struct entry *old, struct entry *e)
{
    struct queue *q = queue_of(state, e);
    unsigned i = find(q, old);

    (void)s;
    if (i == q->n)
        return;
    ck_assert_uint_eq(q->slots[i].hash, p->hash);
    q->slots[i].entry = e;
}

static void s3_inherit(struct stamps *s, void *state, const struct place *p, struct entry *e, struct entry_usage usage)
{
    (void)s;
    (void)state;
    (void)p;
    if (usage.kind == S3_KIND)
        entry_set_stamp(e, S3_KIND, (e->stamp & S3_MAIN) | (usage.stamp & 3));
}

static void s3_remove(struct stamps *s, void *state, const struct place *p, struct entry *e)
{
    struct queue *q = queue_of(state, e);

    (void)s;
    (void)p;
    entries--;
    if (knows(state, e))
        erase(q, find(q, e));
    ck_assert_uint_eq(find(q, e), q->n);
}

static void s3_flush(void *state, unsigned db)
{
    struct s3 *s3 = state;

    for (unsigned i = s3->small.n; i-- > 0;)
        if (s3->small.slots[i].db == db)
            erase(&s3->small, i);
    for (unsigned i = s3->main.n; i-- > 0;)
        if (s3->main.slots[i].db == db)
            erase(&s3->main, i);
}

static void exchange(struct queue *q, unsigned a, unsigned b)
{
    for (unsigned i = 0; i < q->n; i++)
        if (q->slots[i].db == a || q->slots[i].db == b)
            q->slots[i].db = a + b - q->slots[i].db;
}

static void s3_swap(void *state, unsigned a, unsigned b)
{
    struct s3 *s3 = state;

    exchange(&s3->small, a, b);
    exchange(&s3->main, a, b);
}

/* The entry that is evicted next; NULL: the policy knows of none. */
static const struct slot *s3_head(const struct s3 *s3)
{
    if (s3->small.n > 0 && (s3->main.n == 0 || s3->small.n * 10 >= s3->small.n + s3->main.n))
        return &s3->small.slots[0];
    return s3->main.n > 0 ? &s3->main.slots[0] : NULL;
}

static int64_t s3_order(struct stamps *s, void *state, struct entry *e)
{
    const struct slot *head = s3_head(state);

    (void)s;
    return head != NULL && head->entry == e ? 0 : 1;
}

static void s3_nominate(struct stamps *s, void *state, struct pool *pool)
{
    const struct slot *head = s3_head(state);

    (void)s;
    if (head != NULL)
        pool_offer(pool, &(struct candidate){.order = 0, .hash = head->hash, .entry = head->entry, .db = head->db});
}

static bool s3_spare(struct stamps *s, void *state, const struct place *p, struct entry *e)
{
    struct s3 *s3 = state;
    unsigned frequency = e->stamp & 3;

    (void)s;
    if (!knows(s3, e) || frequency == 0 || (frequency == 1 && !(e->stamp & S3_MAIN)))
        return false;
    erase(queue_of(s3, e), find(queue_of(s3, e), e));
    entry_set_stamp(e, S3_KIND, S3_MAIN | (e->stamp & S3_MAIN ? frequency - 1 : 0));
    push(&s3->main, &(struct slot){p->hash, e, p->db});
    return true;
}

static void s3_evict(struct stamps *s, void *state, const struct place *p, struct entry *e, int64_t order)
{
    (void)s;
    (void)order;
    if (entry_stamp_kind(e) == S3_KIND && !(e->stamp & S3_MAIN))
        add_ghost(state, p->hash);
}

static unsigned s3_frequency(struct stamps *s, void *state, const struct place *p, struct entry *e)
{
    (void)s;
    (void)state;
    (void)p;
    return entry_stamp_kind(e) == S3_KIND ? e->stamp & 3 : 0;
}

static void s3_set_frequency(struct stamps *s, void *state, const struct place *p, struct entry *e, unsigned frequency)
{
    (void)s;
    (void)state;
    (void)p;
    entry_set_stamp(e, S3_KIND, (e->stamp & S3_MAIN) | (frequency < 3 ? frequency : 3));
}

static const struct policy s3fifo = {
    .shard_new = s3_new, .shard_free = s3_free, .insert = s3_insert, .use = s3_use, .replace = s3_replace,
    .inherit = s3_inherit, .remove = s3_remove, .flush = s3_flush, .swap = s3_swap, .order = s3_order,
    .nominate = s3_nominate, .spare = s3_spare, .evict = s3_evict, .frequency = s3_frequency,
    .set_frequency = s3_set_frequency};

/* ---- second chance ---- */

#define CHANCE_KIND ((enum stamp_kind)3)
#define VISITED     (1u << 31) /* in a stamp; the rest is the position: when the entry was inserted or spared */

struct chance {
    uint32_t next; /* the position of the next entry */
};

static void *chance_new(struct shard *shard)
{
    (void)shard;
    states++;
    return calloc(1, sizeof(struct chance));
}

static void chance_insert(struct stamps *s, void *state, const struct place *p, struct entry *e)
{
    struct chance *chance = state;

    (void)s;
    (void)p;
    entry_set_stamp(e, CHANCE_KIND, chance->next++);
}

static void chance_use(struct stamps *s, void *state, const struct place *p, struct entry *e)
{
    (void)s;
    (void)state;
    (void)p;
    entry_set_stamp(e, CHANCE_KIND, e->stamp | VISITED);
}

static int64_t chance_order(struct stamps *s, void *state, struct entry *e)
{
    (void)s;
    (void)state;
    return e->stamp & ~VISITED;
}

static bool chance_spare(struct stamps *s, void *state, const struct place *p, struct entry *e)
{
    if (!(e->stamp & VISITED))
        return false;
    chance_insert(s, state, p, e);
    return true;
}

static const struct policy second_chance = {.shard_new = chance_new, .shard_free = s3_free, .insert = chance_insert,
                                            .use = chance_use, .order = chance_order, .spare = chance_spare};

/* ---- the tests ---- */

static void setup(void)
{
    keyspace_setup();
    states = entries = 0;
}

static size_t keys_left(void *arg)
{
    size_t n = 0;

    (void)arg;
    for (unsigned db = 0; db < ks->databases; db++)
        n += keyspace_size(ks, db);
    return n;
}

static enum evict_result step(void *arg, struct keyspace *keyspace, const struct evict_choice *c)
{
    enum evict_result result;

    (void)arg;
    hold(c->shard);
    result = evict_from(keyspace, c);
    shard_unlock(c->shard);
    return result;
}

static bool evict_to(size_t keys)
{
    return evict_to_fit(ks, &(struct evict_goal){.limit = keys, .used = keys_left, .step = step});
}

/* Uses key i, as GET does. Whether it is there. */
static bool use_key(unsigned i)
{
    struct place p = place_of(0, i);
    size_t fields = FIELDS_AT_ONCE;
    struct name name;
    struct entry *e;

    hold(p.shard);
    e = shard_find(&p, key_of(i, &name), clock_ms(), &fields);
    if (e != NULL)
        keyspace_touch(ks, &p, e);
    shard_unlock(p.shard);
    return e != NULL;
}

/* How often key i was used, as OBJECT FREQ tells. */
static unsigned frequency_of(unsigned db, unsigned i)
{
    const struct policy *policy = keyspace_policy(ks);
    struct place p = place_of(db, i);
    struct name name;
    unsigned f;

    shard_lock(p.shard);
    f = policy->frequency(&ks->stamps, policy_state(policy, p.shard), &p, shard_peek(&p, key_of(i, &name)));
    shard_unlock(p.shard);
    return f;
}

/* The keys of one shard: its nth one has this number. */
static unsigned nth_key(unsigned n)
{
    static unsigned keys[3000], count;

    for (unsigned i = count ? keys[count - 1] + 1 : 0; count <= n; i++)
        if (place_of(0, i).shard == &ks->shards[3])
            keys[count++] = i;
    return keys[n];
}

/* S3-FIFO by its paper, in numbers: the caches of the test are compared with it, access by access. */
struct twin {
    unsigned small[ROOM], main[ROOM], ghost[ROOM], smalls, mains, ghosts;
    unsigned frequency[300];
    bool held[300];
};

static unsigned shift(unsigned *list, unsigned *n)
{
    unsigned first = list[0];

    memmove(list, list + 1, --*n * sizeof *list);
    return first;
}

static bool is_ghost(struct twin *t, unsigned k)
{
    for (unsigned i = 0; i < t->ghosts; i++)
        if (t->ghost[i] == k) {
            memmove(t->ghost + i, t->ghost + i + 1, (--t->ghosts - i) * sizeof *t->ghost);
            return true;
        }
    return false;
}

static void twin_evict(struct twin *t)
{
    for (;;) {
        bool from_small = t->smalls > 0 && (t->mains == 0 || t->smalls * 10 >= t->smalls + t->mains);
        unsigned k = from_small ? shift(t->small, &t->smalls) : shift(t->main, &t->mains);

        if (t->frequency[k] > from_small) {
            t->main[t->mains++] = k;
            t->frequency[k] = from_small ? 0 : t->frequency[k] - 1;
            continue;
        }
        t->held[k] = false;
        if (from_small && t->ghosts == ROOM)
            shift(t->ghost, &t->ghosts);
        if (from_small)
            t->ghost[t->ghosts++] = k;
        return;
    }
}

static void twin_access(struct twin *t, unsigned k, unsigned room)
{
    if (t->held[k]) {
        t->frequency[k] += t->frequency[k] < 3;
        return;
    }
    if (t->smalls + t->mains == room)
        twin_evict(t);
    t->held[k] = true;
    t->frequency[k] = 0;
    if (is_ghost(t, k))
        t->main[t->mains++] = k;
    else
        t->small[t->smalls++] = k;
}

START_TEST(a_policy_with_queues_of_its_own_evicts_as_its_paper_says)
{
    static struct twin twin;
    unsigned hits = 0;

    keyspace_choose_policy(ks, &s3fifo);
    for (unsigned n = 0; n < 20000; n++) {
        unsigned k = rand_below(rand_below(300) + 1);
        bool hit = use_key(nth_key(k));

        ck_assert_int_eq(hit, twin.held[k]);
        hits += hit;
        if (!hit) {
            ck_assert(evict_to(49));
            put(0, nth_key(k), 0);
        }
        twin_access(&twin, k, 50);
        ck_assert_uint_eq(frequency_of(0, nth_key(k)), twin.frequency[k]);
    }
    ck_assert_uint_gt(hits, 2000);
    ck_assert_uint_gt(twin.ghosts, 0);
}
END_TEST

START_TEST(a_sampled_policy_may_spare_what_was_used)
{
    keyspace_choose_policy(ks, &second_chance);
    for (unsigned i = 0; i < 200; i++)
        put(0, nth_key(i), 0);
    for (unsigned i = 0; i < 20; i++)
        ck_assert(use_key(nth_key(i)));
    for (unsigned i = 200; i < 3000; i++) { /* a scan, during which the first 20 stay in use */
        ck_assert(use_key(nth_key(i % 20)));
        put(0, nth_key(i), 0);
        ck_assert(evict_to(200));
    }
    ck_assert(evict_to(0)); /* nothing is spared for ever */
    ck_assert_uint_eq(keyspace_stats(ks).evicted, 3000);
}
END_TEST

/* Entries that the policy believes to be in database db. */
static unsigned known(unsigned db)
{
    unsigned n = 0;

    for (unsigned i = 0; i < ks->shard_count; i++) {
        struct s3 *s3;

        shard_lock(&ks->shards[i]);
        s3 = policy_state(&s3fifo, &ks->shards[i]);
        for (unsigned k = 0; k < s3->small.n; k++)
            n += s3->small.slots[k].db == db;
        for (unsigned k = 0; k < s3->main.n; k++)
            n += s3->main.slots[k].db == db;
        shard_unlock(&ks->shards[i]);
    }
    return n;
}

static struct entry *hash_with_due_field(unsigned i)
{
    struct value v = value_new((struct value_limits){.entries = 10, .bytes = 100});
    struct name name;
    struct entry *e;

    hash_set_until(&v, SLICE("field"), SLICE("value"), PAST);
    e = entry_new_value(key_of(i, &name), TYPE_HASH, &v, 0);
    flat_fini(&v.flat);
    return e;
}

static void put_entry(unsigned i, struct entry *e)
{
    struct place p = place_of(0, i);

    hold(p.shard);
    shard_touch(&p, NULL);
    shard_insert(&p, e);
    shard_unlock(p.shard);
}

START_TEST(a_policy_hears_once_of_every_entry_that_is_removed)
{
    keyspace_choose_policy(ks, &s3fifo);
    for (unsigned i = 0; i < 100; i++)
        put(0, i, 0);
    ck_assert_uint_eq(known(0), 100);
    for (unsigned i = 0; i < 10; i++)
        discard(0, i);
    ck_assert_uint_eq(known(0), 90);
    for (unsigned i = 0; i < 10; i++)
        put(0, i, PAST);
    for (unsigned i = 0; i < 5; i++)
        ck_assert(!use_key(i)); /* expires now */
    ck_assert_uint_eq(known(0), 95);
    expire_all();
    ck_assert_uint_eq(known(0), 90);
    put_entry(1, hash_with_due_field(1));
    ck_assert_uint_eq(known(0), 91);
    ck_assert(!use_key(1)); /* without its last field the hash is removed */
    ck_assert_uint_eq(known(0), 90);
    put_entry(2, hash_with_due_field(2));
    expire_all();
    ck_assert_uint_eq(known(0), 90);
    ck_assert(evict_to(50));
    ck_assert_uint_eq(known(0), 50);
    ck_assert_uint_eq(entries, 50);
    ck_assert_uint_eq(keys_left(NULL), 50);
}
END_TEST

START_TEST(a_policy_hears_of_flushes_and_swaps)
{
    keyspace_choose_policy(ks, &s3fifo);
    for (unsigned i = 0; i < 40; i++)
        put(i % 4 == 0, i, 0);
    hold_all();
    keyspace_swap(ks, 0, 2, 0);
    drop_all();
    ck_assert_uint_eq(known(0), 0);
    ck_assert_uint_eq(known(1), 10);
    ck_assert_uint_eq(known(2), 30);
    flush(2, true);
    ck_assert_uint_eq(known(1), 10);
    ck_assert_uint_eq(known(2), 0);
    ck_assert(evict_to(0));
    ck_assert_uint_eq(known(1), 0);
}
END_TEST

START_TEST(a_policy_hears_that_an_entry_moves)
{
    struct place p = place_of(0, 1);
    struct name name;
    struct entry *e;

    keyspace_choose_policy(ks, &s3fifo);
    put(0, 1, 0);
    ck_assert(use_key(1));
    hold(p.shard);
    e = shard_peek(&p, key_of(1, &name));
    shard_touch(&p, e);
    e = shard_set_expire(&p, e, FOREVER * 100); /* with room for the expiry it is another block */
    ck_assert_uint_lt(find(&((struct s3 *)policy_state(&s3fifo, p.shard))->small, e), 1);
    shard_unlock(p.shard);
    ck_assert_uint_eq(frequency_of(0, 1), 1);
    ck_assert(evict_to(0));
    ck_assert_uint_eq(known(0), 0);
}
END_TEST

/* As MOVE does. */
START_TEST(a_policy_decides_what_an_entry_inherits)
{
    struct place from = place_of(0, 1), to = place_of(2, 1);
    struct entry_usage usage;
    struct name name;
    struct entry *e;

    keyspace_choose_policy(ks, &s3fifo);
    put(0, 1, 0);
    ck_assert(use_key(1));
    ck_assert(use_key(1));
    hold(from.shard);
    e = shard_peek(&from, key_of(1, &name));
    usage = entry_usage(e);
    shard_touch(&from, e);
    shard_take(&from, e);
    shard_touch(&to, NULL);
    shard_insert(&to, e);
    ck_assert_uint_eq(e->stamp & 3, 0);
    keyspace_inherit(ks, &to, e, usage);
    shard_unlock(from.shard);
    ck_assert_uint_eq(frequency_of(2, 1), 2);
    ck_assert_uint_eq(known(0), 0);
    ck_assert_uint_eq(known(2), 1);
    shard_lock(to.shard);
    keyspace_renew(ks, &to, e);
    shard_unlock(to.shard);
    ck_assert_uint_eq(frequency_of(2, 1), 0);
    ck_assert_uint_eq(known(2), 1);
}
END_TEST

START_TEST(entries_that_a_policy_has_not_seen_inserted_are_evicted_in_the_end)
{
    keyspace_choose(ks, POLICY_ALLKEYS_LFU);
    for (unsigned i = 0; i < 100; i++)
        put(0, i, 0);
    ck_assert(evict_to(90));
    keyspace_choose_policy(ks, &s3fifo);
    for (unsigned i = 100; i < 150; i++)
        put(0, i, 0);
    ck_assert(evict_to(0));
    keyspace_choose(ks, POLICY_ALLKEYS_LFU); /* and those that it has stamped are read by the next one */
    for (unsigned i = 0; i < 100; i++)
        put(0, i, 0);
    keyspace_choose_policy(ks, &s3fifo);
    for (unsigned i = 100; i < 200; i++)
        put(0, i, 0);
    keyspace_choose(ks, POLICY_ALLKEYS_LRU);
    ck_assert(evict_to(0));
}
END_TEST

START_TEST(a_policy_has_one_state_in_each_shard_while_it_is_chosen)
{
    keyspace_choose_policy(ks, &s3fifo);
    ck_assert_uint_eq(states, 0);
    for (unsigned i = 0; i < 200; i++)
        put(0, i, 0);
    ck_assert_uint_eq(states, SHARDS);
    keyspace_choose_policy(ks, &second_chance);
    keyspace_choose_policy(ks, &s3fifo); /* what happened meanwhile was not reported to the old states */
    ck_assert_uint_eq(known(0), 0);
    ck_assert_uint_eq(states, SHARDS);
    keyspace_choose(ks, POLICY_ALLKEYS_LRU);
    ck_assert_uint_eq(states, SHARDS);
    evict_tidy(ks, true);
    ck_assert_uint_eq(states, 0);
    keyspace_choose_policy(ks, &s3fifo);
    ck_assert(evict_to(100));
    ck_assert_uint_gt(states, 0);
    keyspace_teardown();
    ck_assert_uint_eq(states, 0);
    keyspace_setup(); /* for the fixture */
}
END_TEST

START_TEST(every_policy_of_the_table_says_idle_time_or_frequency)
{
    for (unsigned id = 0; id < POLICY_COUNT; id++)
        ck_assert((policy_of(id)->idle != NULL) != (policy_of(id)->frequency != NULL));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("policy");
    TCase *tests = tcase_create("policy");
    SRunner *runner = srunner_create(suite);
    int failed;

    hash_init();
    tcase_add_checked_fixture(tests, setup, keyspace_teardown);
    tcase_add_test(tests, a_policy_with_queues_of_its_own_evicts_as_its_paper_says);
    tcase_add_test(tests, a_sampled_policy_may_spare_what_was_used);
    tcase_add_test(tests, a_policy_hears_once_of_every_entry_that_is_removed);
    tcase_add_test(tests, a_policy_hears_of_flushes_and_swaps);
    tcase_add_test(tests, a_policy_hears_that_an_entry_moves);
    tcase_add_test(tests, a_policy_decides_what_an_entry_inherits);
    tcase_add_test(tests, entries_that_a_policy_has_not_seen_inserted_are_evicted_in_the_end);
    tcase_add_test(tests, a_policy_has_one_state_in_each_shard_while_it_is_chosen);
    tcase_add_test(tests, every_policy_of_the_table_says_idle_time_or_frequency);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
