/* SPDX-License-Identifier: BSD-3-Clause */
/* INFO: https://redis.io/docs/latest/commands/info/ */
#include "cmd/server/info.h"

/* The sections, in the order of the reply, which does not depend on the arguments. */
static const struct section {
    const char *name;
    const char *heading;
    void (*write)(struct buf *b, struct call *c); /* NULL: always empty */
    bool is_default;
} sections[] = {
    {"server", "Server", info_server, true},
    {"clients", "Clients", info_clients, true},
    {"memory", "Memory", info_memory, true},
    {"persistence", "Persistence", info_persistence, true},
    {"stats", "Stats", info_stats, true},
    {"replication", "Replication", info_replication, true},
    {"cpu", "CPU", info_cpu, true},
    {"modules", "Modules", NULL, true}, /* modules cannot be loaded */
    {"commandstats", "Commandstats", info_commandstats, false},
    {"errorstats", "Errorstats", info_errorstats, true},
    {"latencystats", "Latencystats", NULL, false}, /* not kept */
    {"cluster", "Cluster", info_cluster, true},
    {"keyspace", "Keyspace", info_keyspace, true},
};

/* Whether any of the arguments selects the section. */
static bool is_wanted(const struct call *c, const struct section *s)
{
    if (c->argc == 1)
        return s->is_default;
    for (int i = 1; i < c->argc; i++) {
        if (call_is(c, i, s->name) || call_is(c, i, "everything") || call_is(c, i, "all") ||
            (s->is_default && call_is(c, i, "default")))
            return true;
    }
    return false;
}

CMD(info,
    .name = "INFO", .arity = -1, .group = "server", .since = "1.0.0", .cost = "O(1)",
    .flags = CMD_LOADING | CMD_STALE, .summary = "Returns information and statistics about the server.",
    .syntax = "[section [section ...]]", .history = "7.0.0: Accepts multiple sections.",
    .hints = "nondeterministic_output,request_policy:all_shards,response_policy:special",
    .categories = "@dangerous")
{
    struct buf b = BUF_EMPTY;

    for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++) {
        if (!is_wanted(c, &sections[i]))
            continue;
        buf_printf(&b, "%s# %s\r\n", b.len ? "\r\n" : "", sections[i].heading);
        if (sections[i].write)
            sections[i].write(&b, c);
        must(b.len > 2 && memcmp(b.p + b.len - 2, "\r\n", 2) == 0);
    }
    reply_verbatim(c->out, "txt", buf_slice(&b));
    buf_fini(&b);
}
