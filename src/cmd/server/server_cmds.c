/* SPDX-License-Identifier: BSD-3-Clause */
/* TIME, ROLE, SHUTDOWN and MODULE: https://redis.io/docs/latest/commands/?group=server */
#include "base/clock.h"
#include "obs/log.h"
#include "run/call.h"

CMD(time,
    .name = "TIME", .arity = 1, .group = "server", .since = "2.6.0", .cost = "O(1)",
    .flags = CMD_LOADING | CMD_STALE | CMD_FAST,
    .summary = "Returns the server time: the Unix timestamp in seconds, and the microseconds of the current second.",
    .syntax = "", .hints = "nondeterministic_output")
{
    int64_t now = clock_us();

    must(now > 0);
    reply_array(c->out, 2);
    reply_bulk_int(c->out, now / 1000000);
    reply_bulk_int(c->out, now % 1000000);
}

CMD(role,
    .name = "ROLE", .arity = 1, .group = "server", .since = "2.8.12", .cost = "O(1)",
    .flags = CMD_NOSCRIPT | CMD_LOADING | CMD_STALE | CMD_FAST,
    .summary = "Returns the replication role.", .syntax = "",
    .categories = "@admin @dangerous")
{
    reply_array(c->out, 3);
    reply_bulk_str(c->out, "master");
    reply_int(c->out, 0);
    reply_array(c->out, 0);
}

/* ---- SHUTDOWN ---- */

/* The options of SHUTDOWN. */
struct shutdown {
    bool save, nosave, force, abort;
    bool other; /* any option except ABORT */
};

/* False: the options are invalid; nothing was replied. */
static bool parse_shutdown(struct call *c, struct shutdown *s)
{
    for (int i = 1; i < c->argc; i++) {
        if (call_is(c, i, "ABORT")) {
            s->abort = true;
            continue;
        }
        s->other = true;
        if (call_is(c, i, "NOSAVE"))
            s->nosave = true;
        else if (call_is(c, i, "SAVE"))
            s->save = true;
        else if (call_is(c, i, "FORCE"))
            s->force = true;
        else if (!call_is(c, i, "NOW"))
            return false;
    }
    return !(s->save && s->nosave) && !(s->abort && s->other);
}

/* A shutdown never waits, as there are no replicas and no files to write: NOW has no effect, and there is nothing to
 * abort. */
CMD(shutdown,
    .name = "SHUTDOWN", .arity = -1, .group = "server", .since = "1.0.0",
    .cost = "O(1)",
    .flags = CMD_ADMIN | CMD_NOSCRIPT | CMD_LOADING | CMD_STALE | CMD_NO_MULTI | CMD_ALLOW_BUSY,
    .summary = "Shuts down the server.", .syntax = "[NOSAVE | SAVE] [NOW] [FORCE] [ABORT]",
    .history = "7.0.0: Added the `NOW`, `FORCE` and `ABORT` options.")
{
    struct shutdown s = {false};

    if (!parse_shutdown(c, &s)) {
        call_error_syntax(c);
    } else if (s.abort) {
        reply_error(c->out, "ERR No shutdown in progress.");
    } else if (s.save && !s.force) {
        log_write(LOG_WARNING, "SHUTDOWN SAVE: saving is not supported; use NOSAVE, or FORCE to skip it.");
        reply_error(c->out, "ERR Errors trying to SHUTDOWN. Check logs.");
    } else {
        log_write(LOG_NOTICE, "Shutdown requested by client %s.", c->session->card->peer);
        must(c->instance->shutdown != NULL);
        c->session->close_now = true;
        c->instance->shutdown(c->instance->shutdown_arg);
    }
}

/* ---- MODULE ---- */

CMD_CONTAINER(module,
    .name = "MODULE", .arity = -2, .group = "server", .since = "4.0.0", .cost = "Depends on the subcommand",
    .summary = "Manages modules, of which there are none.", .syntax = "");

CMD(module_list,
    .name = "LIST", .parent = "MODULE", .arity = 2, .group = "server", .since = "4.0.0",
    .cost = "O(N) where N is the number of loaded modules", .flags = CMD_ADMIN | CMD_NOSCRIPT,
    .summary = "Returns the loaded modules, of which there are none.", .syntax = "",
    .hints = "nondeterministic_output_order")
{
    reply_array(c->out, 0);
}

CMD(module_help,
    .name = "HELP", .parent = "MODULE", .arity = 2, .group = "server", .since = "5.0.0", .cost = "O(1)",
    .flags = CMD_LOADING | CMD_STALE, .summary = "Describes the subcommands of MODULE.", .syntax = "")
{
    static const char *const lines[] = {
        "LIST",
        "    Return the loaded modules, of which there are none.",
        NULL,
    };

    call_reply_help(c, lines);
}
