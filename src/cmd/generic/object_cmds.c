/* SPDX-License-Identifier: BSD-3-Clause */
/* What is known of a value apart from its content: https://redis.io/docs/latest/commands/object/ */
#include "run/call.h"

CMD_CONTAINER(object,
    .name = "OBJECT", .arity = -2, .group = "generic", .since = "2.2.3", .cost = "Depends on the subcommand.",
    .summary = "Inspects the encoding and the use of a value.");

#define OBJECT_SUB \
    .parent = "OBJECT", .arity = 3, .group = "generic", .cost = "O(1)", .flags = CMD_READONLY, \
    .keys = CMD_KEYS(2, 2, 1, KEY_RO), .hints = "nondeterministic_output", .syntax = "key"

/* The entry of the key in argument 2; NULL: null was replied. */
static struct entry *find_or_null(struct call *c)
{
    struct entry *e = call_peek_read(c, 2);

    if (e == NULL)
        reply_null(c->out);
    return e;
}

CMD(object_encoding, .name = "ENCODING", OBJECT_SUB, .since = "2.2.3",
    .summary = "Returns the encoding of a value.")
{
    struct entry *e = find_or_null(c);

    if (e != NULL)
        reply_bulk_str(c->out, entry_encoding_name(e));
}

#define SHARED_INTEGERS 10000 /* Redis shares the integers below */

/* Whether Redis would share the value: small integers, unless eviction records their use. */
static bool is_shared_in_redis(const struct call *c, const struct entry *e)
{
    static const bool records_use[] = {
        [POLICY_VOLATILE_LRU] = true, [POLICY_VOLATILE_LFU] = true, [POLICY_ALLKEYS_LRU] = true,
        [POLICY_ALLKEYS_LFU] = true,  [POLICY_NOEVICTION] = false,
    };
    int64_t policy = OPT(c->instance->options, maxmemory_policy);

    if (entry_encoding(e) != ENCODING_INT || entry_int(e) < 0 || entry_int(e) >= SHARED_INTEGERS)
        return false;
    must(policy >= 0 && (size_t)policy < sizeof records_use / sizeof *records_use);
    return OPT(c->instance->options, maxmemory) == 0 || !records_use[policy];
}

/* Values are not shared: it would cost more than it saves. The replies are those of Redis, for its tests. */
CMD(object_refcount, .name = "REFCOUNT", OBJECT_SUB, .since = "2.2.3",
    .summary = "Returns 1, or for an integer that Redis shares 2147483647.")
{
    struct entry *e = find_or_null(c);

    if (e != NULL)
        reply_int(c->out, is_shared_in_redis(c, e) ? INT32_MAX : 1);
}

CMD(object_idletime, .name = "IDLETIME", OBJECT_SUB, .since = "2.2.3",
    .summary = "Returns the seconds since the last use of a key.")
{
    struct keyspace *ks = c->instance->keyspace;
    const struct policy *policy = keyspace_policy(ks);
    struct place p = call_place(c, 2);
    struct entry *e = find_or_null(c);

    if (e == NULL)
        return;
    if (policy->idle == NULL)
        reply_error(c->out, "ERR An LFU maxmemory policy is selected, idle time not tracked. Please note that when "
                            "switching between policies at runtime LRU and LFU data will take some time to adjust.");
    else
        reply_int(c->out, policy->idle(&ks->stamps, policy_state(policy, p.shard), &p, e));
}

CMD(object_freq, .name = "FREQ", OBJECT_SUB, .since = "4.0.0",
    .summary = "Returns how often a key is used, as a logarithmic counter from 0 to 255.")
{
    struct keyspace *ks = c->instance->keyspace;
    const struct policy *policy = keyspace_policy(ks);
    struct place p = call_place(c, 2);
    struct entry *e = find_or_null(c);

    if (e == NULL)
        return;
    if (policy->frequency == NULL)
        reply_error(c->out, "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note "
                            "that when switching between policies at runtime LRU and LFU data will take some time to "
                            "adjust.");
    else
        reply_int(c->out, policy->frequency(&ks->stamps, policy_state(policy, p.shard), &p, e));
}

CMD(object_help,
    .name = "HELP", .parent = "OBJECT", .arity = 2, .group = "generic", .since = "6.2.0", .cost = "O(1)",
    .flags = CMD_LOADING | CMD_STALE, .syntax = "", .summary = "Describes the subcommands of OBJECT.")
{
    static const char *const lines[] = {
        "ENCODING <key>",
        "    Returns the encoding of the value: int, embstr, raw ...",
        "FREQ <key>",
        "    Returns how often the key is used, from 0 to 255; only with an LFU maxmemory-policy.",
        "IDLETIME <key>",
        "    Returns the seconds since the last use of the key; not with an LFU maxmemory-policy.",
        "REFCOUNT <key>",
        "    Returns 1, or 2147483647 for an integer that Redis shares.",
        NULL,
    };

    call_reply_help(c, lines);
}
