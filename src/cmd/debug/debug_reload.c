/* SPDX-License-Identifier: BSD-3-Clause */
#include "cmd/debug/debug_reload.h"

#include "base/buf.h"
#include "base/hash.h"
#include "persist/dump.h"

/* Collects pointers to the entries of one part of a database: the table may not change during the scan. */
static void gather(void *arg, struct shard *shard, struct entry *e)
{
    (void)shard;
    buf_add(arg, &e, sizeof e);
}

/* Replaces e by a copy that is read from its dump. False: the dump could not be loaded, and e remains. */
static bool reload_entry(struct call *c, const struct place *p, struct entry *e, struct buf *dump)
{
    struct rdb_target to = {.key = entry_key(e), .expire = entry_expire(e), .options = c->instance->options};
    struct entry_tally was = entry_tally(e);
    struct entry *copy;

    shard_must_hold(p->shard);
    if (entry_expired(e, c->unit->now)) {
        shard_expire(p, e);
        return true;
    }
    dump->len = 0;
    dump_write_newest(dump, e);
    copy = dump_read(buf_slice(dump), &to);
    if (copy == NULL)
        return false;
    must(entry_type(copy) == entry_type(e) && entry_expire(copy) == entry_expire(e));
    entry_set_usage(copy, entry_usage(e));
    shard_touch(p, e);
    shard_replace(p, e, &was, copy);
    entry_free(e);
    shard_changed(p, entry_key(copy), (struct event){.class = EVENT_GENERIC, .unwatched = true});
    return true;
}

static bool reload_entries(struct call *c, unsigned db, const struct buf *entries, struct buf *dump)
{
    struct entry *e;

    must(entries->len % sizeof e == 0);
    for (size_t at = 0; at < entries->len; at += sizeof e) {
        struct place p;

        memcpy(&e, entries->p + at, sizeof e);
        p = keyspace_place(c->instance->keyspace, db, keyspace_hash(entry_key(e)));
        if (!reload_entry(c, &p, e, dump))
            return false;
    }
    return true;
}

static bool reload_database(struct call *c, unsigned db)
{
    struct buf entries = BUF_EMPTY, dump = BUF_EMPTY;
    uint64_t cursor = 0;
    bool ok = true;

    do {
        entries.len = 0;
        must(call_scan(c, db, &cursor, gather, &entries)); /* every shard is held */
        ok = reload_entries(c, db, &entries, &dump);
    } while (cursor != 0 && ok);
    buf_fini(&dump);
    buf_fini(&entries);
    return ok;
}

void debug_reload(struct call *c)
{
    struct keyspace *ks = c->instance->keyspace;

    unit_must_hold_world(c->unit);
    for (int i = 2; i < c->argc; i++)
        if (!call_is(c, i, "MERGE") && !call_is(c, i, "NOFLUSH") && !call_is(c, i, "NOSAVE")) {
            reply_error(c->out, "ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.");
            return;
        }
    KEYSPACE_EACH_DB(ks, db)
        if (keyspace_size(ks, db) > 0 && !reload_database(c, db)) {
            reply_error(c->out, "ERR Error trying to load the RDB dump, check server logs.");
            return;
        }
    reply_ok(c->out);
}
