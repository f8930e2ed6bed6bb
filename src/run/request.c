/* SPDX-License-Identifier: BSD-3-Clause */
#include "run/request.h"

static const struct command *find_command(const struct slice *argv, int argc)
{
    const struct command *cmd = command_find(argv[0]);

    if (cmd == NULL || argc < 2 || !command_has_subs(cmd))
        return cmd;
    return command_find_sub(cmd, argv[1]);
}

void request_prepare(const struct session *s, struct request *req)
{
    int i;

    sane(req->argc > 0 && req->argv != NULL && req->hash != NULL);
    req->cmd = find_command(req->argv, req->argc);
    req->key = 0;
    if (req->cmd == NULL)
        return;
    i = command_only_key(req->cmd);
    if (i != 0 && i < req->argc) {
        req->key = i;
        req->db = s->db;
        req->key_hash = req->hash[i] = keyspace_hash(req->argv[i]);
    }
}

/* The table of the request's only key; NULL: it has no such key, or the table does not exist. */
static inline struct table *table_of(const struct runner *r, const struct request *req)
{
    return req->key ? shard_table(keyspace_shard(r->instance->keyspace, req->key_hash), req->db) : NULL;
}

void request_prefetch(const struct runner *r, const struct request *reqs, unsigned n)
{
    must_be(r, RUNNER_MAGIC);
    /* Two short loops, so that many cache misses are in flight at a time. */
    for (unsigned i = 0; i < n; i++) {
        struct table *t = table_of(r, &reqs[i]);

        if (t != NULL)
            table_prefetch_bucket(t, reqs[i].key_hash);
    }
    for (unsigned i = 0; i < n; i++) {
        struct table *t = table_of(r, &reqs[i]);

        if (t != NULL)
            table_prefetch_entry(t, reqs[i].key_hash);
    }
}
