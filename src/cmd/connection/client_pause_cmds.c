/* SPDX-License-Identifier: BSD-3-Clause */
/* CLIENT PAUSE, UNPAUSE and UNBLOCK: https://redis.io/docs/latest/commands/client-pause/ */
#include "run/call.h"

#define CLIENT_FLAGS (CMD_ADMIN | CMD_NOSCRIPT | CMD_LOADING | CMD_STALE)

/* Whether there are too many arguments; then the error was replied. */
static bool has_too_many(struct call *c)
{
    if (c->argc <= 4)
        return false;
    call_error_subcommand(c);
    return true;
}

/* Arguments 2 and 3 as an end (ms, monotonic) and a mode. False: the error was replied. */
static bool parse_pause(struct call *c, int64_t *until, enum pause_mode *mode)
{
    int64_t ms;

    *mode = PAUSE_ALL;
    if (c->argc > 3) {
        if (call_is(c, 3, "WRITE")) {
            *mode = PAUSE_WRITE;
        } else if (!call_is(c, 3, "ALL")) {
            reply_error(c->out, "ERR CLIENT PAUSE mode must be WRITE or ALL");
            return false;
        }
    }
    if (!call_int_or(c, 2, &ms, "ERR timeout is not an integer or out of range"))
        return false;
    if (ms < 0) {
        reply_error(c->out, "ERR timeout is negative");
        return false;
    }
    if (ms > INT64_MAX - c->unit->now) {
        reply_error(c->out, "ERR timeout is out of range");
        return false;
    }
    *until = ms < PAUSE_UNTIL_MAX - c->runner->mono ? c->runner->mono + ms : PAUSE_UNTIL_MAX;
    return true;
}

/* A command checks for a pause once it holds its shards. Here every shard is held (CMD_WORLD), so commands that checked
 * before the pause began have ended: nothing that has to wait runs after the OK. */
CMD(client_pause,
    .name = "PAUSE", .parent = "CLIENT", .arity = -3, .group = "connection", .since = "3.0.0", .cost = "O(1)",
    .flags = CLIENT_FLAGS | CMD_WORLD, .summary = "Suspends the commands of all clients for a time.",
    .syntax = "timeout [WRITE | ALL]",
    .history = "6.2.0: Added WRITE, which suspends only commands that write.")
{
    enum pause_mode mode;
    int64_t until;

    if (has_too_many(c) || !parse_pause(c, &until, &mode))
        return;
    pause_start(&c->instance->pause, mode, until, c->runner->mono);
    reply_ok(c->out);
}

CMD(client_unpause,
    .name = "UNPAUSE", .parent = "CLIENT", .arity = 2, .group = "connection", .since = "6.2.0",
    .cost = "O(N) Where N is the number of paused clients", .flags = CLIENT_FLAGS,
    .summary = "Ends a CLIENT PAUSE.", .syntax = "")
{
    pause_end(&c->instance->pause);
    c->instance->resume(c->instance->resume_arg);
    reply_ok(c->out);
}

CMD(client_unblock,
    .name = "UNBLOCK", .parent = "CLIENT", .arity = -3, .group = "connection", .since = "5.0.0",
    .cost = "O(log N) where N is the number of client connections", .flags = CLIENT_FLAGS,
    .summary = "Unblocks a blocked connection.", .syntax = "client-id [TIMEOUT | ERROR]")
{
    int64_t id;

    if (has_too_many(c))
        return;
    if (c->argc == 4 && !call_is(c, 3, "TIMEOUT") && !call_is(c, 3, "ERROR")) {
        reply_error(c->out, "ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR");
        return;
    }
    if (!call_int(c, 2, &id))
        return;
    reply_int(c->out, 0); /* no command blocks, so no client is blocked */
}
