/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * zset_args: arguments and replies that the sorted set commands share.
 *
 * Role:    parses ranges by rank, score or member and turns them into ranks; replies with, adds and removes members.
 * Owns:    nothing; members are borrowed from the arguments.
 * Threads: the worker that runs the command.
 * Used by: the zset_*_cmds.c and geo_*_cmds.c.
 */
#ifndef LARDER_CMD_ZSET_ZSET_ARGS_H
#define LARDER_CMD_ZSET_ZSET_ARGS_H

#include "run/collection.h"
#include "types/zset.h"

enum zset_by { BY_RANK, BY_SCORE, BY_LEX };

/* A range as the client gave it. */
struct zset_range {
    enum zset_by by;
    int64_t start, stop;        /* by rank; negative: counted from the end */
    struct tree_bound min, max; /* by score or member */
};

/* Parses the bounds in arguments `min` and `max`; by rank, the first and last rank. False: the error was replied. */
bool zset_range_parse(struct call *c, enum zset_by by, int min, int max, struct zset_range *range);
/* The members of v within the range. reverse: ranks count from the highest score. */
struct zset_run zset_range_find(const struct value *v, const struct zset_range *range, bool reverse);

/* Begins a reply with n members, with or without their scores. In RESP3 a member and its score are a pair. */
void zset_reply_members(struct call *c, size_t n, bool with_scores);
void zset_reply_member(struct call *c, struct slice member, double score, bool with_scores);
/* Replies with all members of a run; reverse: in descending order. */
void zset_reply_run(struct call *c, const struct value *v, struct zset_run run, bool reverse, bool with_scores);

/* The members to add to a sorted set. */
struct zset_addition {
    unsigned rules;  /* of enum zset_rule */
    bool changes;    /* CH: the reply also counts members whose score changed */
    int first;       /* argument of the first member's group */
    int stride;      /* arguments per member; the member is the last of them */
    size_t n;        /* number of members */
    double *scores;  /* one for each member; borrowed */
};

/* Parses the options before the first member: CH, and those of `rules`. Advances a->first past them. */
void zset_addition_options(struct call *c, struct zset_addition *a, unsigned rules);

#define ZSET_ADDITION_FEW 16 /* members whose scores are kept on the stack */

/* Adds the members to the sorted set of the key in argument 1. Replies with the number of new members, with ZSET_INCR
 * the score, or an error. */
void zset_add_members(struct call *c, const struct zset_addition *a);

/* Removes a run of members. When it covers a large sorted set, the set is freed in the background. */
void zset_drop_run(struct collection *o, struct zset_run run);
/* Stores v in the key in argument i, as collection_store does with this event, and replies with the number of
 * members. */
void zset_store(struct call *c, int i, struct value *v, const char *event);

#endif
