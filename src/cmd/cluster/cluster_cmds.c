/* SPDX-License-Identifier: BSD-3-Clause */
/* CLUSTER, ASKING, READONLY and READWRITE. There is no cluster mode, and they reply so. */
#include "run/call.h"

#define ERR_NO_CLUSTER "ERR This instance has cluster support disabled"

static void refuse(struct call *c)
{
    reply_error(c->out, ERR_NO_CLUSTER);
}

/* A subcommand of CLUSTER: name, arity, flags, the Redis version that introduced it, cost, syntax, and a summary of
 * what it does in a cluster. */
#define REFUSED(id, name_, arity_, flags_, since_, cost_, syntax_, summary_, ...)                                  \
    CMD(cluster_##id, .name = name_, .parent = "CLUSTER", .arity = arity_, .flags = flags_, .group = "cluster",    \
        .since = since_, .cost = cost_, .syntax = syntax_, .summary = summary_, ##__VA_ARGS__)                     \
    {                                                                                                              \
        refuse(c);                                                                                                 \
    }

#define CHANGES (CMD_NO_ASYNC_LOADING | CMD_ADMIN | CMD_STALE)
#define VARIES  .hints = "nondeterministic_output"

CMD_CONTAINER(cluster,
    .name = "CLUSTER", .arity = -2, .group = "cluster", .since = "3.0.0", .cost = "Depends on the subcommand.",
    .summary = "Inspects and changes the cluster.", .syntax = "");

REFUSED(addslots, "ADDSLOTS", -3, CHANGES, "3.0.0", "O(N) where N is the total number of hash slot arguments",
        "slot:integer [slot:integer ...]", "Assigns slots to this node.")
REFUSED(addslotsrange, "ADDSLOTSRANGE", -4, CHANGES, "7.0.0",
        "O(N) where N is the total number of the slots between the start slot and end slot arguments.",
        "start-slot:integer end-slot:integer [start-slot:integer end-slot:integer ...]",
        "Assigns ranges of slots to this node.")
REFUSED(bumpepoch, "BUMPEPOCH", 2, CHANGES, "3.0.0", "O(1)", "", "Increments the epoch of the cluster.", VARIES)
REFUSED(count_failure_reports, "COUNT-FAILURE-REPORTS", 3, CMD_ADMIN | CMD_STALE, "3.0.0",
        "O(N) where N is the number of failure reports", "node-id",
        "Counts the nodes that report another node as failed.", VARIES)
REFUSED(countkeysinslot, "COUNTKEYSINSLOT", 3, CMD_STALE, "3.0.0", "O(1)", "slot:integer", "Counts the keys in a slot.")
REFUSED(delslots, "DELSLOTS", -3, CHANGES, "3.0.0", "O(N) where N is the total number of hash slot arguments",
        "slot:integer [slot:integer ...]", "Removes slots from this node.")
REFUSED(delslotsrange, "DELSLOTSRANGE", -4, CHANGES, "7.0.0",
        "O(N) where N is the total number of the slots between the start slot and end slot arguments.",
        "start-slot:integer end-slot:integer [start-slot:integer end-slot:integer ...]",
        "Removes ranges of slots from this node.")
REFUSED(failover, "FAILOVER", -2, CHANGES, "3.0.0", "O(1)", "[FORCE | TAKEOVER]",
        "Promotes this replica to the primary of its shard.")
REFUSED(flushslots, "FLUSHSLOTS", 2, CHANGES, "3.0.0", "O(1)", "", "Removes all slots from this node.")
REFUSED(forget, "FORGET", 3, CHANGES, "3.0.0", "O(1)", "node-id",
        "Removes a node from the list of nodes that this node knows.")
REFUSED(getkeysinslot, "GETKEYSINSLOT", 4, CMD_STALE, "3.0.0", "O(N) where N is the number of requested keys",
        "slot:integer count", "Returns keys in a slot.", VARIES)
REFUSED(help, "HELP", 2, CMD_LOADING | CMD_STALE, "5.0.0", "O(1)", "", "Describes the subcommands of CLUSTER.")
REFUSED(info, "INFO", 2, CMD_STALE, "3.0.0", "O(1)", "", "Reports the state of this node.", VARIES)
REFUSED(keyslot, "KEYSLOT", 3, CMD_STALE, "3.0.0", "O(N) where N is the number of bytes in the key", "key:string",
        "Returns the slot of a key.")
REFUSED(links, "LINKS", 2, CMD_STALE, "7.0.0", "O(N) where N is the total number of Cluster nodes", "",
        "Lists the connections between this node and the others.", VARIES)
REFUSED(meet, "MEET", -4, CHANGES, "3.0.0", "O(1)", "ip port [cluster-bus-port:integer]",
        "Makes this node join the cluster of another.", .history = "4.0.0: Added the port of the cluster bus.")
REFUSED(myid, "MYID", 2, CMD_STALE, "3.0.0", "O(1)", "", "Returns the id of this node.")
REFUSED(myshardid, "MYSHARDID", 2, CMD_STALE, "7.2.0", "O(1)", "", "Returns the id of this node's shard.", VARIES)
REFUSED(nodes, "NODES", 2, CMD_STALE, "3.0.0", "O(N) where N is the total number of Cluster nodes", "",
        "Lists the nodes that this node knows.", VARIES)
REFUSED(replicas, "REPLICAS", 3, CMD_ADMIN | CMD_STALE, "5.0.0", "O(N) where N is the number of replicas.", "node-id",
        "Lists the replicas of a primary.", VARIES)
REFUSED(replicate, "REPLICATE", 3, CHANGES, "3.0.0", "O(1)", "node-id", "Makes this node a replica of another.")
REFUSED(reset, "RESET", -2, CMD_ADMIN | CMD_STALE | CMD_NOSCRIPT, "3.0.0",
        "O(N) where N is the number of known nodes. The command may execute a FLUSHALL as a side effect.",
        "[HARD | SOFT]", "Removes this node from its cluster.")
REFUSED(saveconfig, "SAVECONFIG", 2, CHANGES, "3.0.0", "O(1)", "", "Writes the state of the cluster to disk.")
REFUSED(set_config_epoch, "SET-CONFIG-EPOCH", 3, CHANGES, "3.0.0", "O(1)", "config-epoch:integer",
        "Sets the epoch of a new node.")
REFUSED(setslot, "SETSLOT", -4, CHANGES, "3.0.0", "O(1)",
        "slot:integer <IMPORTING node-id | MIGRATING node-id | NODE node-id | STABLE>",
        "Sets the node that owns a slot, or its migration state.")
REFUSED(shards, "SHARDS", 2, CMD_LOADING | CMD_STALE, "7.0.0", "O(N) where N is the total number of cluster nodes", "",
        "Lists the slots and the nodes of each shard.", VARIES)
REFUSED(slaves, "SLAVES", 3, CMD_ADMIN | CMD_STALE, "3.0.0", "O(N) where N is the number of replicas.", "node-id",
        "Lists the replicas of a primary.", VARIES, .deprecated_since = "5.0.0", .replaced_by = "`CLUSTER REPLICAS`")
REFUSED(slots, "SLOTS", 2, CMD_LOADING | CMD_STALE, "3.0.0", "O(N) where N is the total number of Cluster nodes", "",
        "Lists ranges of slots with the nodes that serve them.", VARIES, .deprecated_since = "7.0.0",
        .replaced_by = "`CLUSTER SHARDS`",
        .history = "4.0.0: Added the ids of nodes.\n7.0.0: Added more addresses of nodes.")

CMD(asking,
    .name = "ASKING", .arity = 1, .group = "cluster", .since = "3.0.0", .cost = "O(1)", .flags = CMD_FAST,
    .summary = "Marks the next request as redirected by another node of the cluster.", .syntax = "",
    .categories = "@connection")
{
    refuse(c);
}

CMD(readonly,
    .name = "READONLY", .arity = 1, .group = "cluster", .since = "3.0.0", .cost = "O(1)",
    .flags = CMD_FAST | CMD_LOADING | CMD_STALE, .summary = "Allows reads from a replica in a cluster.",
    .syntax = "", .categories = "@connection")
{
    refuse(c);
}

CMD(readwrite,
    .name = "READWRITE", .arity = 1, .group = "cluster", .since = "3.0.0", .cost = "O(1)",
    .flags = CMD_FAST | CMD_LOADING | CMD_STALE, .summary = "Reverts READONLY.", .syntax = "",
    .categories = "@connection")
{
    refuse(c);
}
