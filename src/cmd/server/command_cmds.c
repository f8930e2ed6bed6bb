/* SPDX-License-Identifier: BSD-3-Clause */
/* COMMAND: the command table. https://redis.io/docs/latest/commands/command/ */
#include "config.h"

#include <stdio.h>

#include "base/glob.h"
#include "run/call.h"
#include "run/catalog.h"

#define COMMAND_FLAGS (CMD_LOADING | CMD_STALE)

/* ---- INFO ---- */

/* Replies with the names of the bits that are set, as a set of simple strings. */
static void reply_names(struct out *out, const struct catalog_name *table, uint32_t bits, const char *prefix)
{
    struct reply_later set = reply_later_begin(out);
    size_t n = 0;

    for (; table->name; table++) {
        char name[40];
        int length;

        if (!(bits & table->bit))
            continue;
        length = snprintf(name, sizeof(name), "%s%s", prefix, table->name);
        must(length > 0 && length < (int)sizeof(name));
        reply_simple(out, name);
        n++;
    }
    reply_set_end(out, set, n);
}

static void reply_hints(struct out *out, const char *hints)
{
    struct reply_later set = reply_later_begin(out);
    size_t n = 0;

    while (hints && *hints) {
        size_t length = strcspn(hints, ",");

        must(length > 0);
        reply_bulk(out, slice_of(hints, length));
        hints += length + (hints[length] == ',');
        n++;
    }
    reply_set_end(out, set, n);
}

static void reply_name_and_int(struct out *out, const char *name, int64_t v)
{
    reply_bulk_str(out, name);
    reply_int(out, v);
}

static void reply_unknown(struct out *out)
{
    reply_bulk_str(out, "unknown");
    reply_bulk_str(out, "spec");
    reply_map(out, 0);
}

/* Replies with the place where the search for the keys begins. */
static void reply_begin_search(struct out *out, const struct key_spec *k)
{
    must(k->keyword != NULL || k->unknown || k->first > 0);
    reply_bulk_str(out, "begin_search");
    reply_map(out, 2);
    reply_bulk_str(out, "type");
    if (k->unknown) {
        reply_unknown(out);
        return;
    }
    reply_bulk_str(out, k->keyword ? "keyword" : "index");
    reply_bulk_str(out, "spec");
    reply_map(out, k->keyword ? 2 : 1);
    if (k->keyword) {
        reply_bulk_str(out, "keyword");
        reply_bulk_str(out, k->keyword);
        reply_name_and_int(out, "startfrom", k->first);
    } else {
        reply_name_and_int(out, "index", k->first);
    }
}

/* Replies with where the keys are from there. A last key that does not count from the end is relative to the first. */
static void reply_find_keys(struct out *out, const struct key_spec *k)
{
    bool range = k->find == KEYS_RANGE;

    must(range || k->find == KEYS_NUMBER);
    reply_bulk_str(out, "find_keys");
    reply_map(out, 2);
    reply_bulk_str(out, "type");
    if (k->unknown) {
        reply_unknown(out);
        return;
    }
    reply_bulk_str(out, range ? "range" : "keynum");
    reply_bulk_str(out, "spec");
    reply_map(out, 3);
    if (range) {
        reply_name_and_int(out, "lastkey", k->last < 0 || k->keyword ? k->last : k->last - k->first);
        reply_name_and_int(out, "keystep", k->step);
        reply_name_and_int(out, "limit", k->limit);
    } else {
        reply_name_and_int(out, "keynumidx", 0);
        reply_name_and_int(out, "firstkey", 1 + k->after);
        reply_name_and_int(out, "keystep", k->step);
    }
}

static void reply_key_specs(struct out *out, const struct command *cmd)
{
    struct reply_later set = reply_later_begin(out);
    size_t n = 0;

    for (; n < KEYS_MAX && cmd->keys[n].flags; n++) {
        const struct key_spec *k = &cmd->keys[n];

        reply_map(out, k->notes != NULL ? 4 : 3);
        if (k->notes != NULL) {
            reply_bulk_str(out, "notes");
            reply_bulk_str(out, k->notes);
        }
        reply_bulk_str(out, "flags");
        reply_names(out, catalog_key_flags, k->flags, "");
        reply_begin_search(out, k);
        reply_find_keys(out, k);
    }
    reply_set_end(out, set, n);
}

static void reply_info(void *arg, const struct command *cmd)
{
    struct out *out = arg;
    struct catalog_range r = catalog_range_of(cmd);
    size_t subs = catalog_count(cmd);

    must(cmd->arity != 0);
    reply_array(out, 10);
    reply_bulk_str(out, command_full_name(cmd));
    reply_int(out, cmd->arity);
    reply_names(out, catalog_flags, catalog_flags_of(cmd), "");
    reply_int(out, r.first);
    reply_int(out, r.last);
    reply_int(out, r.step);
    reply_names(out, catalog_categories, catalog_categories_of(cmd), "@");
    reply_hints(out, cmd->hints);
    reply_key_specs(out, cmd);
    if (subs)
        reply_array(out, subs);
    else
        reply_set(out, 0);
    catalog_each(cmd, reply_info, out);
}

static void reply_info_of_all(struct out *out)
{
    reply_array(out, catalog_count(NULL));
    catalog_each(NULL, reply_info, out);
}

CMD(command,
    .name = "COMMAND", .arity = -1, .group = "server", .since = "2.8.13", .flags = COMMAND_FLAGS,
    .cost = "O(N) where N is the total number of commands", .summary = "Returns details about all commands.",
    .syntax = "", .hints = "nondeterministic_output_order", .categories = "@connection")
{
    reply_info_of_all(c->out);
}

CMD(command_count,
    .name = "COUNT", .parent = "COMMAND", .arity = 2, .group = "server", .since = "2.8.13", .cost = "O(1)",
    .flags = COMMAND_FLAGS, .summary = "Returns the number of commands.", .syntax = "",
    .categories = "@connection")
{
    reply_int(c->out, (int64_t)catalog_count(NULL));
}

CMD(command_info,
    .name = "INFO", .parent = "COMMAND", .arity = -2, .group = "server", .since = "2.8.13",
    .cost = "O(N) where N is the number of commands to look up", .flags = COMMAND_FLAGS,
    .summary = "Returns details about commands: arity, flags, keys.",
    .syntax = "[command-name [command-name ...]]",
    .history = "7.0.0: Without arguments, returns details about all commands.",
    .hints = "nondeterministic_output_order", .categories = "@connection")
{
    if (c->argc == 2) {
        reply_info_of_all(c->out);
        return;
    }
    reply_array(c->out, (size_t)c->argc - 2);
    for (int i = 2; i < c->argc; i++) {
        const struct command *cmd = catalog_find(call_arg(c, i));

        if (cmd)
            reply_info(c->out, cmd);
        else
            reply_null(c->out);
    }
}

/* ---- LIST ---- */

/* The filter of COMMAND LIST, and the number of commands listed so far. */
struct list_filter {
    struct out *out;
    const struct glob *pattern;  /* NULL: any */
    uint32_t categories;         /* all bits: any */
    size_t n;
};

static void list_command(void *arg, const struct command *cmd)
{
    struct list_filter *f = arg;
    const char *name = command_full_name(cmd);

    if (catalog_categories_of(cmd) & f->categories && (!f->pattern || glob_matches(f->pattern, slice_str(name)))) {
        reply_bulk_str(f->out, name);
        f->n++;
    }
    catalog_each(cmd, list_command, f);
}

/* Parses FILTERBY; a pattern is left in *pattern, which begins as {0}. False: the error was replied. */
static bool parse_filter(struct call *c, struct list_filter *f, struct glob *pattern)
{
    if (c->argc == 2)
        return true;
    if (c->argc != 5 || !call_is(c, 2, "FILTERBY")) {
        call_error_syntax(c);
        return false;
    }
    if (call_is(c, 3, "ACLCAT")) {
        f->categories = catalog_category(call_arg(c, 4));
    } else if (call_is(c, 3, "MODULE")) {
        f->categories = 0; /* no command belongs to a module */
    } else if (call_is(c, 3, "PATTERN")) {
        glob_init(pattern, call_arg(c, 4), true);
        f->pattern = pattern;
    } else {
        call_error_syntax(c);
        return false;
    }
    return true;
}

CMD(command_list,
    .name = "LIST", .parent = "COMMAND", .arity = -2, .group = "server", .since = "7.0.0",
    .cost = "O(N) where N is the total number of commands", .flags = COMMAND_FLAGS,
    .summary = "Returns the names of all commands, or of those that match a filter.",
    .syntax = "[FILTERBY <MODULE module-name | ACLCAT category | PATTERN pattern>]",
    .hints = "nondeterministic_output_order", .categories = "@connection")
{
    struct list_filter f = {.out = c->out, .categories = UINT32_MAX};
    struct reply_later names;
    struct glob pattern = {0};

    if (!parse_filter(c, &f, &pattern))
        return;
    names = reply_later_begin(c->out);
    catalog_each(NULL, list_command, &f);
    reply_array_end(c->out, names, f.n);
    glob_fini(&pattern);
}

CMD(command_help,
    .name = "HELP", .parent = "COMMAND", .arity = 2, .group = "server", .since = "5.0.0", .cost = "O(1)",
    .flags = COMMAND_FLAGS, .summary = "Describes the subcommands of COMMAND.", .syntax = "",
    .categories = "@connection")
{
    static const char *const lines[] = {
        "(no subcommand)",
        "    Return details about all commands, as INFO does.",
        "COUNT",
        "    Return the number of commands.",
        "DOCS [<command-name> ...]",
        "    Return the documentation of these commands, or of all.",
        "GETKEYS <full-command>",
        "    Return the keys of the full command.",
        "GETKEYSANDFLAGS <full-command>",
        "    Return the keys of the full command and their access flags.",
        "INFO [<command-name> ...]",
        "    Return arity, flags and keys of these commands, or of all.",
        "LIST [FILTERBY (MODULE <name>|ACLCAT <category>|PATTERN <pattern>)]",
        "    Return the names of all commands, or of those that match the filter.",
        NULL,
    };

    call_reply_help(c, lines);
}
