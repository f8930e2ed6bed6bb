/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "cmd/server/commands_doc.h"

#include "cmd/server/syntax.h"
#include "run/catalog.h"
#include "run/version.h"

const struct absent_commands commands_doc_absent[] = {
    {"BLMOVE BLMPOP BLPOP BRPOP BRPOPLPUSH BZMPOP BZPOPMAX BZPOPMIN", "no command waits for an element"},
    {"PSUBSCRIBE PUBLISH PUBSUB PUNSUBSCRIBE SPUBLISH SSUBSCRIBE SUBSCRIBE SUNSUBSCRIBE UNSUBSCRIBE",
     "there is no publishing"},
    {"EVAL EVALSHA EVALSHA_RO EVAL_RO FCALL FCALL_RO FUNCTION|DELETE FUNCTION|DUMP FUNCTION|KILL "
     "FUNCTION|LOAD FUNCTION|RESTORE FUNCTION|STATS SCRIPT", "there are no scripts and no functions"},
    {"ACL", "the default user is the only one; its password is `requirepass`"},
    {"BGREWRITEAOF BGSAVE LASTSAVE SAVE", "nothing is written to disk"},
    {"FAILOVER PSYNC REPLCONF REPLICAOF SLAVEOF SYNC WAIT WAITAOF", "there are no replicas"},
    {"CLIENT|CACHING CLIENT|TRACKING", "keys that clients cache are not tracked"},
    {"LATENCY MONITOR SLOWLOG", "single commands are not recorded"},
    {"MODULE|LOAD MODULE|LOADEX MODULE|UNLOAD", "no modules can be loaded"},
    {NULL, NULL},
};

/* The groups in the order of the document. */
static const struct {
    const char *name;
    const char *title;
    const char *note; /* a paragraph before the commands; "": none */
} groups[] = {
    {"string", "Strings", ""},
    {"bitmap", "Bitmaps", ""},
    {"list", "Lists", ""},
    {"hash", "Hashes", ""},
    {"set", "Sets", ""},
    {"sorted-set", "Sorted sets", ""},
    {"geo", "Places", "They are members of a sorted set, whose score is a geohash.\n\n"},
    {"hyperloglog", "HyperLogLogs", ""},
    {"stream", "Streams", "XREAD and XREADGROUP do not wait: BLOCK is an error where there is nothing to return.\n\n"},
    {"generic", "Keys", ""},
    {"transactions", "Transactions", ""},
    {"connection", "Connections", ""},
    {"server", "Server", ""},
    {"scripting", "Functions", "No library can be loaded, so there is none to flush or to list.\n\n"},
    {"cluster", "Cluster", "All of them answer that cluster support is disabled, as Redis does outside a cluster.\n\n"},
};

#define GROUPS (sizeof(groups) / sizeof(groups[0]))

/* The group that is being written. */
struct chapter {
    struct buf *out;
    const char *group;
};

static void add_name(struct buf *out, const struct command *cmd)
{
    if (cmd->parent)
        buf_printf(out, "%s ", cmd->parent);
    buf_add_str(out, cmd->name);
    if (cmd->syntax && *cmd->syntax) {
        buf_add_char(out, ' ');
        syntax_show(out, cmd->syntax);
    }
}

static void add_command(void *arg, const struct command *cmd)
{
    struct chapter *chapter = arg;
    struct buf *out = chapter->out;

    if (strcmp(cmd->group, chapter->group) == 0 && cmd->run) {
        buf_add_str(out, "- `");
        add_name(out, cmd);
        buf_printf(out, "`  \n  %s", cmd->summary);
        if (cmd->deprecated_since)
            buf_printf(out, " Deprecated since Redis %s in favour of %s.", cmd->deprecated_since, cmd->replaced_by);
        buf_printf(out, " *Since Redis %s. %s%s*\n", cmd->since, cmd->cost,
                   cmd->cost[strlen(cmd->cost) - 1] == '.' ? "" : ".");
    }
    catalog_each(cmd, add_command, chapter);
}

static void add_absent(struct buf *out)
{
    buf_add_str(out, "\n## Not there\n\nCommands of Redis " REDIS_VERSION
                     " that are answered as unknown, and why.\n\n| commands | |\n| --- | --- |\n");
    for (const struct absent_commands *a = commands_doc_absent; a->names; a++) {
        buf_add_str(out, "| ");
        for (const char *p = a->names; *p; p++) {
            if (*p == ' ')
                buf_add_char(out, ',');
            buf_add_char(out, *p == '|' ? ' ' : *p);
        }
        buf_printf(out, " | %s |\n", a->why);
    }
}

static const char head[] =
    "# Commands\n\n"
    "Made by `larder-server --commands-doc` from the commands' own blocks in `src/cmd/`. In the notation of Redis:\n"
    "words in capitals are sent as they are, `[x]` may be left out, `<x | y>` is one of them, `x [x ...]` is x\n"
    "once or more. Where a reply differs from that of Redis, [COMPATIBILITY.md](COMPATIBILITY.md) says how and why.\n";

void commands_doc(struct buf *out)
{
    buf_add_str(out, head);
    for (size_t i = 0; i < GROUPS; i++) {
        struct chapter chapter = {out, groups[i].name};

        buf_printf(out, "\n## %s\n\n%s", groups[i].title, groups[i].note);
        catalog_each(NULL, add_command, &chapter);
    }
    add_absent(out);
}
