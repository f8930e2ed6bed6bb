/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * DEBUG: introspection, and what test suites need. It runs with every shard locked, so that it may read any key, and so
 * that SLEEP stops the whole server, as test suites expect.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/glob.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/pages.h"
#include "base/reserve.h"
#include "cmd/debug/debug_protocol.h"
#include "cmd/debug/debug_reload.h"
#include "cmd/debug/debug_value.h"
#include "cmd/debug/digest.h"
#include "conf/kind.h"
#include "conf/rewrite.h"
#include "obs/log.h"
#include "persist/rdb_write.h"
#include "run/call.h"
#include "run/reclaim.h"

#define WORD_BYTES     64
#define POPULATE_EXTRA 64 /* bytes of an entry besides its key and value, and of the table */

/* Copies argument i to `text`, of WORD_BYTES bytes, and adds a NUL, for the C functions that Redis parses numbers with.
 * A longer argument is truncated: no number is as long. */
static const char *word(const struct call *c, int i, char *text)
{
    size_t n = c->argv[i].n < WORD_BYTES - 1 ? c->argv[i].n : WORD_BYTES - 1;

    must(i > 0 && i < c->argc);
    memcpy(text, c->argv[i].p, n);
    text[n] = 0;
    return text;
}

/* ---- keys ---- */

/* The entry of the key in argument i, expired or not; NULL: there is none. */
static struct entry *look_up(struct call *c, int i)
{
    struct slice key = call_arg(c, i);
    struct place p = keyspace_place(c->instance->keyspace, c->db, keyspace_hash(key));

    must(i > 0 && i < c->argc);
    shard_must_hold(p.shard);
    return shard_peek(&p, key);
}

/* As look_up for argument 2. NULL: the error was replied. */
static struct entry *find_any(struct call *c)
{
    struct entry *e = look_up(c, 2);

    if (e == NULL)
        reply_error(c->out, ERR_NO_KEY);
    return e;
}

/* The size of the value in a snapshot, bytes. */
static size_t serialized_length(const struct entry *e)
{
    struct buf value = BUF_EMPTY;
    size_t n;

    rdb_write_value(&value, e);
    n = value.len;
    buf_fini(&value);
    return n;
}

/* Seconds since the last access to the key in argument 2; 0 if the policy does not record it. */
static int64_t idle_time(struct call *c, struct entry *e)
{
    struct keyspace *ks = c->instance->keyspace;
    const struct policy *policy = keyspace_policy(ks);
    struct place p = keyspace_place(ks, c->db, keyspace_hash(call_arg(c, 2)));

    return policy->idle ? policy->idle(&ks->stamps, policy_state(policy, p.shard), &p, e) : 0;
}

static void debug_object(struct call *c)
{
    struct entry *e = find_any(c);
    char text[512], fields[256];

    if (e == NULL)
        return;
    debug_value_fields(c, e, fields, sizeof fields);
    snprintf(text, sizeof text,
             "Value at:%p refcount:1 encoding:%s serializedlength:%zu lru:%u lru_seconds_idle:%lld%s", (void *)e,
             entry_encoding_name(e), serialized_length(e), e->stamp, (long long)idle_time(c, e), fields);
    reply_simple(c->out, text);
}

static void debug_sdslen(struct call *c)
{
    struct entry *e = find_any(c);
    char text[256];
    size_t key, value;

    if (e == NULL)
        return;
    if (entry_type(e) != TYPE_STRING || entry_encoding(e) == ENCODING_INT) {
        reply_error(c->out, "ERR Not an sds encoded string.");
        return;
    }
    key = entry_key(e).n;
    value = entry_strlen(e);
    snprintf(text, sizeof text,
             "key_sds_len:%zu, key_sds_avail:0, key_zmalloc: %zu, val_sds_len:%zu, val_sds_avail:%zu, val_zmalloc: %zu",
             key, key, value, entry_encoding(e) == ENCODING_BLOB ? entry_blob(e)->cap - value : 0,
             entry_size(e) - key);
    reply_simple(c->out, text);
}

static void debug_listpack(struct call *c)
{
    struct entry *e = find_any(c);

    if (e != NULL)
        debug_value_listpack(c, e);
}

static void debug_quicklist(struct call *c)
{
    struct entry *e = find_any(c);

    if (e != NULL)
        debug_value_quicklist(c, e);
}

static void debug_htstats_key(struct call *c)
{
    struct entry *e = find_any(c);

    if (e != NULL)
        debug_value_htstats(c, e);
}

static void reply_digest(struct call *c, const struct digest *d)
{
    char hex[2 * SHA1_BYTES + 1];

    for (int i = 0; i < SHA1_BYTES; i++)
        snprintf(hex + 2 * i, 3, "%02x", d->bytes[i]);
    reply_simple(c->out, hex);
}

static void debug_digest_value(struct call *c)
{
    reply_array(c->out, c->argc - 2);
    for (int i = 2; i < c->argc; i++) {
        struct entry *e = look_up(c, i);
        struct digest d = {{0}};

        if (e != NULL)
            d = digest_value(e, c->unit->now);
        reply_digest(c, &d);
    }
}

/* ---- databases ---- */

static void debug_digest(struct call *c)
{
    struct digest d = digest_keyspace(c->instance->keyspace, c->unit->now);

    reply_digest(c, &d);
}

static void debug_htstats(struct call *c)
{
    struct keyspace *ks = c->instance->keyspace;
    size_t buckets = 0, chained = 0, tables = 0;
    struct buf text = BUF_EMPTY;
    int64_t db;

    if (!call_int(c, 2, &db))
        return;
    if (db < 0 || db >= ks->databases) {
        reply_error(c->out, "ERR Out of range database");
        return;
    }
    for (unsigned i = 0; i < ks->shard_count; i++) {
        struct table *t = shard_table(&ks->shards[i], db);

        if (t == NULL)
            continue;
        tables++;
        buckets += atomic_load_explicit(&t->buckets, memory_order_relaxed);
        chained += atomic_load_explicit(&t->chained, memory_order_relaxed);
    }
    buf_printf(&text, "[Dictionary HT]\n tables: %zu\n buckets: %zu\n overflow buckets: %zu\n bytes: %zu\n"
                      " number of elements: %zu\n[Expires HT]\n number of elements: %zu\n",
               tables, buckets, chained, keyspace_overhead(ks, db), keyspace_size(ks, db),
               keyspace_volatile_size(ks, db));
    reply_verbatim(c->out, "txt", buf_slice(&text));
    buf_fini(&text);
}

/* Creates a string, unless the key exists. False: out of memory. */
static bool populate_one(struct call *c, struct slice key, struct slice value)
{
    struct place p = keyspace_place(c->instance->keyspace, c->db, keyspace_hash(key));
    struct entry_spec s = {.key = key, .value = value};

    shard_must_hold(p.shard);
    if (shard_find(&p, key, c->unit->now, &c->due_fields) != NULL)
        return true;
    if (value.n > ENTRY_INLINE_MAX) {
        s.blob = blob_new(value.n);
        if (s.blob == NULL)
            return false;
        memcpy(s.blob->p, value.p, value.n);
        s.blob->len = value.n;
    }
    shard_touch(&p, NULL);
    shard_insert(&p, entry_new(&s));
    shard_changed(&p, key, (struct event){.class = EVENT_GENERIC});
    return true;
}

/* Makes room for a key of POPULATE, which may evict keys that it has made before. The unit holds every shard. */
static bool populate_has_room(const struct call *c, size_t bytes)
{
    const struct own_keys none = OWN_KEYS_NONE;

    return reclaim_within(c->unit, mem_usable_size(bytes) + POPULATE_EXTRA, &none);
}

/* Creates key i of POPULATE. The value is truncated or padded with zero bytes to `size`, unless that is 0. value: a
 * buffer of `size` zero bytes. */
static bool populate_nth(struct call *c, int64_t i, char *value, size_t size)
{
    struct slice prefix = c->argc > 3 ? call_arg(c, 3) : SLICE("key");
    struct buf key = BUF_EMPTY;
    char text[WORD_BYTES];
    size_t n = snprintf(text, sizeof text, "value:%lld", (long long)i);
    bool done;

    must(n < sizeof text && i >= 0);
    if (size != 0)
        memcpy(value, text, n < size ? n : size);
    buf_add_slice(&key, prefix);
    buf_printf(&key, ":%lld", (long long)i);
    done = populate_one(c, buf_slice(&key), size ? slice_of(value, size) : slice_of(text, n));
    buf_fini(&key);
    return done;
}

static void debug_populate(struct call *c)
{
    size_t prefix = c->argc > 3 ? call_arg(c, 3).n : 0;
    const char *error = NULL;
    int64_t count, size = 0;
    char *value;

    if (!call_int_between(c, 2, 0, INT64_MAX, &count, ERR_NOT_POSITIVE) ||
        (c->argc == 5 && !call_int_between(c, 4, 0, call_string_max(c), &size, ERR_NOT_POSITIVE)))
        return;
    must(size >= 0);
    value = mem_try_alloc(size + 1);
    if (value == NULL) {
        reply_error(c->out, ERR_NO_MEMORY);
        return;
    }
    memset(value, 0, size);
    for (int64_t i = 0; i < count && error == NULL; i++) {
        if (!populate_has_room(c, prefix + (size != 0 ? (size_t)size : WORD_BYTES)))
            error = ERR_OOM;
        else if (reserve_is_short() || pages_are_low() || !populate_nth(c, i, value, size))
            error = ERR_NO_MEMORY;
    }
    mem_free(value);
    if (error != NULL)
        reply_error(c->out, error);
    else
        reply_ok(c->out);
}

static void debug_set_active_expire(struct call *c)
{
    char text[WORD_BYTES];

    atomic_store_explicit(&c->instance->keyspace->expiry_on, atoi(word(c, 2, text)) != 0, memory_order_relaxed);
    reply_ok(c->out);
}

static void debug_skip_checksums(struct call *c)
{
    char text[WORD_BYTES];

    atomic_store_explicit(&c->instance->skip_checksums, atoi(word(c, 2, text)) != 0, memory_order_relaxed);
    reply_ok(c->out);
}

/* ---- others ---- */

static void debug_error(struct call *c)
{
    reply_errorf(c->out, "%.*s", (int)c->argv[2].n, c->argv[2].p);
}

#define SLEEP_NS 50000000 /* between two looks whether the server ends */

static void debug_sleep(struct call *c)
{
    char text[WORD_BYTES];
    double s = strtod(word(c, 2, text), NULL);
    int64_t end = clock_mono_ns(), now;

    if (s > 0 && s < 1e9)
        for (end += (int64_t)(s * 1e9); !atomic_load(&c->instance->stops) && end > (now = clock_mono_ns());)
            nanosleep(&(struct timespec){0, end - now < SLEEP_NS ? end - now : SLEEP_NS}, NULL);
    reply_ok(c->out);
}

#define SHIFT_MAX (100ll * 365 * 86400 * 1000) /* ms */

static void debug_shift_clock(struct call *c)
{
    int64_t ms;

    if (!call_int_between(c, 2, -SHIFT_MAX, SHIFT_MAX, &ms, ERR_NOT_INT))
        return;
    atomic_store(&clock_shift, ms);
    reply_ok(c->out);
}

static void debug_segfault(struct call *c)
{
    *(volatile int *)(uintptr_t)call_arg(c, 1).n = 0; /* in the page of NULL */
}

static void debug_panic(struct call *c)
{
    must(!"DEBUG PANIC");
    (void)c;
}

static void debug_log(struct call *c)
{
    log_write(LOG_WARNING, "DEBUG LOG: %.*s", (int)c->argv[2].n, c->argv[2].p);
    reply_ok(c->out);
}

static void debug_stringmatch_len(struct call *c)
{
    int64_t n;
    char *text;

    if (!call_int_between(c, 2, 0, call_string_max(c), &n, ERR_NOT_INT))
        return;
    must(n >= 0);
    text = mem_try_alloc(n + 1);
    if (text == NULL) {
        reply_error(c->out, ERR_NO_MEMORY);
        return;
    }
    memset(text, 'a', n);
    reply_int(c->out, glob_match(call_arg(c, 3), slice_of(text, n), false));
    mem_free(text);
}

static void debug_quicklist_threshold(struct call *c)
{
    char text[WORD_BYTES];
    uint64_t bytes;

    if (!kind_parse_memory(word(c, 2, text), &bytes) || bytes > (1ull << 32) - (1u << 20)) {
        reply_error(c->out, "ERR argument must be a memory value bigger than 1 and smaller than 4gb");
        return;
    }
    atomic_store_explicit(&c->instance->list_threshold, bytes, memory_order_relaxed);
    reply_ok(c->out);
}

static void debug_replybuffer(struct call *c)
{
    int64_t ms;

    if (call_is(c, 2, "PEAK-RESET-TIME") && !call_is(c, 3, "NEVER") && !call_is(c, 3, "RESET") &&
        !call_int(c, 3, &ms))
        return;
    if (call_is(c, 2, "PEAK-RESET-TIME") || call_is(c, 2, "RESIZING"))
        reply_ok(c->out);
    else
        reply_errorf(c->out, "ERR unknown subcommand or wrong number of arguments for '%s'. Try DEBUG HELP.",
                     "REPLYBUFFER");
}

static void debug_change_repl_id(struct call *c)
{
    atomic_fetch_add_explicit(&c->instance->replid_changes, 1, memory_order_relaxed);
    reply_ok(c->out);
}

static void debug_config_rewrite(struct call *c)
{
    struct conf_error err;

    if (rewrite_file(c->instance->conf, true, &err))
        reply_ok(c->out);
    else
        reply_errorf(c->out, "ERR CONFIG-REWRITE-FORCE-ALL failed: %s", err.text);
}

static void debug_structsize(struct call *c)
{
    char text[256];

    snprintf(text, sizeof text, "bits:%zu entry:%zu table:%zu shard:%zu slice:%zu ", 8 * sizeof(void *),
             sizeof(struct entry), sizeof(struct table), sizeof(struct shard), sizeof(struct slice));
    reply_bulk_str(c->out, text);
}

/* For subcommands about parts that Larder does not have. */
static void debug_accept(struct call *c)
{
    reply_ok(c->out);
}

static void debug_help(struct call *c)
{
    static const char *const lines[] = {
        "CHANGE-REPL-ID",
        "    Change the replication id that INFO shows.",
        "CONFIG-REWRITE-FORCE-ALL",
        "    Write all options to the configuration file, also those that have their default value.",
        "DIGEST",
        "    Return a digest of all databases: 40 digits, the same as those of Redis with the same data.",
        "DIGEST-VALUE <key> [<key> ...]",
        "    Return the digests of values.",
        "ERROR <text>",
        "    Reply with this error.",
        "HTSTATS <db> [FULL]",
        "    Return statistics of the hash tables of a database.",
        "HTSTATS-KEY <key> [FULL]",
        "    Return statistics of the hash table of a value.",
        "LISTPACK <key>, QUICKLIST <key> [<0|1>]",
        "    Print the encoding of a value to the standard output of the server; 1: with all elements.",
        "LOG <text>",
        "    Write the text to the log.",
        "OBJECT <key>",
        "    Show how a value is stored. This does not count as an access.",
        "PANIC, SEGFAULT",
        "    Crash: by an assertion, by an access to memory.",
        "POPULATE <count> [<prefix>] [<size>]",
        "    Create strings <prefix>:0, <prefix>:1 ... of <size> bytes. Existing keys are kept.",
        "PROTOCOL <type>",
        "    Reply with a value of this type: string, integer, double, bignum, null, array, set, map, attrib, push,",
        "    verbatim, true, false.",
        "RELOAD [MERGE] [NOFLUSH] [NOSAVE]",
        "    Serialize every value as in a snapshot and load it back, in memory. The options have no effect.",
        "SDSLEN <key>",
        "    Show the lengths of a key and its string, and their allocations.",
        "SET-ACTIVE-EXPIRE <0|1>",
        "    Turn active expiry on or off. Keys always expire on access.",
        "SET-SKIP-CHECKSUM-VALIDATION <0|1>",
        "    Whether RESTORE accepts values with a wrong checksum.",
        "SHIFT-CLOCK <milliseconds>",
        "    Move the wall clock, as the server sees it, by this time from the true one; 0: back to the true one.",
        "SLEEP <seconds>",
        "    Stop the server for this time; decimals are allowed.",
        "STRINGMATCH-LEN <length> <pattern>",
        "    Return 1 if the pattern matches a string of <length> letters 'a', otherwise 0.",
        "STRUCTSIZE",
        "    Return the sizes of some structures of the server.",
        "QUICKLIST-PACKED-THRESHOLD <size>",
        "    List elements of this size or more have a chunk of their own; 0: those larger than a chunk.",
        "DICT-RESIZING <0|1>, PAUSE-CRON <0|1>, REPLYBUFFER <what> <value>, SET-DISABLE-DENY-SCRIPTS <0|1>",
        "    Accepted without effect, for test suites of Redis.",
        NULL,
    };

    call_reply_help(c, lines);
}

/* The subcommands, with the number of their arguments, counting DEBUG and the subcommand. */
static const struct debug_sub {
    const char *name;
    int min, max;
    void (*run)(struct call *c);
} subs[] = {
    {"CHANGE-REPL-ID", 2, 2, debug_change_repl_id},
    {"CONFIG-REWRITE-FORCE-ALL", 2, 2, debug_config_rewrite},
    {"DICT-RESIZING", 3, 3, debug_accept},
    {"DIGEST", 2, 2, debug_digest},
    {"DIGEST-VALUE", 2, INT_MAX, debug_digest_value},
    {"ERROR", 3, 3, debug_error},
    {"HELP", 2, 2, debug_help},
    {"HTSTATS", 3, 4, debug_htstats},
    {"HTSTATS-KEY", 3, 4, debug_htstats_key},
    {"LISTPACK", 3, 3, debug_listpack},
    {"LOG", 3, 3, debug_log},
    {"OBJECT", 3, 4, debug_object},
    {"PANIC", 2, 2, debug_panic},
    {"PAUSE-CRON", 3, 3, debug_accept},
    {"POPULATE", 3, 5, debug_populate},
    {"PROTOCOL", 3, 3, debug_protocol},
    {"QUICKLIST", 3, 4, debug_quicklist},
    {"QUICKLIST-PACKED-THRESHOLD", 3, 3, debug_quicklist_threshold},
    {"RELOAD", 2, INT_MAX, debug_reload},
    {"REPLYBUFFER", 4, 4, debug_replybuffer},
    {"SDSLEN", 3, 3, debug_sdslen},
    {"SEGFAULT", 2, 2, debug_segfault},
    {"SET-ACTIVE-EXPIRE", 3, 3, debug_set_active_expire},
    {"SET-DISABLE-DENY-SCRIPTS", 3, 3, debug_accept},
    {"SET-SKIP-CHECKSUM-VALIDATION", 3, 3, debug_skip_checksums},
    {"SHIFT-CLOCK", 3, 3, debug_shift_clock},
    {"SLEEP", 3, 3, debug_sleep},
    {"STRINGMATCH-LEN", 4, 4, debug_stringmatch_len},
    {"STRUCTSIZE", 2, 2, debug_structsize},
};

CMD(debug,
    .name = "DEBUG", .arity = -2, .group = "server", .since = "1.0.0", .cost = "Depends on the subcommand",
    .flags = CMD_ADMIN | CMD_NOSCRIPT | CMD_LOADING | CMD_STALE | CMD_PROTECTED | CMD_WORLD,
    .syntax = "subcommand [argument [argument ...]]", .summary = "Inspects and manipulates the server; for tests.")
{
    unit_must_hold_world(c->unit);
    for (size_t i = 0; i < sizeof subs / sizeof *subs; i++)
        if (call_is(c, 1, subs[i].name) && c->argc >= subs[i].min && c->argc <= subs[i].max) {
            subs[i].run(c);
            return;
        }
    reply_errorf(c->out, "ERR unknown subcommand or wrong number of arguments for '%.*s'. Try DEBUG HELP.",
                 c->argv[1].n < 128 ? (int)c->argv[1].n : 128, c->argv[1].p);
}
