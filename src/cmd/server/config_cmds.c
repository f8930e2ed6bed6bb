/* SPDX-License-Identifier: BSD-3-Clause */
/* CONFIG: the options of the running server.
 * https://redis.io/docs/latest/commands/config-get/ */
#include "base/mem.h"
#include "conf/rewrite.h"
#include "obs/log.h"
#include "run/call.h"
#include "store/freer.h"

#define CONFIG_FLAGS (CMD_ADMIN | CMD_NOSCRIPT | CMD_LOADING | CMD_STALE)

/* Replies with the name and the value of an option. */
static void reply_option(void *arg, struct slice name, struct slice value)
{
    struct out *out = arg;

    reply_bulk(out, name);
    reply_bulk(out, value);
}

/* Whether this client may change protected options. */
static bool may_set_protected(const struct call *c)
{
    int64_t access = OPT(c->instance->options, enable_protected_configs);

    must(access == ACCESS_NO || access == ACCESS_LOCAL || access == ACCESS_YES);
    return access == ACCESS_YES || (access == ACCESS_LOCAL && c->session->card->is_local);
}

CMD_CONTAINER(config,
    .name = "CONFIG", .arity = -2, .group = "server", .since = "2.0.0", .cost = "Depends on the subcommand",
    .summary = "Reads and changes the options of the server.");

CMD(config_get,
    .name = "GET", .parent = "CONFIG", .arity = -3, .group = "server", .since = "2.0.0",
    .cost = "O(N) where N is the number of arguments", .flags = CONFIG_FLAGS,
    .summary = "Returns the options whose names match one of the patterns, with their values.",
    .syntax = "parameter [parameter ...]", .history = "7.0.0: Accepts multiple patterns.")
{
    const struct slice *patterns = c->argv + 2;
    struct reply_later reply = reply_later_begin(c->out);

    reply_map_end(c->out, reply, conf_get(c->instance->conf, patterns, (size_t)c->argc - 2, reply_option, c->out));
}

CMD(config_set,
    .name = "SET", .parent = "CONFIG", .arity = -4, .group = "server", .since = "2.0.0",
    .cost = "O(N) where N is the number of arguments", .flags = CONFIG_FLAGS,
    .summary = "Changes options: all of the given ones, or none.", .syntax = "parameter value [parameter value ...]",
    .history = "7.0.0: Accepts multiple options.",
    .hints = "request_policy:all_nodes,response_policy:all_succeeded")
{
    size_t n = (size_t)(c->argc - 2) / 2;
    struct conf_pair *pairs;
    struct conf_error err;

    if (c->argc % 2) {
        call_error_syntax(c);
        return;
    }
    must(n > 0);
    pairs = mem_alloc(n * sizeof(*pairs));
    for (size_t i = 0; i < n; i++)
        pairs[i] = (struct conf_pair){call_arg(c, (int)(2 + 2 * i)), call_arg(c, (int)(3 + 2 * i))};
    if (conf_set(c->instance->conf, pairs, n, may_set_protected(c), &err))
        reply_ok(c->out);
    else
        reply_errorf(c->out, "ERR %s", err.text);
    mem_free(pairs);
}

CMD(config_rewrite,
    .name = "REWRITE", .parent = "CONFIG", .arity = 2, .group = "server", .since = "2.8.0", .cost = "O(1)",
    .flags = CONFIG_FLAGS, .summary = "Writes the current options to the configuration file.",
    .hints = "request_policy:all_nodes,response_policy:all_succeeded")
{
    struct conf_error err;

    if (rewrite_file(c->instance->conf, false, &err)) {
        log_write(LOG_NOTICE, "The configuration file was rewritten.");
        reply_ok(c->out);
        return;
    }
    log_write(LOG_WARNING, "CONFIG REWRITE failed: %s", err.text);
    reply_errorf(c->out, "ERR %s", err.text);
}

CMD(config_resetstat,
    .name = "RESETSTAT", .parent = "CONFIG", .arity = 2, .group = "server", .since = "2.0.0", .cost = "O(1)",
    .flags = CONFIG_FLAGS, .summary = "Resets the statistics that INFO reports.",
    .hints = "request_policy:all_nodes,response_policy:all_succeeded")
{
    struct clients *clients = &c->instance->clients;

    metrics_reset();
    freer_reset_freed();
    keyspace_reset_stats(c->instance->keyspace);
    atomic_store_explicit(&clients->accepted, 0, memory_order_relaxed);
    atomic_store_explicit(&clients->rejected, 0, memory_order_relaxed);
    atomic_store_explicit(&clients->killed_for_output, 0, memory_order_relaxed);
    atomic_store_explicit(&clients->killed_for_input, 0, memory_order_relaxed);
    atomic_store_explicit(&clients->evicted, 0, memory_order_relaxed);
    reply_ok(c->out);
}

CMD(config_help,
    .name = "HELP", .parent = "CONFIG", .arity = 2, .group = "server", .since = "5.0.0", .cost = "O(1)",
    .flags = CMD_LOADING | CMD_STALE, .summary = "Describes the subcommands of CONFIG.")
{
    static const char *const lines[] = {
        "GET <pattern> [<pattern> ...]",
        "    Return the options whose names match the patterns, with their values.",
        "SET <option> <value> [<option> <value> ...]",
        "    Change options: all of the given ones, or none.",
        "REWRITE",
        "    Write the current options to the configuration file.",
        "RESETSTAT",
        "    Reset the statistics that INFO reports.",
        NULL,
    };

    call_reply_help(c, lines);
}
