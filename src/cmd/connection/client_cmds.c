/* SPDX-License-Identifier: BSD-3-Clause */
/* The subcommands of CLIENT about the calling connection: https://redis.io/docs/latest/commands/?group=connection */
#include "run/call.h"

#define CLIENT_FLAGS (CMD_NOSCRIPT | CMD_LOADING | CMD_STALE)

CMD_CONTAINER(client,
    .name = "CLIENT", .arity = -2, .group = "connection", .since = "2.4.0", .cost = "Depends on the subcommand.",
    .summary = "Inspects and manages the connections.", .syntax = "");

CMD(client_id,
    .name = "ID", .parent = "CLIENT", .arity = 2, .group = "connection", .since = "5.0.0", .cost = "O(1)",
    .flags = CLIENT_FLAGS, .summary = "Returns the unique id of this connection.", .syntax = "")
{
    must(c->session->card->id != 0);
    reply_int(c->out, (int64_t)c->session->card->id);
}

CMD(client_getname,
    .name = "GETNAME", .parent = "CLIENT", .arity = 2, .group = "connection", .since = "2.6.9", .cost = "O(1)",
    .flags = CLIENT_FLAGS, .summary = "Returns the name of this connection.", .syntax = "")
{
    const char *name = c->session->card->name; /* only this thread changes it */

    must(name != NULL);
    if (*name)
        reply_bulk_str(c->out, name);
    else
        reply_null(c->out);
}

CMD(client_setname,
    .name = "SETNAME", .parent = "CLIENT", .arity = 3, .group = "connection", .since = "2.6.9", .cost = "O(1)",
    .flags = CLIENT_FLAGS, .summary = "Sets the name of this connection.", .syntax = "connection-name",
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
    .flags = CLIENT_FLAGS, .summary = "Sets the name or the version of the client library of this connection.",
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
    .flags = CLIENT_FLAGS, .summary = "Turns the replies to this connection on or off, or skips the next one.",
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
    must(c->argc == 3);
    *on = call_is(c, 2, "ON");
    if (*on || call_is(c, 2, "OFF"))
        return true;
    call_error_syntax(c);
    return false;
}

CMD(client_no_evict,
    .name = "NO-EVICT", .parent = "CLIENT", .arity = 3, .group = "connection", .since = "7.0.0", .cost = "O(1)",
    .flags = CLIENT_FLAGS | CMD_ADMIN,
    .summary = "Excludes this connection from being closed when clients use too much memory.", .syntax = "<ON | OFF>")
{
    bool on;

    if (!parse_switch(c, &on))
        return;
    card_set_flag(c->session->card, CARD_NO_EVICT, on);
    reply_ok(c->out);
}

CMD(client_no_touch,
    .name = "NO-TOUCH", .parent = "CLIENT", .arity = 3, .group = "connection", .since = "7.2.0", .cost = "O(1)",
    .flags = CLIENT_FLAGS, .summary = "Stops this connection's reads from counting as use of the keys.",
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
    .summary = "Returns the id of the connection that receives this one's invalidation messages, -1 without tracking.")
{
    reply_int(c->out, -1);
}

CMD(client_trackinginfo,
    .name = "TRACKINGINFO", .parent = "CLIENT", .arity = 2, .group = "connection", .since = "6.2.0",
    .cost = "O(1)", .flags = CLIENT_FLAGS, .summary = "Returns how the keys that this connection reads are tracked.",
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
    .flags = CMD_LOADING | CMD_STALE, .summary = "Describes the subcommands of CLIENT.", .syntax = "")
{
    static const char *const lines[] = {
        "GETNAME",
        "    Returns the name of this connection.",
        "GETREDIR",
        "    Returns the id of the connection that receives this one's invalidation messages.",
        "ID",
        "    Returns the id of this connection.",
        "INFO",
        "    Returns the line of CLIENT LIST for this connection.",
        "KILL <ip:port>",
        "    Closes the connection from this address.",
        "KILL <filter> <value> [<filter> <value> ...]",
        "    Closes the connections that match all filters and returns their number. The filters:",
        "    * ID <client-id>: the connection with this id.",
        "    * ADDR <ip:port>, LADDR <ip:port>: by the address of the client, of the server.",
        "    * TYPE (NORMAL|MASTER|REPLICA|PUBSUB): by type.",
        "    * USER <username>: authenticated as this user.",
        "    * MAXAGE <seconds>: at least this old.",
        "    * SKIPME (YES|NO): whether to skip this connection. Default: YES.",
        "LIST [TYPE (NORMAL|MASTER|REPLICA|PUBSUB) | ID <client-id> [<client-id> ...]]",
        "    Returns a line for each connection, for those of a type, or for those with these ids.",
        "NO-EVICT (ON|OFF)",
        "    Excludes this connection from being closed when clients use too much memory.",
        "NO-TOUCH (ON|OFF)",
        "    With ON, reads of this connection do not count as use of the keys.",
        "PAUSE <milliseconds> [WRITE|ALL]",
        "    Suspends all clients, or those that write, for this time.",
        "REPLY (ON|OFF|SKIP)",
        "    Turns the replies to this connection on or off; SKIP suppresses the next one.",
        "SETINFO <LIB-NAME|LIB-VER> <text>",
        "    Sets the name or the version of the client library of this connection.",
        "SETNAME <name>",
        "    Sets the name of this connection.",
        "TRACKINGINFO",
        "    Returns how the keys that this connection reads are tracked.",
        "UNBLOCK <client-id> [TIMEOUT|ERROR]",
        "    Unblocks a blocked connection, as if its timeout had passed or with an error.",
        "UNPAUSE",
        "    Ends a PAUSE.",
        NULL,
    };

    call_reply_help(c, lines);
}
