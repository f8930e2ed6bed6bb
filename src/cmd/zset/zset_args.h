/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * zset_args: what the commands of sorted sets have in common: ranges in requests, members with scores in replies.
 *
 * Role:    turns the two ends of a range, by rank, score or member, into ranks; replies, adds and removes members.
 * Owns:    nothing; members are borrowed from the arguments.
 * Threads: the worker that runs the command.
 * Used by: the zset_*_cmds.c and geo_*_cmds.c.
 */
#ifndef LARDER_CMD_ZSET_ZSET_ARGS_H
#define LARDER_CMD_ZSET_ZSET_ARGS_H

#include "run/collection.h"
#include "types/zset.h"

enum zset_by { BY_RANK, BY_SCORE, BY_LEX };

/* A range as it was asked for. */
struct zset_range {
    enum zset_by by;
    int64_t start, stop;        /* by rank, negative from the end */
    struct tree_bound least, most; /* by score or member */
};

/* Parses the arguments `least` and `most`; by rank they are the first and the last. False: the error was replied. */
bool zset_range_parse(struct call *c, enum zset_by by, int least, int most, struct zset_range *range);
/* Which members of v these are. reverse: ranks are counted from the greatest. */
struct zset_run zset_range_find(const struct value *v, const struct zset_range *range, bool reverse);

/* The header of a reply of n members, with or without their scores: in RESP3 a member with its score is a pair. */
void zset_reply_members(struct call *c, size_t n, bool with_scores);
void zset_reply_member(struct call *c, struct slice member, double score, bool with_scores);
/* All of it: the members of a run, from the greatest down if reverse. */
void zset_reply_run(struct call *c, const struct value *v, struct zset_run run, bool reverse, bool with_scores);

/* What is to be added to a sorted set. */
struct zset_addition {
    unsigned rules;  /* of enum zset_rule */
    bool changes;    /* CH: those that were changed are counted, too */
    int first;       /* the argument where it begins */
    int stride;      /* arguments for each member, which is the last of them */
    size_t n;        /* members */
    double *scores;  /* of each */
};

/* Parses the words before the first member: CH, and those of `rules`. a->first goes behind them. */
void zset_addition_options(struct call *c, struct zset_addition *a, unsigned rules);

#define ZSET_ADDITION_FEW 16 /* members whose scores have their room on the stack */

/* Adds them to the sorted set of the key in argument 1, and replies how many are new; with ZSET_INCR, the score; or an
 * error. */
void zset_add_members(struct call *c, const struct zset_addition *a);

/* Removes a run of members; where these are all there are, and many, they are freed in the background. */
void zset_drop_run(struct collection *o, struct zset_run run);
/* Makes the key in argument i hold v, as collection_store, tells this event, and replies how many members it has. */
void zset_store(struct call *c, int i, struct value *v, const char *event);

#endif
