/* SPDX-License-Identifier: BSD-3-Clause */
/* The server as a whole: https://redis.io/docs/latest/commands/?group=server */
#include "base/clock.h"
#include "obs/log.h"
#include "run/call.h"

CMD(time,
    .name = "TIME", .arity = 1, .group = "server", .since = "2.6.0", .cost = "O(1)",
    .flags = CMD_LOADING | CMD_STALE | CMD_FAST,
    .summary = "Returns the time of the server: seconds since 1970, and microseconds of the running second.",
    .syntax = "", .hints = "nondeterministic_output")
{
    int64_t now = clock_us();

    reply_array(c->out, 2);
    reply_bulk_int(c->out, now / 1000000);
    reply_bulk_int(c->out, now % 1000000);
}

CMD(role,
    .name = "ROLE", .arity = 1, .group = "server", .since = "2.8.12", .cost = "O(1)",
    .flags = CMD_NOSCRIPT | CMD_LOADING | CMD_STALE | CMD_FAST,
    .summary = "Tells whether this is a primary or a replica, and of whom.", .syntax = "",
    .categories = "@admin @dangerous")
{
    reply_array(c->out, 3);
    reply_bulk_str(c->out, "master");
    reply_int(c->out, 0);
    reply_array(c->out, 0);
}

/* ---- SHUTDOWN ---- */

/* The words that a SHUTDOWN was given. */
struct shutdown {
    bool save, nosave, force, abort;
    bool other; /* than ABORT */
};

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

/* A shutdown waits for nothing here (no replica, no file), so NOW changes nothing and there is never one to abort. */
CMD(shutdown,
    .name = "SHUTDOWN", .arity = -1, .group = "server", .since = "1.0.0",
    .cost = "O(N) when saving, where N is the total number of keys in all databases when saving data, otherwise O(1)",
    .flags = CMD_ADMIN | CMD_NOSCRIPT | CMD_LOADING | CMD_STALE | CMD_NO_MULTI | CMD_ALLOW_BUSY,
    .summary = "Ends the server.", .syntax = "[NOSAVE | SAVE] [NOW] [FORCE] [ABORT]",
    .history = "7.0.0: Knows NOW, FORCE and ABORT.")
{
    struct shutdown s = {false};

    if (!parse_shutdown(c, &s)) {
        call_error_syntax(c);
    } else if (s.abort) {
        reply_error(c->out, "ERR No shutdown in progress.");
    } else if (s.save && !s.force) {
        log_write(LOG_WARNING, "SHUTDOWN SAVE: there is no way to save; use NOSAVE, or FORCE to end without.");
        reply_error(c->out, "ERR Errors trying to SHUTDOWN. Check logs.");
    } else {
        log_write(LOG_NOTICE, "A client asked for the shutdown (%s).", c->session->card->peer);
        c->session->close_now = true;
        c->instance->shutdown(c->instance->shutdown_arg);
    }
}

/* ---- MODULE ---- */

CMD_CONTAINER(module,
    .name = "MODULE", .arity = -2, .group = "server", .since = "4.0.0", .cost = "Depends on subcommand.",
    .summary = "Tells about modules, of which there are none.", .syntax = "");

CMD(module_list,
    .name = "LIST", .parent = "MODULE", .arity = 2, .group = "server", .since = "4.0.0",
    .cost = "O(N) where N is the number of loaded modules.", .flags = CMD_ADMIN | CMD_NOSCRIPT,
    .summary = "Lists the loaded modules: none.", .syntax = "", .hints = "nondeterministic_output_order")
{
    reply_array(c->out, 0);
}

CMD(module_help,
    .name = "HELP", .parent = "MODULE", .arity = 2, .group = "server", .since = "5.0.0", .cost = "O(1)",
    .flags = CMD_LOADING | CMD_STALE, .summary = "Says what the subcommands of MODULE do.", .syntax = "")
{
    static const char *const lines[] = {
        "LIST",
        "    The loaded modules; this server loads none.",
        NULL,
    };

    call_reply_help(c, lines);
}
