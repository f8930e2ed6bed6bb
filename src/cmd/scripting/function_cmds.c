/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The subcommands of FUNCTION that make sense without libraries, which cannot be loaded: clients and test suites flush
 * and list the libraries to begin with an empty server. https://redis.io/docs/latest/commands/?group=scripting
 */
#include "run/call.h"

CMD_CONTAINER(function,
    .name = "FUNCTION", .arity = -2, .group = "scripting", .since = "7.0.0", .cost = "Depends on the subcommand.",
    .summary = "Manages libraries of functions. Libraries cannot be loaded, so there are none.", .syntax = "");

CMD(function_flush,
    .name = "FLUSH", .parent = "FUNCTION", .arity = -2, .group = "scripting", .since = "7.0.0",
    .cost = "O(N) where N is the number of functions.", .flags = CMD_WRITE | CMD_NOSCRIPT,
    .hints = "request_policy:all_shards,response_policy:all_succeeded", .syntax = "[ASYNC | SYNC]",
    .summary = "Removes all libraries. There are none.")
{
    must(c->argc >= 2);
    if (c->argc > 3)
        call_error_subcommand(c);
    else if (c->argc == 3 && !call_is(c, 2, "ASYNC") && !call_is(c, 2, "SYNC"))
        reply_error(c->out, "ERR FUNCTION FLUSH only supports SYNC|ASYNC option");
    else
        reply_ok(c->out);
}

/* False: the error was replied. */
static bool check_list_options(struct call *c)
{
    bool by_name = false, with_code = false;

    must(c->argc >= 2);
    for (int i = 2; i < c->argc; i++) {
        if (!with_code && call_is(c, i, "WITHCODE")) {
            with_code = true;
        } else if (!by_name && call_is(c, i, "LIBRARYNAME")) {
            by_name = true;
            if (++i == c->argc) {
                reply_error(c->out, "ERR library name argument was not given");
                return false;
            }
        } else {
            reply_errorf(c->out, "ERR Unknown argument %.*s", (int)call_arg(c, i).n, call_arg(c, i).p);
            return false;
        }
    }
    return true;
}

CMD(function_list,
    .name = "LIST", .parent = "FUNCTION", .arity = -2, .group = "scripting", .since = "7.0.0",
    .cost = "O(N) where N is the number of functions.", .flags = CMD_NOSCRIPT, .hints = "nondeterministic_output_order",
    .syntax = "[LIBRARYNAME library-name-pattern] [WITHCODE]", .summary = "Lists the libraries. There are none.")
{
    if (check_list_options(c))
        reply_array(c->out, 0);
}

CMD(function_help,
    .name = "HELP", .parent = "FUNCTION", .arity = 2, .group = "scripting", .since = "7.0.0", .cost = "O(1)",
    .flags = CMD_LOADING | CMD_STALE, .summary = "Describes the subcommands of FUNCTION.", .syntax = "")
{
    static const char *const lines[] = {
        "FLUSH [ASYNC|SYNC]",
        "    Removes all libraries. There are none, since libraries cannot be loaded.",
        "LIST [LIBRARYNAME <pattern>] [WITHCODE]",
        "    Lists the libraries. There are none.",
        NULL,
    };

    call_reply_help(c, lines);
}
