/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * session: a caller, as commands see it.
 *
 * Role:    the selected database, the user, the protocol, the open transaction, the watched keys, the replies.
 * Owns:    its output, the queued commands, its watches.
 * Threads: the worker of the connection only; other threads read its card.
 * Used by: cmd, net.
 * Why:     it has no descriptor, so connections, tests and scripts can all have one.
 */
#ifndef LARDER_SESSION_SESSION_H
#define LARDER_SESSION_SESSION_H

#include "proto/reply.h"
#include "session/clients.h"
#include "store/keyspace.h"
#include "store/watch.h"

struct command;

/* A command queued by MULTI: argv, hash and the bytes of the arguments are one allocation. */
struct queued {
    const struct command *cmd;
    int argc;
    struct slice *argv;
    uint64_t *hash;
    size_t bytes;
    void *prepared; /* for EXEC, by cmd->prepare (run/command.h); owned */
};

enum reply_mode {
    REPLY_ON,
    REPLY_OFF,
    REPLY_SKIP_NEXT, /* CLIENT REPLY SKIP was the last command: the next reply is suppressed */
    REPLY_SKIP,      /* the reply of the running command is suppressed */
};

#define SESSION_MAGIC 0x73657373u /* "sess" */

struct session {
    struct out out;
    struct card *card;
    unsigned db;
    bool authenticated;
    bool is_script; /* the caller is a script, not a connection */
    bool in_multi;
    bool multi_failed; /* a command was refused while queueing: EXEC aborts */
    bool no_touch;     /* CLIENT NO-TOUCH: reads do not count as uses of a key */
    bool close_after;  /* close once the replies are sent */
    bool close_now;
    enum reply_mode reply_mode;
    struct queued *queue;
    unsigned queued, queue_cap;
    size_t queue_bytes; /* of memory; the queue's share of client-query-buffer-limit is queue_input */
    size_t queue_input; /* bytes of the arguments, and a pointer for each, as Redis counts them */
    struct session_watch *watches;
    unsigned watching;
    size_t watch_bytes;
    unsigned receipts_due; /* letters posted to full mailboxes and not yet taken: until they are, nothing runs */
    uint32_t magic;
};

/* A watched key: a mark in the key's shard, and the key itself. */
struct session_watch {
    struct session_watch *next;
    struct shard *shard;
    struct watch mark;
    char key[];
};

void session_init(struct session *s, struct card *card, bool authenticated);
/* Takes the session's watches off their shards: no shard lock may be held. */
void session_fini(struct session *s);

/* MULTI: begins to queue commands. */
void session_begin_multi(struct session *s);
/* Copies the command to the end of the queue. False: memory is out, and nothing has changed. */
bool session_queue(struct session *s, const struct command *cmd, int argc, const struct slice *argv);
/* Ends the transaction and empties the queue. Nothing if there is none. */
void session_end_multi(struct session *s);
/* Copies the key and puts a mark into its shard, whose lock is held. Nothing if it is watched already. False: memory is
 * out, and nothing has changed. */
bool session_watch(struct session *s, const struct place *p, struct slice key, bool was_expired) REQUIRES(shard_cap);
/* Removes all marks; their shards' locks are held by the caller, or taken one by one. */
void session_unwatch_locked(struct session *s) REQUIRES(shard_cap);
void session_unwatch(struct session *s);
/* The database, and the protocol (2 or 3), from the next command on. */
void session_select(struct session *s, unsigned db);
void session_set_resp(struct session *s, unsigned resp);
/* As RESET: database 0, RESP2, no transaction, no watches, replies on, names forgotten. */
void session_reset(struct session *s, bool authenticated);

#endif
