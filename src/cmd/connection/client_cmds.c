/* SPDX-License-Identifier: BSD-3-Clause */
/* CLIENT, as far as it concerns the caller itself: https://redis.io/docs/latest/commands/?group=connection */
#include "run/call.h"

#define CLIENT_FLAGS (CMD_NOSCRIPT | CMD_LOADING | CMD_STALE)

CMD_CONTAINER(client,
    .name = "CLIENT", .arity = -2, .group = "connection", .since = "2.4.0", .cost = "Depends on subcommand.",
    .summary = "Tells about the connections and changes them.", .syntax = "");

CMD(client_id,
    .name = "ID", .parent = "CLIENT", .arity = 2, .group = "connection", .since = "5.0.0", .cost = "O(1)",
    .flags = CLIENT_FLAGS, .summary = "Returns the number of this connection, which no other ever has.",
    .syntax = "")
{
    reply_int(c->out, (int64_t)c->session->card->id);
}

CMD(client_getname,
    .name = "GETNAME", .parent = "CLIENT", .arity = 2, .group = "connection", .since = "2.6.9", .cost = "O(1)",
    .flags = CLIENT_FLAGS, .summary = "Returns the name of this connection.", .syntax = "")
{
    const char *name = c->session->card->name; /* none but this thread changes it */

    if (*name)
        reply_bulk_str(c->out, name);
    else
        reply_null(c->out);
}

CMD(client_setname,
    .name = "SETNAME", .parent = "CLIENT", .arity = 3, .group = "connection", .since = "2.6.9", .cost = "O(1)",
    .flags = CLIENT_FLAGS, .summary = "Gives this connection a name.", .syntax = "connection-name",
    .hints = "request_policy:all_nodes,response_policy:all_succeeded")
{
    if (!card_text_fits(call_arg(c, 2))) {
        reply_error(c->out, ERR_CLIENT_NAME);
        return;
    }
    card_set_text(c->session->card, CARD_NAME, call_arg(c, 2));
    reply_ok(c->out);
}

CMD(client_setinfo,
    .name = "SETINFO", .parent = "CLIENT", .arity = 4, .group = "connection", .since = "7.2.0", .cost = "O(1)",
    .flags = CLIENT_FLAGS, .summary = "Notes which client library, in which version, uses this connection.",
    .syntax = "<LIB-NAME libname | LIB-VER libver>",
    .hints = "request_policy:all_nodes,response_policy:all_succeeded")
{
    struct slice what = call_arg(c, 2);

    if (!slice_is(what, "lib-name") && !slice_is(what, "lib-ver")) {
        reply_errorf(c->out, "ERR Unrecognized option '%.*s'", (int)what.n, what.p);
    } else if (!card_text_fits(call_arg(c, 3))) {
        reply_errorf(c->out, "ERR %.*s cannot contain spaces, newlines or special characters.", (int)what.n,
                     what.p);
    } else {
        card_set_text(c->session->card, slice_is(what, "lib-name") ? CARD_LIB_NAME : CARD_LIB_VERSION,
                      call_arg(c, 3));
        reply_ok(c->out);
    }
}

CMD(client_reply,
    .name = "REPLY", .parent = "CLIENT", .arity = 3, .group = "connection", .since = "3.2.0", .cost = "O(1)",
    .flags = CLIENT_FLAGS, .summary = "Says whether this connection wants to hear the replies.",
    .syntax = "<ON | OFF | SKIP>")
{
    enum reply_mode *mode = &c->session->reply_mode;

    if (call_is(c, 2, "ON")) {
        *mode = REPLY_ON;
        reply_ok(c->out);
    } else if (call_is(c, 2, "OFF")) {
        *mode = REPLY_OFF;
    } else if (call_is(c, 2, "SKIP")) {
        if (*mode != REPLY_OFF)
            *mode = REPLY_SKIP_NEXT;
    } else {
        call_error_syntax(c);
    }
}

/* Argument 2 as ON or OFF. False: the error was replied. */
static bool parse_switch(struct call *c, bool *on)
{
    *on = call_is(c, 2, "ON");
    if (*on || call_is(c, 2, "OFF"))
        return true;
    call_error_syntax(c);
    return false;
}

CMD(client_no_evict,
    .name = "NO-EVICT", .parent = "CLIENT", .arity = 3, .group = "connection", .since = "7.0.0", .cost = "O(1)",
    .flags = CLIENT_FLAGS | CMD_ADMIN,
    .summary = "Says whether this connection is spared when clients are cut to save memory.", .syntax = "<ON | OFF>")
{
    bool on;

    if (!parse_switch(c, &on))
        return;
    card_set_flag(c->session->card, CARD_NO_EVICT, on);
    reply_ok(c->out);
}

CMD(client_no_touch,
    .name = "NO-TOUCH", .parent = "CLIENT", .arity = 3, .group = "connection", .since = "7.2.0", .cost = "O(1)",
    .flags = CLIENT_FLAGS, .summary = "Says whether what this connection reads counts as used.",
    .syntax = "<ON | OFF>")
{
    bool on;

    if (!parse_switch(c, &on))
        return;
    c->session->no_touch = on;
    card_set_flag(c->session->card, CARD_NO_TOUCH, on);
    reply_ok(c->out);
}

CMD(client_getredir,
    .name = "GETREDIR", .parent = "CLIENT", .arity = 2, .group = "connection", .since = "6.0.0", .cost = "O(1)",
    .flags = CLIENT_FLAGS, .syntax = "",
    .summary = "Returns the connection that is told of invalid keys instead of this one: -1 without tracking.")
{
    reply_int(c->out, -1);
}

CMD(client_trackinginfo,
    .name = "TRACKINGINFO", .parent = "CLIENT", .arity = 2, .group = "connection", .since = "6.2.0",
    .cost = "O(1)", .flags = CLIENT_FLAGS, .summary = "Tells how the keys read by this connection are tracked.",
    .syntax = "")
{
    reply_map(c->out, 3);
    reply_bulk_str(c->out, "flags");
    reply_set(c->out, 1);
    reply_bulk_str(c->out, "off");
    reply_bulk_str(c->out, "redirect");
    reply_int(c->out, -1);
    reply_bulk_str(c->out, "prefixes");
    reply_array(c->out, 0);
}

CMD(client_help,
    .name = "HELP", .parent = "CLIENT", .arity = 2, .group = "connection", .since = "5.0.0", .cost = "O(1)",
    .flags = CMD_LOADING | CMD_STALE, .summary = "Says what the subcommands of CLIENT do.", .syntax = "")
{
    static const char *const lines[] = {
        "GETNAME",
        "    The name of this connection.",
        "GETREDIR",
        "    The connection that hears of invalid keys instead of this one.",
        "ID",
        "    The number of this connection.",
        "INFO",
        "    The line of CLIENT LIST for this connection.",
        "KILL <ip:port>",
        "    Closes the connection from this address.",
        "KILL <filter> <value> [<filter> <value> ...]",
        "    Closes the connections that fit every filter, and tells how many. The filters:",
        "    * ID <client-id>: the one with this number.",
        "    * ADDR <ip:port>, LADDR <ip:port>: from there, to there.",
        "    * TYPE (NORMAL|MASTER|REPLICA|PUBSUB): of this kind.",
        "    * USER <username>: logged in as this user.",
        "    * MAXAGE <seconds>: at least so old.",
        "    * SKIPME (YES|NO): whether this connection is spared. Default: YES.",
        "LIST [TYPE (NORMAL|MASTER|REPLICA|PUBSUB) | ID <client-id> [<client-id> ...]]",
        "    A line for each connection, for those of a kind, or for those named.",
        "NO-EVICT (ON|OFF)",
        "    Whether this connection is spared when clients are cut to save memory.",
        "NO-TOUCH (ON|OFF)",
        "    Whether reading through this connection leaves the age of keys alone.",
        "PAUSE <milliseconds> [WRITE|ALL]",
        "    Puts all clients on hold, or those that write, until the time is over.",
        "REPLY (ON|OFF|SKIP)",
        "    Whether this connection hears replies; SKIP: all but the next one.",
        "SETINFO <LIB-NAME|LIB-VER> <text>",
        "    Notes the name or version of the library behind this connection.",
        "SETNAME <name>",
        "    Gives this connection a name.",
        "TRACKINGINFO",
        "    How the keys read by this connection are tracked.",
        "UNBLOCK <client-id> [TIMEOUT|ERROR]",
        "    Ends the waiting of a blocked connection, as if its time were over or with an error.",
        "UNPAUSE",
        "    Ends a PAUSE.",
        NULL,
    };

    call_reply_help(c, lines);
}
