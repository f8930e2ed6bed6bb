/* SPDX-License-Identifier: BSD-3-Clause */
/* defrag: moves entries and parts of large values out of slabs that are hardly used. */
#include <stdarg.h>

#include "base/sanitize.h"
#include "base/slab.h"
#include "evict_step.h"
#include "requests.h"
#include "run/defrag.h"

#define STEPS_MAX 1000000
#define KEEP      40 /* one item of so many stays */

static struct defrag position;

static void begin(void)
{
    set_up();
    configure("enable-debug-command yes");
    configure("stream-node-max-entries 4");
    position = (struct defrag){0};
}

/* Runs a request whose reply does not matter; returns what it has sent. Borrowed until the next call. */
static const char *reply_to(const char *text)
{
    static struct buf all = BUF_EMPTY;

    buf_fini(&all);
    all = (struct buf)BUF_EMPTY;
    ck_assert_int_eq(run(text), DISPATCH_DONE);
    for (struct chunk *c = out_take(&session.out), *next; c != NULL; c = next) {
        next = c->next;
        buf_add(&all, c->p, c->len);
        chunk_free(c);
    }
    ck_assert_msg(buf_cstr(&all)[0] != '-', "%s: %s", text, buf_cstr(&all));
    return buf_cstr(&all);
}

__attribute__((format(printf, 1, 2))) static void send(const char *format, ...)
{
    char text[200];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    reply_to(text);
}

/* ---- what is stored: for each kind, item i is added or removed ---- */

static void string(unsigned i, bool add)
{
    if (add)
        send("SET string:%06u some-value-of-this-length-%06u", i, i);
    else
        send("DEL string:%06u", i);
}

static void volatile_string(unsigned i, bool add)
{
    if (add)
        send("SET volatile:%06u value-%06u EX 1000", i, i);
    else
        send("DEL volatile:%06u", i);
}

static void long_string(unsigned i, bool add)
{
    if (add)
        send("SETRANGE long:%06u %u x", i, 1100 + i % 3 * 2000);
    else
        send("DEL long:%06u", i);
}

static void flat_hash(unsigned i, bool add)
{
    if (add)
        send("HSET flat:%06u field-1 value-1 field-2 value-2", i);
    else
        send("DEL flat:%06u", i);
}

static void hash(unsigned i, bool add)
{
    if (add)
        send("HSET hash field-%06u value-of-a-field-%06u", i, i);
    else
        send("HDEL hash field-%06u", i);
    if (add && i % 2 == 0)
        send("HEXPIRE hash %u FIELDS 1 field-%06u", 1000 + i % 50, i);
}

static void set(unsigned i, bool add)
{
    send("%s set member-with-a-name-%06u", add ? "SADD" : "SREM", i);
}

static void zset(unsigned i, bool add)
{
    if (add)
        send("ZADD zset %u member-%06u", i % 1000, i);
    else
        send("ZREM zset member-%06u", i);
}

/* Each of these lists has one chunk of its own size class. */
static void list(unsigned i, bool add)
{
    if (add)
        for (unsigned j = 0; j < 10; j++)
            send("RPUSH list:%06u an-item-that-is-longer-than-it-would-need-to-be-so-that-the-list-gets-large-%06u", i,
                 j);
    else
        send("DEL list:%06u", i);
}

static void stream(unsigned i, bool add)
{
    if (add) {
        send("XADD stream %u-1 field value-%06u", i + 1, i);
        send("XREADGROUP GROUP group consumer-%u STREAMS stream >", i % 3);
    } else {
        send("XACK stream group %u-1", i + 1);
        send("XDEL stream %u-1", i + 1);
    }
}

static const struct kind {
    void (*item)(unsigned i, bool add);
    unsigned items;
    const char *check; /* a request whose reply depends on more than DEBUG DIGEST does */
} kinds[] = {
    {string, 20000, NULL},
    {volatile_string, 20000, NULL},
    {long_string, 3000, NULL},
    {flat_hash, 10000, NULL},
    {hash, 40000, NULL},
    {set, 20000, NULL},
    {zset, 20000, "ZRANGE zset 0 -1"},
    {list, 2000, NULL},
    {stream, 30000, "XINFO STREAM stream FULL COUNT 1000"},
};

#define KINDS (sizeof kinds / sizeof *kinds)

static void scatter(const struct kind *k)
{
    configure("list-max-listpack-size 4");
    if (k->item == stream)
        send("XGROUP CREATE stream group 0 MKSTREAM");
    for (unsigned i = 0; i < k->items; i++)
        k->item(i, true);
    for (unsigned i = 0; i < k->items; i++)
        if (i % KEEP != 0)
            k->item(i, false);
}

/* ---- position ---- */

static struct mem_stats slabs(void)
{
    struct mem_stats s = {0};

    slab_stats(&s);
    return s;
}

/* Walks until nothing is left to move. */
static void compact_all(void)
{
    unsigned steps = 0;

    do {
        ck_assert_uint_lt(steps++, STEPS_MAX);
        quiesce_enter(runner.slot);
        position.until = 0;
    } while (defrag_slice(&runner, &position, 0, 1) != 0);
    quiesce_leave(runner.slot);
}

static char *copy_of(const char *text)
{
    return mem_strdup(text);
}

/* Whether the slabs have about as much memory as the blocks need. */
static void check_dense(void)
{
    struct mem_stats s = slabs();

    ck_assert_msg(s.active <= s.allocated + s.allocated / 4 + 1024 * 1024, "%zu bytes in slabs of %zu bytes",
                  s.allocated, s.active);
}

START_TEST(what_is_scattered_moves_together_and_stays_what_it_was)
{
    const struct kind *k = &kinds[_i];
    char *digest, *checked = NULL;
    size_t used, active;

    scatter(k);
    slab_thread_done();
    active = slabs().active;
    digest = copy_of(reply_to("DEBUG DIGEST"));
    if (k->check != NULL)
        checked = copy_of(reply_to(k->check));
    used = mem_used();
    compact_all();
    ck_assert_str_eq(reply_to("DEBUG DIGEST"), digest);
    if (checked != NULL)
        ck_assert_str_eq(reply_to(k->check), checked);
    mem_free(digest);
    mem_free(checked);
    slab_thread_done();
    if (!SANITIZE_ADDRESS) {
        ck_assert_uint_gt(atomic_load(&ks->defrag.moved), 0);
        ck_assert_uint_lt(slabs().active, active);
        check_dense();
    }
    ck_assert_uint_le(mem_used(), used + 64 * 1024); /* the reply chunks that a thread keeps */
    for (unsigned i = 0; i < k->items; i += KEEP)    /* what was moved can be changed and removed */
        k->item(i, false);
}
END_TEST

#if !SANITIZE_ADDRESS
START_TEST(each_block_moves_a_few_times_at_most)
{
    scatter(&kinds[0]);
    slab_thread_done();
    compact_all();
    ck_assert_uint_le(atomic_load(&ks->defrag.moved), 2 * kinds[0].items / KEEP);
    compact_all();
    ck_assert_uint_le(atomic_load(&ks->defrag.moved), 2 * kinds[0].items / KEEP);
}
END_TEST

START_TEST(one_hold_of_a_lock_looks_at_few_blocks)
{
    struct compact_position at = {0};
    bool done = false;

    scatter(&kinds[4]); /* one large value */
    slab_thread_done();
    for (unsigned shard = 0; shard < SHARDS; shard++, done = false)
        while (!done) {
            struct slab_work w = {0};

            hold(&ks->shards[shard]);
            done = compact_shard(&ks->shards[shard], &at, &w);
            shard_unlock(&ks->shards[shard]);
            ck_assert_uint_le(w.moved + w.kept, 200);
        }
}
END_TEST

START_TEST(a_candidate_for_eviction_moves_with_its_entry)
{
    unsigned candidates = 0;

    keyspace_choose(ks, POLICY_ALLKEYS_LRU);
    scatter(&kinds[0]);
    slab_thread_done();
    for (unsigned i = 0; i < 300; i++) {
        struct evict_choice c;

        ck_assert(evict_choose(ks, &c));
        evict_locked(NULL, ks, &c);
    }
    compact_all();
    for (unsigned s = 0; s < SHARDS; s++)
        for (unsigned i = 0; ks->shards[s].pool != NULL && i < ks->shards[s].pool->count; i++) {
            const struct candidate *c = &ks->shards[s].pool->best[i];

            ck_assert(table_holds(shard_table(&ks->shards[s], c->db), c->hash, c->entry));
            candidates++;
        }
    ck_assert_uint_gt(candidates, 0);
}
END_TEST

START_TEST(nothing_moves_while_activedefrag_is_off)
{
    configure("activedefrag no");
    scatter(&kinds[0]);
    slab_thread_done();
    compact_all();
    ck_assert_uint_eq(atomic_load(&ks->defrag.moved), 0);
}
END_TEST
#endif

int main(void)
{
    Suite *suite = suite_create("defrag");
    TCase *tests = tcase_create("defrag");
    SRunner *all = srunner_create(suite);
    int failed;

    commands_init();
    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, begin, tear_down);
    tcase_add_loop_test(tests, what_is_scattered_moves_together_and_stays_what_it_was, 0, KINDS);
#if !SANITIZE_ADDRESS
    tcase_add_test(tests, each_block_moves_a_few_times_at_most);
    tcase_add_test(tests, one_hold_of_a_lock_looks_at_few_blocks);
    tcase_add_test(tests, a_candidate_for_eviction_moves_with_its_entry);
    tcase_add_test(tests, nothing_moves_while_activedefrag_is_off);
#endif
    suite_add_tcase(suite, tests);
    srunner_run_all(all, CK_NORMAL);
    failed = srunner_ntests_failed(all);
    srunner_free(all);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
