/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "run/catalog.h"

#include "base/must.h"

/* In the order in which Redis shows them. */
const struct catalog_name catalog_flags[] = {
    {CMD_WRITE, "write"},
    {CMD_READONLY, "readonly"},
    {CMD_DENYOOM, "denyoom"},
    {CMD_ADMIN, "admin"},
    {CMD_PUBSUB, "pubsub"},
    {CMD_NOSCRIPT, "noscript"},
    {CMD_BLOCKING, "blocking"},
    {CMD_LOADING, "loading"},
    {CMD_STALE, "stale"},
    {CMD_SKIP_MONITOR, "skip_monitor"},
    {CMD_SKIP_SLOWLOG, "skip_slowlog"},
    {CMD_ASKING, "asking"},
    {CMD_FAST, "fast"},
    {CMD_NO_AUTH, "no_auth"},
    {CMD_NO_MANDATORY_KEYS, "no_mandatory_keys"},
    {CMD_NO_ASYNC_LOADING, "no_async_loading"},
    {CMD_NO_MULTI, "no_multi"},
    {CMD_MOVABLEKEYS, "movablekeys"},
    {CMD_ALLOW_BUSY, "allow_busy"},
    {0, NULL},
};

const struct catalog_name catalog_key_flags[] = {
    {KEY_RO, "RO"},
    {KEY_RW, "RW"},
    {KEY_OW, "OW"},
    {KEY_RM, "RM"},
    {KEY_ACCESS, "access"},
    {KEY_UPDATE, "update"},
    {KEY_INSERT, "insert"},
    {KEY_DELETE, "delete"},
    {KEY_NOT_KEY, "not_key"},
    {KEY_INCOMPLETE, "incomplete"},
    {KEY_VARIABLE_FLAGS, "variable_flags"},
    {0, NULL},
};

enum category {
    CATEGORY_KEYSPACE = 1 << 0,
    CATEGORY_READ = 1 << 1,
    CATEGORY_WRITE = 1 << 2,
    CATEGORY_SET = 1 << 3,
    CATEGORY_SORTEDSET = 1 << 4,
    CATEGORY_LIST = 1 << 5,
    CATEGORY_HASH = 1 << 6,
    CATEGORY_STRING = 1 << 7,
    CATEGORY_BITMAP = 1 << 8,
    CATEGORY_HYPERLOGLOG = 1 << 9,
    CATEGORY_GEO = 1 << 10,
    CATEGORY_STREAM = 1 << 11,
    CATEGORY_PUBSUB = 1 << 12,
    CATEGORY_ADMIN = 1 << 13,
    CATEGORY_FAST = 1 << 14,
    CATEGORY_SLOW = 1 << 15,
    CATEGORY_BLOCKING = 1 << 16,
    CATEGORY_DANGEROUS = 1 << 17,
    CATEGORY_CONNECTION = 1 << 18,
    CATEGORY_TRANSACTION = 1 << 19,
    CATEGORY_SCRIPTING = 1 << 20,
};

const struct catalog_name catalog_categories[] = {
    {CATEGORY_KEYSPACE, "keyspace"},
    {CATEGORY_READ, "read"},
    {CATEGORY_WRITE, "write"},
    {CATEGORY_SET, "set"},
    {CATEGORY_SORTEDSET, "sortedset"},
    {CATEGORY_LIST, "list"},
    {CATEGORY_HASH, "hash"},
    {CATEGORY_STRING, "string"},
    {CATEGORY_BITMAP, "bitmap"},
    {CATEGORY_HYPERLOGLOG, "hyperloglog"},
    {CATEGORY_GEO, "geo"},
    {CATEGORY_STREAM, "stream"},
    {CATEGORY_PUBSUB, "pubsub"},
    {CATEGORY_ADMIN, "admin"},
    {CATEGORY_FAST, "fast"},
    {CATEGORY_SLOW, "slow"},
    {CATEGORY_BLOCKING, "blocking"},
    {CATEGORY_DANGEROUS, "dangerous"},
    {CATEGORY_CONNECTION, "connection"},
    {CATEGORY_TRANSACTION, "transaction"},
    {CATEGORY_SCRIPTING, "scripting"},
    {0, NULL},
};

/* The categories that follow from a flag. */
static const struct {
    uint32_t flag;
    uint32_t categories;
} by_flag[] = {
    {CMD_WRITE, CATEGORY_WRITE},   {CMD_READONLY, CATEGORY_READ},
    {CMD_PUBSUB, CATEGORY_PUBSUB}, {CMD_ADMIN, CATEGORY_ADMIN | CATEGORY_DANGEROUS},
    {CMD_FAST, CATEGORY_FAST},     {CMD_BLOCKING, CATEGORY_BLOCKING},
};

/* The groups whose category has another name. "server" and "cluster" have no category. */
static const struct {
    const char *group;
    uint32_t category;
} by_group[] = {
    {"generic", CATEGORY_KEYSPACE},
    {"sorted-set", CATEGORY_SORTEDSET},
    {"transactions", CATEGORY_TRANSACTION},
};

/* ---- look-ups ---- */

const struct command *catalog_find(struct slice full_name)
{
    const char *bar = memchr(full_name.p, '|', full_name.n);
    size_t n = bar ? (size_t)(bar - full_name.p) : full_name.n;
    const struct command *cmd = command_find(slice_of(full_name.p, n));

    if (cmd && bar)
        cmd = command_find_sub(cmd, slice_of(bar + 1, full_name.n - n - 1));
    return cmd && !(cmd->flags & CMD_HIDDEN) ? cmd : NULL;
}

const struct command *catalog_find_request(const struct slice *argv, int argc)
{
    const struct command *cmd;

    must(argc > 0);
    cmd = command_find(argv[0]);
    if (cmd && argc > 1 && command_has_subs(cmd))
        return command_find_sub(cmd, argv[1]);
    return cmd;
}

static bool is_child(const struct command *cmd, const struct command *parent)
{
    if (cmd->flags & CMD_HIDDEN || !cmd->parent != !parent)
        return false;
    return !parent || strcmp(cmd->parent, parent->name) == 0;
}

void catalog_each(const struct command *parent, void (*visit)(void *arg, const struct command *cmd), void *arg)
{
    must(visit != NULL);
    if (parent && !command_has_subs(parent))
        return;
    for (unsigned i = 0; i < commands_count(); i++) {
        if (is_child(command_by_number(i), parent))
            visit(arg, command_by_number(i));
    }
}

static void count_one(void *arg, const struct command *cmd)
{
    (void)cmd;
    ++*(size_t *)arg;
}

size_t catalog_count(const struct command *parent)
{
    size_t n = 0;

    catalog_each(parent, count_one, &n);
    return n;
}

/* ---- categories ---- */

uint32_t catalog_category(struct slice name)
{
    for (const struct catalog_name *n = catalog_categories; n->name; n++) {
        if (slice_is(name, n->name))
            return n->bit;
    }
    return 0;
}

/* Adds the categories of a list like "@dangerous @connection -@keyspace", and removes those with a minus. */
static uint32_t with_named(uint32_t bits, const char *list)
{
    while (*list) {
        bool minus = *list == '-';
        uint32_t bit;
        size_t n;

        list += strspn(list, "-@");
        n = strcspn(list, ", ");
        bit = catalog_category(slice_of(list, n));
        must(n > 0 && bit != 0);
        bits = minus ? bits & ~bit : bits | bit;
        list += n;
        list += strspn(list, ", ");
    }
    return bits;
}

static uint32_t category_of_group(const char *group)
{
    for (size_t i = 0; i < sizeof(by_group) / sizeof(by_group[0]); i++) {
        if (strcmp(group, by_group[i].group) == 0)
            return by_group[i].category;
    }
    return catalog_category(slice_str(group));
}

uint32_t catalog_categories_of(const struct command *cmd)
{
    uint32_t bits = 0;

    must(cmd->group != NULL);
    if (cmd->run) /* a container has no body that a category could allow */
        bits |= category_of_group(cmd->group);
    for (size_t i = 0; i < sizeof(by_flag) / sizeof(by_flag[0]); i++) {
        if (cmd->flags & by_flag[i].flag)
            bits |= by_flag[i].categories;
    }
    if (cmd->categories)
        bits = with_named(bits, cmd->categories);
    return bits & CATEGORY_FAST ? bits : bits | CATEGORY_SLOW;
}

/* ---- keys ---- */

/* Whether a specification is a range at a fixed position. */
static bool is_plain(const struct key_spec *k)
{
    return !k->keyword && !k->unknown && k->find == KEYS_RANGE;
}

/* Joins the specifications that follow each other without a gap. *movable: some do not. */
static struct catalog_range join_ranges(const struct key_spec *keys, bool *movable)
{
    struct catalog_range r = {0, 0, 0};

    for (const struct key_spec *k = keys; k < keys + KEYS_MAX && k->flags; k++) {
        if (!is_plain(k) || k->step != 1 || (r.last && r.last != k->first - 1)) {
            *movable = true;
            continue;
        }
        if (!r.first || k->first < r.first)
            r.first = k->first;
        if (r.last >= 0 && (k->last < 0 || k->last > r.last))
            r.last = k->last;
        r.step = 1;
    }
    return r;
}

static struct catalog_range find_range(const struct command *cmd, bool *movable)
{
    const struct key_spec *k = cmd->keys;

    *movable = false;
    for (int i = 0; i < KEYS_MAX && k[i].flags; i++) {
        if (k[i].flags & KEY_INCOMPLETE)
            *movable = true;
    }
    if (!k->flags)
        return (struct catalog_range){0, 0, 0};
    if (is_plain(k) && !k[1].flags)
        return (struct catalog_range){k->first, k->last, k->step};
    return join_ranges(k, movable);
}

struct catalog_range catalog_range_of(const struct command *cmd)
{
    bool movable;

    return find_range(cmd, &movable);
}

uint32_t catalog_flags_of(const struct command *cmd)
{
    bool movable;

    find_range(cmd, &movable);
    return cmd->flags | (movable ? CMD_MOVABLEKEYS : 0);
}
