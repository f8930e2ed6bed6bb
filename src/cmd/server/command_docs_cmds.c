/* SPDX-License-Identifier: BSD-3-Clause */
/* COMMAND DOCS: https://redis.io/docs/latest/commands/command-docs/ */
#include "config.h"

#include "cmd/server/syntax.h"
#include "run/call.h"
#include "run/catalog.h"

/* A map whose size becomes known while it is written. */
struct map {
    struct out *out;
    struct reply_later later;
    size_t n;
};

static struct map map_begin(struct out *out)
{
    return (struct map){.out = out, .later = reply_later_begin(out)};
}

static void map_end(struct map *m)
{
    reply_map_end(m->out, m->later, m->n);
}

static void map_key(struct map *m, const char *key)
{
    reply_bulk_str(m->out, key);
    m->n++;
}

/* Adds nothing if the value is NULL. */
static void map_text(struct map *m, const char *key, const char *value)
{
    if (!value)
        return;
    map_key(m, key);
    reply_bulk_str(m->out, value);
}

/* ---- arguments ---- */

/* Assigns key specifications to the arguments of a command as these are written. */
struct key_counter {
    const struct key_spec *specs; /* of the command */
    int n;
    int next;
};

/* Whether the next specification is for keys that match a pattern. */
static bool is_of_patterns(const struct key_counter *k)
{
    return k->next < k->n && k->specs[k->next].unknown && k->specs[k->next].keyword == NULL;
}

/* The index of the specification for an argument; -1: it is neither a key nor a pattern for keys. */
static int spec_of(struct key_counter *k, enum syntax_type type)
{
    if (type == SYNTAX_PATTERN && is_of_patterns(k))
        return k->next;
    if (type != SYNTAX_KEY || k->n == 0)
        return -1;
    while (is_of_patterns(k))
        k->next++;
    must(k->next <= k->n && k->n <= KEYS_MAX);
    return k->next < k->n ? k->next++ : k->n - 1;
}

static void reply_argument_flags(struct out *out, unsigned flags)
{
    static const char *const names[] = {"optional", "multiple", "multiple_token"};
    struct reply_later set = reply_later_begin(out);
    size_t n = 0;

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (flags & 1u << i) {
            reply_simple(out, names[i]);
            n++;
        }
    }
    reply_set_end(out, set, n);
}

static void reply_arguments(struct out *out, const struct syntax *first, struct key_counter *keys);

static void reply_argument(struct out *out, const struct syntax *s, struct key_counter *keys)
{
    bool group = s->type == SYNTAX_ONEOF || s->type == SYNTAX_BLOCK;
    struct map m = map_begin(out);
    int spec = spec_of(keys, s->type);

    must(s->name != NULL && (!group || s->first != NULL) && spec < KEYS_MAX);
    map_text(&m, "name", s->name);
    map_text(&m, "type", syntax_type_name(s->type));
    if (!group)
        map_text(&m, "display_text", s->name);
    if (spec >= 0) {
        map_key(&m, "key_spec_index");
        reply_int(out, spec);
    }
    map_text(&m, "token", s->token);
    if (s->flags) {
        map_key(&m, "flags");
        reply_argument_flags(out, s->flags);
    }
    if (group) {
        map_key(&m, "arguments");
        reply_arguments(out, s->first, keys);
    }
    map_end(&m);
}

static void reply_arguments(struct out *out, const struct syntax *first, struct key_counter *keys)
{
    struct reply_later array = reply_later_begin(out);
    size_t n = 0;

    for (const struct syntax *s = first; s; s = s->next, n++)
        reply_argument(out, s, keys);
    reply_array_end(out, array, n);
}

static void map_arguments(struct map *m, const struct command *cmd)
{
    struct syntax *s = cmd->syntax && *cmd->syntax ? syntax_parse(cmd->syntax) : NULL;
    struct key_counter keys = {cmd->keys, 0, 0};

    if (!s)
        return;
    while (keys.n < KEYS_MAX && cmd->keys[keys.n].flags)
        keys.n++;
    map_key(m, "arguments");
    reply_arguments(m->out, s->first, &keys);
    syntax_free(s);
}

/* ---- one command ---- */

/* Adds the lines "version: change" as pairs. */
static void map_history(struct map *m, const char *history)
{
    struct reply_later set;
    size_t n = 0;

    if (!history)
        return;
    map_key(m, "history");
    set = reply_later_begin(m->out);
    while (*history) {
        size_t version = strcspn(history, ":"), end = strcspn(history, "\n"), text = version;

        must(version < end);
        while (text < end && strchr(": ", history[text]))
            text++;
        reply_array(m->out, 2);
        reply_bulk(m->out, slice_of(history, version));
        reply_bulk(m->out, slice_of(history + text, end - text));
        history += end + (history[end] == '\n');
        n++;
    }
    reply_set_end(m->out, set, n);
}

static void reply_docs(struct out *out, const struct command *cmd);

/* Replies with the name and the documentation of a command: a key and a value of a map. */
static void reply_name_and_docs(void *arg, const struct command *cmd)
{
    reply_bulk_str(arg, command_full_name(cmd));
    reply_docs(arg, cmd);
}

static void reply_docs(struct out *out, const struct command *cmd)
{
    struct map m = map_begin(out);
    size_t subs = catalog_count(cmd);

    must(cmd->summary != NULL && cmd->since != NULL && cmd->group != NULL && cmd->cost != NULL);
    map_text(&m, "summary", cmd->summary);
    map_text(&m, "since", cmd->since);
    map_text(&m, "group", cmd->group);
    map_text(&m, "complexity", cmd->cost);
    if (cmd->deprecated_since) {
        map_key(&m, "doc_flags");
        reply_set(out, 1);
        reply_simple(out, "deprecated");
    }
    map_text(&m, "deprecated_since", cmd->deprecated_since);
    map_text(&m, "replaced_by", cmd->replaced_by);
    map_history(&m, cmd->history);
    map_arguments(&m, cmd);
    if (subs) {
        map_key(&m, "subcommands");
        reply_map(out, subs);
        catalog_each(cmd, reply_name_and_docs, out);
    }
    map_end(&m);
}

CMD(command_docs,
    .name = "DOCS", .parent = "COMMAND", .arity = -2, .group = "server", .since = "7.0.0",
    .cost = "O(N) where N is the number of commands to look up", .flags = CMD_LOADING | CMD_STALE,
    .summary = "Returns the documentation of commands: summary, arguments, history.",
    .syntax = "[command-name [command-name ...]]", .hints = "nondeterministic_output_order",
    .categories = "@connection")
{
    struct map m;

    if (c->argc == 2) {
        reply_map(c->out, catalog_count(NULL));
        catalog_each(NULL, reply_name_and_docs, c->out);
        return;
    }
    m = map_begin(c->out);
    for (int i = 2; i < c->argc; i++) {
        const struct command *cmd = catalog_find(call_arg(c, i));

        if (!cmd)
            continue;
        reply_name_and_docs(c->out, cmd);
        m.n++;
    }
    map_end(&m);
}
